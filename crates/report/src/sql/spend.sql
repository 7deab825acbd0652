-- What was paid, by purpose and model: live calls as the exchanges say, ours as the ledger says.
-- `unpriced` calls have no known price: they are counted, never taken for free.
SELECT CASE WHEN route IN ('canary', 'live') THEN 'live' ELSE 'reference' END AS purpose,
       coalesce(CASE WHEN route IN ('canary', 'live') THEN served_by END, model) AS model,
       count(*) AS calls, count(*) - count(cost_usd) AS unpriced, sum(cost_usd) AS cost_usd
FROM exchanges WHERE observed_at <= {as_of} GROUP BY 1, 2
UNION ALL
SELECT purpose, model, count(*) AS calls, count(*) - count(cost_usd) AS unpriced,
       sum(cost_usd) AS cost_usd
FROM calls WHERE started_at <= {as_of} AND purpose <> 'live' GROUP BY purpose, model
