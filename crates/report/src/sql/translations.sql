-- How the calls of every cell were said to its candidate, as known at {as_of}: those that were put to
-- it, answered or not, and those that a translation took something from.
SELECT s.cell, c.category, c.candidate, count(*) AS asked, count(s.translation) AS lossy
FROM shadows s
JOIN opened_cells c ON c.cell = s.cell
WHERE s.arm = 'candidate' AND coalesce(s.fault, '') <> 'ours' AND s.answered_at <= {as_of}
GROUP BY s.cell, c.category, c.candidate
