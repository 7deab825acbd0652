-- One row per conversation in which a cell asked its candidate (after asked.sql). `counted` says
-- whether it lies behind the watermark: nothing from the first unit on that may still change counts.
-- Sums are sums of decimals, because those of floats depend on the order in which files are read.
, candidates AS (
  SELECT cell, conversation, island, segment, min(category) AS category,
         min(candidate) AS candidate, min(epoch) AS epoch, min(tenant) AS tenant,
         min(observed_at) AS first_at, min(closed_at) AS closed_at, count(*) AS requests,
         CAST(sum(CAST(w AS DECIMAL(38, 18))) AS DOUBLE) AS request_weight,
         CAST(sum(CAST(w * entered_loss AS DECIMAL(38, 18))) AS DOUBLE) AS request_loss,
         bool_or(missing) AS lost, bool_or(entered_loss IS NULL) AS pending
  FROM judged GROUP BY cell, conversation, island, segment
)
SELECT u.cell, u.category, u.candidate, u.epoch, u.conversation, u.tenant, u.first_at, u.closed_at,
       u.requests, u.request_weight, u.request_loss, u.lost,
       least(u.request_weight, 1.0) AS weight,
       u.request_loss / u.request_weight AS loss,
       NOT u.pending AND (f.frontier_at IS NULL OR u.closed_at < f.frontier_at) AS counted
FROM candidates u LEFT JOIN frontier f ON f.cell = u.cell
