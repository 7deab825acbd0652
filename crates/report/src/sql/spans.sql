-- From the first to the last call of every cell's keys (after known.sql).
spans AS (
  SELECT cell, conversation, min(observed_at) AS starts_at, max(observed_at) AS ends_at
  FROM known GROUP BY cell, conversation
)
