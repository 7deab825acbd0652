-- Two weeks of calls by category, model and day, whether a candidate served them, and past how many of the
-- lengths at which prices rise their prompts are, with the tokens that the reference would have been paid
-- for.
SELECT category, model, CAST(observed_at AS DATE) AS day, observed_at > {from} AS is_this_week,
       route IN ('canary', 'live') AS by_candidate, {steps} AS steps, count(*) AS calls,
       count(*) - count(cost_usd) AS unpriced, sum(cost_usd) AS cost_usd,
       CAST(sum(coalesce(input_tokens, 0)) AS BIGINT) AS input_tokens,
       CAST(sum(coalesce(cached_tokens, 0)) AS BIGINT) AS cached_tokens,
       CAST(sum(coalesce(cache_write_tokens, 0)) AS BIGINT) AS cache_write_tokens,
       CAST(sum(coalesce(cache_write_1h_tokens, 0)) AS BIGINT) AS cache_write_1h_tokens,
       CAST(sum(coalesce(output_tokens, 0)) AS BIGINT) AS output_tokens,
       CAST(sum(coalesce(reasoning_tokens, 0)) AS BIGINT) AS reasoning_tokens
FROM exchanges WHERE observed_at > {before} AND observed_at <= {as_of}
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
