-- Every exchange in the closed conversation that it is of (after sessions.sql).
placed AS (
  SELECT k.*, s.starts_at, s.closed_at
  FROM known k
  JOIN closed s ON s.cell = k.cell AND s.conversation = k.conversation
               AND k.observed_at >= s.starts_at AND k.observed_at <= s.ends_at
)
