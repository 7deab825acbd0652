-- Replies of candidates that a content policy stopped, as known at {as_of}: whose policy it was, and
-- in how many of them the reference's reply to the same call was stopped as well.
SELECT s.cell, c.category, c.candidate, s.blocked, count(*) AS replies,
       count(CASE WHEN e.finish_reason = 'content_filter' THEN 1 END) AS reference_too
FROM shadows s
JOIN opened_cells c ON c.cell = s.cell
LEFT JOIN exchanges e ON e.exchange_id = s.exchange_id
WHERE s.arm = 'candidate' AND s.blocked IS NOT NULL AND s.answered_at <= {as_of}
GROUP BY s.cell, c.category, c.candidate, s.blocked
