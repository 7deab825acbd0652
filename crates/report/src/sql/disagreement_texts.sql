-- What was said in a few calls, except where anything was redacted. Few ids at a time: so their pages
-- alone are read.
SELECT s.cell, s.exchange_id, e.request, e.response, s.response AS reply
FROM shadows s JOIN exchanges e ON e.exchange_id = s.exchange_id
WHERE s.arm = 'candidate' AND s.exchange_id IN ({ids})
  AND e.exchange_id IN ({ids}) AND e.redacted = FALSE
