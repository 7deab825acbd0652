-- What was paid, by purpose and model: live spend as the exchanges say, ours as the ledger says.
SELECT 'reference' AS purpose, model, count(*) AS calls, sum(cost_usd) AS cost_usd
FROM exchanges WHERE served_by IS NULL AND observed_at <= {as_of} GROUP BY model
UNION ALL
SELECT purpose, model, count(*) AS calls, sum(cost_usd) AS cost_usd
FROM calls WHERE started_at <= {as_of} GROUP BY purpose, model
