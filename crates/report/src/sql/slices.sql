-- The units of every cell cut by the length of the prompt, one row per conversation and slice (after
-- asked.sql): where a candidate that is good on average is bad. `slice_from` is the least length.
, sized AS (
  SELECT j.cell, j.conversation, j.island, j.segment, j.w, j.entered_loss,
         CASE WHEN e.input_tokens IS NULL THEN -1 WHEN e.input_tokens <= 128 THEN 0
              WHEN e.input_tokens <= 512 THEN 129 WHEN e.input_tokens <= 2048 THEN 513
              WHEN e.input_tokens <= 8192 THEN 2049 ELSE 8193 END AS slice_from
  FROM judged j
  LEFT JOIN frontier f ON f.cell = j.cell
  LEFT JOIN exchanges e ON e.exchange_id = j.exchange_id
  WHERE f.frontier_at IS NULL OR j.closed_at < f.frontier_at
),
cut AS (
  SELECT cell, slice_from, conversation, count(*) AS requests,
         CAST(sum(CAST(w AS DECIMAL(38, 18))) AS DOUBLE) AS request_weight,
         CAST(sum(CAST(w * entered_loss AS DECIMAL(38, 18))) AS DOUBLE) AS request_loss
  FROM sized GROUP BY cell, slice_from, conversation, island, segment
)
SELECT cell, slice_from, conversation, requests, least(request_weight, 1.0) AS weight,
       request_loss / request_weight AS loss
FROM cut
