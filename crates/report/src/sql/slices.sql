-- The units of every cell cut by the length of the prompt (powers of two), one row per conversation
-- and slice: where a candidate that is good on average is bad.
SELECT u.cell, p.slice, avg(u.loss) AS loss, sum(u.calls) AS calls
FROM (
  SELECT s.cell, a.conversation, s.exchange_id, 1 AS calls,
         CASE WHEN s.mode IN ('RP', 'JP') THEN s.loss - s.reference_loss
              WHEN s.mode = 'AA' THEN s.loss - s.control_loss
              ELSE s.loss END AS loss
  FROM shadows s
  JOIN assignments a ON a.exchange_id = s.exchange_id AND a.cell = s.cell AND a.arm = 'candidate'
  WHERE s.arm = 'candidate' AND s.loss IS NOT NULL AND s.decided_at <= {as_of}
) AS u
JOIN (
  SELECT exchange_id, CASE
      WHEN input_tokens <= 128 THEN 'prompts up to 128 tokens'
      WHEN input_tokens <= 512 THEN 'prompts of 129 to 512 tokens'
      WHEN input_tokens <= 2048 THEN 'prompts of 513 to 2,048 tokens'
      WHEN input_tokens <= 8192 THEN 'prompts of 2,049 to 8,192 tokens'
      ELSE 'prompts over 8,192 tokens' END AS slice
  FROM exchanges WHERE input_tokens IS NOT NULL
) AS p ON p.exchange_id = u.exchange_id
WHERE u.loss IS NOT NULL
GROUP BY u.cell, p.slice, u.conversation
