-- The judged cells whose judge was measured: of every version that spoke in the cell, a word is there,
-- in the same category, on a pair that the logged draw had a person label. Whoever rests on such a
-- judge pays for the measurement.
WITH labelled AS (
  SELECT DISTINCT exchange_id, arm, coalesce(candidate, '') AS candidate
  FROM labels WHERE labelled_at <= {as_of} AND acceptable IS NOT NULL
),
words AS (
  SELECT s.cell, s.exchange_id, s.candidate, unnest(s.scores) AS w FROM shadows s
  WHERE s.arm = 'candidate' AND s.answered_at <= {as_of}
),
said AS (
  SELECT x.cell, c.category, x.exchange_id, x.candidate, x.w['scorer_digest'] AS version
  FROM words x JOIN opened_cells c ON c.cell = x.cell
  WHERE c.mode IN ('JP', 'JA') AND x.w['kind'] = 'judge'
),
measured AS (
  SELECT DISTINCT s.category, s.version
  FROM labelled l
  JOIN said s ON s.exchange_id = l.exchange_id
             AND (l.arm = 'reference' OR l.candidate = s.candidate)
  JOIN assignments a ON a.exchange_id = s.exchange_id AND a.cell = s.cell AND a.arm = 'candidate'
                    AND a.audited AND a.sampled
),
versions AS (SELECT DISTINCT cell, category, version FROM said)
SELECT v.cell
FROM versions v LEFT JOIN measured m ON m.category = v.category AND m.version = v.version
GROUP BY v.cell HAVING count(*) = count(m.version)
