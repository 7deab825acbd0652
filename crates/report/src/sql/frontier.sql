-- The first conversation of every cell that may still change: nothing from it on is counted (after
-- parts.sql).
frontier AS (
  SELECT cell, min(closed_at) AS frontier_at FROM parts WHERE pending GROUP BY cell
)
