-- Every word of every judge on the candidates' replies, with what people said of both replies. The
-- first label of a reply is the one that counts. A label has a weight where the logged draw asked for
-- it: the least probability promised over the one it was drawn with, in the sampling and in the audit.
WITH labelled AS (
  SELECT exchange_id, arm, coalesce(candidate, '') AS candidate, acceptable
  FROM (SELECT exchange_id, arm, candidate, acceptable,
               row_number() OVER (PARTITION BY exchange_id, arm, coalesce(candidate, '')
                                  ORDER BY labelled_at, acceptable) AS nth
        FROM labels WHERE labelled_at <= {as_of} AND acceptable IS NOT NULL) AS numbered
  WHERE nth = 1
),
words AS (
  SELECT s.*, unnest(s.scores) AS w FROM shadows s
  WHERE s.arm = 'candidate' AND s.answered_at <= {as_of}
)
SELECT c.category, x.exchange_id, x.candidate, coalesce(a.conversation, x.exchange_id) AS conversation,
       x.w['arm'] AS arm, x.w['scorer'] AS scorer, x.w['scorer_digest'] AS scorer_digest,
       x.w['trial'] AS trial, x.w['value'] AS value,
       hr.acceptable AS reference_label, hc.acceptable AS candidate_label,
       CASE WHEN a.audited AND a.sampled
            THEN least(1.0, (a.pi_floor / a.pi) * (coalesce(b.kappa, a.audit_prob) / a.audit_prob))
       END AS audit_weight,
       {facts}
FROM (SELECT exchange_id, candidate, cell, {columns} w FROM words) AS x
JOIN opened_cells c ON c.cell = x.cell
LEFT JOIN assignments a ON a.exchange_id = x.exchange_id AND a.cell = x.cell
                       AND a.arm = 'candidate'
LEFT JOIN declared_blocks b ON b.cell = x.cell AND b.day = CAST(a.observed_at AS DATE)
LEFT JOIN labelled hr ON hr.exchange_id = x.exchange_id AND hr.arm = 'reference'
LEFT JOIN labelled hc ON hc.exchange_id = x.exchange_id AND hc.arm = 'candidate'
                     AND hc.candidate = x.candidate
{exchanges}
WHERE x.w['kind'] = 'judge' {which}
ORDER BY x.exchange_id DESC
LIMIT {words_max}
