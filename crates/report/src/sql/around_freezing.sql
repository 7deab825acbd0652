-- What each model's replies were worth up to the freezing of its category's newest set, and from then to
-- the last look at it: the mean loss of each conversation, by today's definition alone. The reference
-- has no candidate's name.
WITH sets AS (
  SELECT category, max(frozen_at) AS frozen_at, max(run_at) AS run_at FROM anchors GROUP BY category
),
newest AS (
  SELECT category, candidate, definition_digest
  FROM (SELECT *, row_number() OVER (PARTITION BY category, candidate
                                     ORDER BY opened_at DESC, epoch DESC) AS nth
        FROM opened_cells WHERE family_weight > 0.0) AS numbered
  WHERE nth = 1
),
replies AS (
  SELECT c.category, c.candidate, coalesce(a.conversation, s.exchange_id) AS conversation,
         s.answered_at > t.frozen_at AS since, s.loss, s.reference_loss
  FROM shadows s
  JOIN opened_cells c ON c.cell = s.cell
  JOIN newest n ON n.category = c.category AND n.candidate = c.candidate
               AND n.definition_digest = c.definition_digest
  JOIN sets t ON t.category = c.category
  LEFT JOIN assignments a ON a.exchange_id = s.exchange_id AND a.cell = s.cell
                         AND a.arm = 'candidate'
  WHERE s.arm = 'candidate' AND s.answered_at <= t.run_at
    AND (s.origin IS NULL OR s.origin = 'rescore')
),
losses AS (
  SELECT category, candidate, conversation, since, loss FROM replies
  UNION ALL
  SELECT category, CAST(NULL AS VARCHAR), conversation, since, reference_loss FROM replies
)
SELECT category, candidate, conversation, since,
       CAST(sum(CAST(loss AS DECIMAL(38, 18))) AS DOUBLE) / count(loss) AS loss
FROM losses WHERE loss IS NOT NULL
GROUP BY category, candidate, conversation, since
ORDER BY conversation DESC
LIMIT {words_max}
