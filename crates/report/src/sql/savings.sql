-- What a candidate would have cost on the very calls that it was shadowed on, and what that saves on
-- all of the category's traffic seen so far, net of nothing; `shadow_usd` is what finding out cost.
-- The interval is the normal one on the mean difference per call, for a population of all calls.
WITH paired AS (
  SELECT s.cell, a.category, s.candidate, CAST(e.cost_usd AS DOUBLE) AS reference_usd,
         CAST(s.cost_usd AS DOUBLE) AS candidate_usd
  FROM shadows s
  JOIN assignments a ON a.exchange_id = s.exchange_id AND a.cell = s.cell AND a.arm = 'candidate'
  JOIN exchanges e ON e.exchange_id = s.exchange_id
  WHERE s.arm = 'candidate' AND s.cost_usd IS NOT NULL AND e.cost_usd IS NOT NULL
    AND e.route = 'reference' AND s.answered_at <= {as_of}
),
per_cell AS (
  SELECT cell, min(category) AS category, min(candidate) AS candidate, count(*) AS pairs,
         sum(reference_usd) AS reference_usd, sum(candidate_usd) AS candidate_usd,
         avg(reference_usd - candidate_usd) AS saving_each,
         stddev(reference_usd - candidate_usd) AS saving_sd
  FROM paired GROUP BY cell
),
traffic AS (
  SELECT category, count(*) AS calls, sum(CAST(cost_usd AS DOUBLE)) AS spend_usd
  FROM exchanges WHERE observed_at <= {as_of} GROUP BY category
)
SELECT p.cell, p.category, p.candidate, p.pairs, t.calls, t.spend_usd,
       p.reference_usd AS pairs_reference_usd, p.candidate_usd AS pairs_candidate_usd,
       p.saving_each * t.calls AS saving_usd,
       CASE WHEN p.pairs > 1 THEN (p.saving_each - 1.96 * p.saving_sd / sqrt(p.pairs)) * t.calls END
         AS saving_usd_lower,
       CASE WHEN p.pairs > 1 THEN (p.saving_each + 1.96 * p.saving_sd / sqrt(p.pairs)) * t.calls END
         AS saving_usd_upper,
       p.candidate_usd AS shadow_usd
FROM per_cell p JOIN traffic t ON t.category = p.category
