-- What was paid, by purpose and model: live calls as the exchanges say, ours as the ledger says.
-- `unused` is what candidates were paid live for replies that nobody got. `unpriced` calls have no known
-- price: they are counted, never taken for free. A call whose client hung up while a candidate was asked
-- never reached the reference.
SELECT CASE WHEN route IN ('canary', 'live') THEN 'live' ELSE 'reference' END AS purpose,
       coalesce(CASE WHEN route IN ('canary', 'live') THEN served_by END, model) AS model,
       count(*) AS calls, count(*) - count(cost_usd) AS unpriced, sum(cost_usd) AS cost_usd
FROM exchanges WHERE observed_at <= {as_of} AND unused_why IS DISTINCT FROM 'abandoned' GROUP BY 1, 2
UNION ALL
SELECT 'unused' AS purpose, unused_candidate AS model, count(*) AS calls,
       count(*) - count(unused_cost_usd) AS unpriced, sum(unused_cost_usd) AS cost_usd
FROM exchanges WHERE observed_at <= {as_of} AND unused_candidate IS NOT NULL GROUP BY 2
UNION ALL
SELECT purpose, model, count(*) AS calls, count(*) - count(cost_usd) AS unpriced,
       sum(cost_usd) AS cost_usd
FROM calls WHERE started_at <= {as_of} AND purpose <> 'live' GROUP BY purpose, model
