-- One row per conversation in which a cell asked its candidate (after frontier.sql). `counted` says
-- whether it lies behind the watermark: nothing from the first unit on that may still change counts.
candidates AS (
  SELECT cell, conversation, min(tenant) AS tenant, min(first_at) AS first_at,
         min(closed_at) AS closed_at, CAST(sum(requests) AS BIGINT) AS requests,
         CAST(sum(weights) AS DOUBLE) AS request_weight,
         CAST(sum(losses) AS DOUBLE) AS request_loss,
         bool_or(lost) AS lost, bool_or(pending) AS pending
  FROM parts GROUP BY cell, conversation, starts_at
),
all_units AS (
  SELECT u.cell, c.category, c.candidate, c.epoch, c.mode, c.tau, c.loss_lo, c.loss_hi,
         c.family_weight, u.conversation, u.tenant, u.first_at,
         u.closed_at, u.requests, u.request_weight, u.request_loss, u.lost,
         least(u.request_weight, 1.0) AS weight,
         u.request_loss / u.request_weight AS loss,
         NOT u.pending AND (f.frontier_at IS NULL OR u.closed_at < f.frontier_at) AS counted
  FROM candidates u
  JOIN opened_cells c ON c.cell = u.cell
  LEFT JOIN frontier f ON f.cell = u.cell
)
