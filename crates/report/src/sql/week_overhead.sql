-- What two weeks of the trial cost, with what candidates were paid live for replies that nobody got.
SELECT paid_at > {from} AS is_this_week, sum(cost_usd) AS cost_usd
FROM (
  SELECT started_at AS paid_at, cost_usd FROM calls WHERE purpose <> 'live'
  UNION ALL
  SELECT observed_at AS paid_at, unused_cost_usd AS cost_usd FROM exchanges
)
WHERE paid_at > {before} AND paid_at <= {as_of}
GROUP BY paid_at > {from}
