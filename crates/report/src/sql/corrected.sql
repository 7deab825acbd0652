-- How the judge's word stands to people's labels in each cell of mode PPI, over the calls before {before}
-- as known at {as_of}: sums over the replies that chance had a person label, each with the weight of its
-- draws (after labelled.sql), and what the newest block declared.
drawn AS (
  SELECT a.cell, v.loss AS judged, CASE WHEN h.acceptable THEN 0.0 ELSE 1.0 END AS human,
         least(1.0, (a.pi_floor / a.pi) * (coalesce(b.kappa, a.audit_prob) / a.audit_prob)) AS w
  FROM labelled h
  JOIN assignments a ON a.exchange_id = h.exchange_id AND a.candidate = h.candidate
  JOIN opened_cells c ON c.cell = a.cell AND c.mode = 'PPI'
  JOIN shadows v ON v.exchange_id = a.exchange_id AND v.cell = a.cell AND v.arm = 'candidate'
                AND v.decided_at <= {as_of}
  LEFT JOIN declared_blocks b ON b.cell = a.cell AND b.day = CAST(a.observed_at AS DATE)
  WHERE a.arm = 'candidate' AND a.sampled AND a.audited AND v.loss IS NOT NULL AND v.fault IS NULL
    AND a.pi > 0.0 AND a.audit_prob > 0.0 AND a.observed_at < {before}
),
sums AS (
  SELECT cell, count(*) AS labels,
         CAST(sum(CAST(w AS DECIMAL(38, 18))) AS DOUBLE) AS weight,
         CAST(sum(CAST(w * judged AS DECIMAL(38, 18))) AS DOUBLE) AS judge,
         CAST(sum(CAST(w * judged * judged AS DECIMAL(38, 18))) AS DOUBLE) AS judge_squared,
         CAST(sum(CAST(w * human AS DECIMAL(38, 18))) AS DOUBLE) AS human,
         CAST(sum(CAST(w * judged * human AS DECIMAL(38, 18))) AS DOUBLE) AS both_said
  FROM drawn GROUP BY cell
),
newest AS (
  SELECT cell, eta, kappa
  FROM (SELECT cell, eta, kappa, row_number() OVER (PARTITION BY cell ORDER BY day DESC) AS nth
        FROM declared_blocks WHERE day <= CAST({as_of} AS DATE)) AS numbered
  WHERE nth = 1
)
SELECT c.cell, n.eta, n.kappa, coalesce(s.labels, 0) AS labels, s.weight, s.judge, s.judge_squared,
       s.human, s.both_said
FROM opened_cells c
LEFT JOIN newest n ON n.cell = c.cell
LEFT JOIN sums s ON s.cell = c.cell
WHERE c.mode = 'PPI'
