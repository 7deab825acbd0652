-- Tokens and time of both sides of the calls that were shadowed by {as_of}, and what they cost then, by
-- what tells prices apart: the model, the tariff, and past how many of the lengths at which prices rise
-- the prompt is.
SELECT s.cell, c.category, c.candidate, e.model,
       coalesce(e.service_tier, 'standard') AS reference_tier,
       coalesce(s.service_tier, 'standard') AS candidate_tier,
       {reference_steps} AS reference_steps, {candidate_steps} AS candidate_steps,
       count(*) AS calls,
       sum(e.input_tokens) AS reference_input, sum(coalesce(e.cached_tokens, 0)) AS reference_cached,
       sum(coalesce(e.cache_write_tokens, 0)) AS reference_written,
       sum(coalesce(e.cache_write_1h_tokens, 0)) AS reference_written_1h,
       sum(coalesce(e.output_tokens, 0)) AS reference_output,
       sum(coalesce(e.reasoning_tokens, 0)) AS reference_reasoning,
       coalesce(CAST(sum(e.latency_ms) AS DOUBLE), 0.0) AS reference_ms,
       sum(s.input_tokens) AS candidate_input, sum(coalesce(s.cached_tokens, 0)) AS candidate_cached,
       sum(coalesce(s.cache_write_tokens, 0)) AS candidate_written,
       sum(coalesce(s.cache_write_1h_tokens, 0)) AS candidate_written_1h,
       sum(coalesce(s.output_tokens, 0)) AS candidate_output,
       sum(coalesce(s.reasoning_tokens, 0)) AS candidate_reasoning,
       coalesce(CAST(sum(s.latency_ms) AS DOUBLE), 0.0) AS candidate_ms,
       count(e.cost_usd) AS reference_priced, count(s.cost_usd) AS candidate_priced,
       sum(e.cost_usd) AS reference_usd, sum(s.cost_usd) AS candidate_usd
FROM shadows s
JOIN opened_cells c ON c.cell = s.cell
JOIN exchanges e ON e.exchange_id = s.exchange_id
WHERE s.arm = 'candidate' AND s.origin IS NULL AND s.fault IS NULL
  AND s.input_tokens IS NOT NULL AND e.input_tokens IS NOT NULL
  AND e.route = 'reference' AND s.answered_at <= {as_of}
GROUP BY s.cell, c.category, c.candidate, e.model, coalesce(e.service_tier, 'standard'),
         coalesce(s.service_tier, 'standard'), {reference_steps}, {candidate_steps}
ORDER BY s.cell, e.model, reference_tier, candidate_tier, reference_steps, candidate_steps
