-- The pipeline's own cases, each time that they were put to a model, with the score then and the one
-- before it. Under another `definition` (call, answer, scorers, judge) a case is another question, and
-- its scores are not compared.
WITH asked AS (
  SELECT a.exchange_id, a.observed_at AS run_at, split_part(a.conversation, '/', 1) AS category,
         split_part(split_part(a.conversation, '/', 2), '#', 1) AS name,
         split_part(a.conversation, '#', 2) AS definition, a.arm, a.candidate, a.withheld_reason,
         s.model, s.loss, s.fault, s.error, s.verdict_reason, s.cost_usd, s.latency_ms
  FROM assignments a
  LEFT JOIN shadows s ON s.exchange_id = a.exchange_id AND s.arm = a.arm
                     AND coalesce(s.candidate, '') = coalesce(a.candidate, '')
                     AND s.origin = 'golden' AND s.answered_at <= {as_of}
  WHERE a.origin = 'golden' AND a.observed_at <= {as_of}
),
scored AS (
  SELECT exchange_id, arm, candidate,
         lag(run_at) OVER case_of_model AS run_before,
         1.0 - lag(loss) OVER case_of_model AS score_before
  FROM asked WHERE loss IS NOT NULL
  WINDOW case_of_model AS (PARTITION BY category, name, definition, arm, candidate, model
                           ORDER BY run_at)
)
SELECT a.run_at, a.category, a.name, a.definition, a.arm, coalesce(a.candidate, a.model) AS model,
       1.0 - a.loss AS score, b.run_before, b.score_before, a.withheld_reason, a.fault,
       coalesce(a.error, a.verdict_reason) AS reason, a.cost_usd, a.latency_ms, a.exchange_id
FROM asked a
LEFT JOIN scored b ON b.exchange_id = a.exchange_id AND b.arm = a.arm
                  AND coalesce(b.candidate, '') = coalesce(a.candidate, '')
