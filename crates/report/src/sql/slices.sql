-- The units of every cell cut by the length of the prompt, one row per conversation and slice (after
-- frontier.sql): where a candidate that is good on average is bad.
cut AS (
  SELECT cell, slice_from, min(closed_at) AS closed_at,
         CAST(sum(weights) AS DOUBLE) AS request_weight,
         CAST(sum(losses) AS DOUBLE) AS request_loss
  FROM parts GROUP BY cell, conversation, starts_at, slice_from
),
slices AS (
  SELECT u.cell, u.slice_from, least(u.request_weight, 1.0) AS weight,
         u.request_loss / u.request_weight AS loss
  FROM cut u LEFT JOIN frontier f ON f.cell = u.cell
  WHERE f.frontier_at IS NULL OR u.closed_at < f.frontier_at
)
