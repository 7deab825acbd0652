-- The units of every cell cut by the length of the prompt, one row per conversation and slice (after
-- frontier.sql): where a candidate that is good on average is bad.
slices AS (
  SELECT p.cell, p.slice_from, least(CAST(p.weights AS DOUBLE), 1.0) AS weight,
         CAST(p.losses AS DOUBLE) / CAST(p.weights AS DOUBLE) AS loss
  FROM parts p LEFT JOIN frontier f ON f.cell = p.cell
  WHERE f.frontier_at IS NULL OR p.closed_at < f.frontier_at
)
