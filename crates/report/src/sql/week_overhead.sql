-- What two weeks of the trial cost.
SELECT started_at > {from} AS is_this_week, sum(cost_usd) AS cost_usd
FROM calls WHERE started_at > {before} AND started_at <= {as_of} AND purpose <> 'live'
GROUP BY started_at > {from}
