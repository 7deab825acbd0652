-- The closed conversations of every cell (after spans.sql), as spans of time that do not overlap: a
-- key's calls between `starts_at` and `ends_at` are one conversation.
long_spans AS (      -- a span of less than half an hour is one conversation; the rest is looked into
  SELECT cell, conversation FROM spans WHERE ends_at >= starts_at + INTERVAL '30 minutes'
),
gaps AS (            -- half an hour of silence opens a new conversation
  SELECT s.cell, s.conversation, k.observed_at,
         CASE WHEN k.observed_at < lag(k.observed_at) OVER (
              PARTITION BY s.cell, s.conversation ORDER BY k.observed_at)
              + INTERVAL '30 minutes' THEN 0 ELSE 1 END AS opens
  FROM long_spans s JOIN known k ON s.cell = k.cell AND s.conversation = k.conversation
),
islands AS (         -- calls of the same moment are peers, so they are of one island
  SELECT *, sum(opens) OVER (PARTITION BY cell, conversation ORDER BY observed_at
              RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
  FROM gaps
),
starts AS (
  SELECT *, min(observed_at) OVER (PARTITION BY cell, conversation, island) AS island_start
  FROM islands
),
segments AS (        -- and so does every full day of talking on
  SELECT *, CAST(floor((date_part('epoch', observed_at) - date_part('epoch', island_start))
              / 86400) AS BIGINT) AS segment
  FROM starts
),
sessions AS (
  SELECT cell, conversation, starts_at, ends_at, ends_at + INTERVAL '30 minutes' AS closed_at
  FROM spans WHERE ends_at < starts_at + INTERVAL '30 minutes'
  UNION ALL
  SELECT cell, conversation, min(observed_at) AS starts_at, max(observed_at) AS ends_at,
         least(max(observed_at) + INTERVAL '30 minutes',
               min(island_start) + CAST(CAST((segment + 1) * 24 AS VARCHAR) || ' hours' AS INTERVAL))
           AS closed_at
  FROM segments GROUP BY cell, conversation, island, segment
),
closed AS (
  SELECT * FROM sessions WHERE closed_at <= {as_of}
)
