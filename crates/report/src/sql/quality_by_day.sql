-- The mean quality of each cell's units, day by day. A mean is for looking; only `evidence` gates.
SELECT cell, category, candidate, CAST(closed_at AS DATE) AS day, count(*) AS units,
       1.0 - sum(loss * weight) / sum(weight) AS quality
FROM units GROUP BY cell, category, candidate, CAST(closed_at AS DATE)
