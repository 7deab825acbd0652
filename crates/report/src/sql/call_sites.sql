-- The commonest call sites of each category: what they send, what it costs, and an exchange to look at.
-- All others of a category are one row, whose `call_site` is NULL; so the answer is bounded.
SELECT category, category_source, CASE WHEN place <= 20 THEN call_site END AS call_site,
       count(*) AS sites, min(dialect) AS dialect, min(endpoint) AS endpoint, min(model) AS model,
       sum(calls) AS calls, sum(priced) AS priced, sum(cost_usd) AS cost_usd,
       min(first_at) AS first_at, max(last_at) AS last_at, max(example) AS example
FROM (
  SELECT *, row_number() OVER (PARTITION BY category, category_source
                               ORDER BY calls DESC, call_site) AS place
  FROM (
    SELECT category, category_source, call_site, min(dialect) AS dialect,
           min(endpoint) AS endpoint, min(model) AS model, count(*) AS calls,
           count(cost_usd) AS priced, sum(cost_usd) AS cost_usd, min(observed_at) AS first_at,
           max(observed_at) AS last_at, max(exchange_id) AS example
    FROM exchanges WHERE observed_at <= {as_of}
    GROUP BY category, category_source, call_site
  )
)
GROUP BY category, category_source, CASE WHEN place <= 20 THEN call_site END
