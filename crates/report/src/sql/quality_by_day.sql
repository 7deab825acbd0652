-- The mean quality of each cell's units, day by day. A mean is for looking; only `evidence` gates.
SELECT cell, category, candidate, CAST(closed_at AS DATE) AS day, count(*) AS units,
       1.0 - CAST(sum(CAST(loss * weight AS DECIMAL(38, 18))) AS DOUBLE)
             / CAST(sum(CAST(weight AS DECIMAL(38, 18))) AS DOUBLE) AS quality
FROM units GROUP BY cell, category, candidate, CAST(closed_at AS DATE)
