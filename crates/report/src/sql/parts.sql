-- The asked conversations cut by the length of the prompt, equal lengths added up (after asked.sql):
-- all that units and slices are made of. One that lasts past
-- midnight may be in two parts, if the days were read one by one. Sums are sums of decimals, because those of floats depend
-- on the order in which rows are read and on how they are grouped. `slice_from` is the least length.
sized AS (
  SELECT j.cell, j.conversation, j.starts_at, j.tenant, j.observed_at, j.closed_at, j.missing,
         j.w, j.entered_loss,
         CASE WHEN e.input_tokens IS NULL THEN -1 WHEN e.input_tokens <= 128 THEN 0
              WHEN e.input_tokens <= 512 THEN 129 WHEN e.input_tokens <= 2048 THEN 513
              WHEN e.input_tokens <= 8192 THEN 2049 ELSE 8193 END AS slice_from
  FROM judged j LEFT JOIN exchanges e ON e.exchange_id = j.exchange_id
),
parts AS (
  SELECT cell, conversation, starts_at, slice_from, min(tenant) AS tenant,
         min(observed_at) AS first_at, min(closed_at) AS closed_at, count(*) AS requests,
         sum(CAST(w AS DECIMAL(38, 18))) AS weights,
         sum(CAST(w * entered_loss AS DECIMAL(38, 18))) AS losses,
         bool_or(missing) AS lost, bool_or(entered_loss IS NULL) AS pending
  FROM sized GROUP BY cell, conversation, starts_at, slice_from
)
