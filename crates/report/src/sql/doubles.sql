-- Calls that have several rows where they may have one. Joins count such a call as often, so where this has a
-- row, no other figure is one; the program refuses them by name.
SELECT 'assignments' AS table_name, cell, exchange_id, count(*) AS row_count
FROM assignments WHERE arm = 'candidate' AND cell IS NOT NULL
GROUP BY cell, exchange_id HAVING count(*) > 1
UNION ALL
SELECT 'assignments', CAST(NULL AS VARCHAR), exchange_id, count(*)
FROM assignments WHERE arm = 'control' AND sampled AND origin IS NULL
GROUP BY exchange_id HAVING count(*) > 1
UNION ALL
SELECT 'shadows', cell, exchange_id, count(*)
FROM shadows WHERE arm = 'candidate' AND cell IS NOT NULL
GROUP BY cell, exchange_id HAVING count(*) > 1
UNION ALL
SELECT 'exchanges', CAST(NULL AS VARCHAR), exchange_id, count(*)
FROM exchanges GROUP BY exchange_id HAVING count(*) > 1
