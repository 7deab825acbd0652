-- What a candidate would have cost on the very calls that it was shadowed on, and what that share
-- saves on all that the category's reference was paid so far, net of nothing. `shadow_usd` is what
-- those shadow calls cost; controls, judges and failed attempts are in `spend`. The interval is the
-- normal one on the ratio of the two sums (delta method), over conversations, because the calls of
-- one resemble each other. Money is added up as decimals, so that no order of rows changes a digit.
-- Beside it stands how much of the prompts either side read from its prompt cache: what a warm cache
-- is worth moves with the calls, and is in the saving.
paired AS (
  SELECT s.cell, e.conversation, e.cost_usd AS reference_usd, s.cost_usd AS candidate_usd,
         e.input_tokens AS reference_tokens, coalesce(e.cached_tokens, 0) AS reference_cached,
         s.input_tokens AS candidate_tokens, coalesce(s.cached_tokens, 0) AS candidate_cached
  FROM shadows s
  JOIN exchanges e ON e.exchange_id = s.exchange_id
  WHERE s.arm = 'candidate' AND s.cost_usd IS NOT NULL AND e.cost_usd IS NOT NULL
    AND e.route = 'reference' AND s.answered_at <= {as_of}
),
conversations AS (
  SELECT cell, conversation, count(*) AS pairs,
         CAST(sum(reference_usd) AS DECIMAL(18, 9)) AS reference_usd,
         CAST(sum(candidate_usd) AS DECIMAL(18, 9)) AS candidate_usd,
         sum(reference_tokens) AS reference_tokens, sum(reference_cached) AS reference_cached,
         sum(candidate_tokens) AS candidate_tokens, sum(candidate_cached) AS candidate_cached
  FROM paired GROUP BY cell, conversation
)
