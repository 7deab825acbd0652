-- The closed conversations of every cell, as known at {as_of}: the first half of every question that
-- counts conversations. Written in the SQL that DataFusion and DuckDB share, so that anyone can
-- recompute it. What a conversation is: docs/confidence.md.
WITH
known AS (           -- every exchange of every cell with what was decided about it
  SELECT a.exchange_id, a.cell, a.conversation, a.tenant, a.observed_at, a.pi, a.pi_floor,
         a.ineligible_reason, a.withheld_reason,
         a.sampled, coalesce(a.audited, FALSE) AS audited, a.audit_prob,
         c.mode, c.category, c.candidate, c.epoch, c.max_wait_s, c.opened_at, c.loss_hi
  FROM assignments a JOIN opened_cells c ON c.cell = a.cell
  WHERE a.arm = 'candidate' AND a.observed_at <= {as_of}
),
gaps AS (            -- half an hour of silence opens a new conversation
  SELECT *, CASE WHEN observed_at < lag(observed_at) OVER (
              PARTITION BY cell, conversation ORDER BY observed_at, exchange_id)
              + INTERVAL '30 minutes' THEN 0 ELSE 1 END AS opens
  FROM known
),
islands AS (
  SELECT *, sum(opens) OVER (PARTITION BY cell, conversation ORDER BY observed_at, exchange_id
              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
  FROM gaps
),
starts AS (
  SELECT *, min(observed_at) OVER (PARTITION BY cell, conversation, island) AS island_start
  FROM islands
),
placed AS (          -- and so does every full day of talking on
  SELECT *, CAST(floor((date_part('epoch', observed_at) - date_part('epoch', island_start))
              / 86400) AS BIGINT) AS segment
  FROM starts
),
sessions AS (
  SELECT cell, conversation, island, segment,
         least(max(observed_at) + INTERVAL '30 minutes',
               min(island_start) + CAST(CAST((segment + 1) * 24 AS VARCHAR) || ' hours' AS INTERVAL))
           AS closed_at
  FROM placed GROUP BY cell, conversation, island, segment
),
closed AS (
  SELECT * FROM sessions WHERE closed_at <= {as_of}
)
