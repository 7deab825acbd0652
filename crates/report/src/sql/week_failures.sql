-- The calls of a week, ours and live ones, in slots of ten minutes with how many failed by no fault of
-- whoever called: no reply, too many requests, an error of the server. Live calls are told by their
-- model, because the tables do not name their provider. One that the client gave up says nothing.
SELECT provider, model, slot, count(*) AS calls,
       count(CASE WHEN status IS NULL THEN 1 END) AS unanswered,
       count(CASE WHEN status = 429 THEN 1 END) AS limited,
       count(CASE WHEN status >= 500 THEN 1 END) AS broken
FROM (
  SELECT provider, model, status,
         CAST(floor(date_part('epoch', started_at) / {slot_s}) AS BIGINT) AS slot
  FROM calls
  WHERE started_at > {from} AND started_at <= {as_of} AND purpose <> 'live' AND attempt > 0
  UNION ALL
  SELECT NULL AS provider, coalesce(served_by, model) AS model, status,
         CAST(floor(date_part('epoch', observed_at) / {slot_s}) AS BIGINT) AS slot
  FROM exchanges
  WHERE observed_at > {from} AND observed_at <= {as_of} AND capture <> 'aborted'
) AS asked
GROUP BY provider, model, slot
ORDER BY provider, model, slot
