-- How long replies took and how they ended, by category and who answered: what the wall clock and
-- the providers' moods decide, and so no two runs agree on.
SELECT category, answered_by, count(*) AS replies,
       approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) AS latency_ms_p50,
       approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) AS latency_ms_p95,
       CAST(count(CASE WHEN finish_reason = 'content_filter' THEN 1 END) AS DOUBLE) / count(*)
         AS refused,
       CAST(count(CASE WHEN finish_reason = 'length' THEN 1 END) AS DOUBLE) / count(*) AS cut
FROM (
  SELECT category, CASE WHEN route IN ('canary', 'live') THEN 'live candidate' ELSE 'reference' END
           AS answered_by, latency_ms, finish_reason
  FROM exchanges WHERE observed_at <= {as_of} AND latency_ms IS NOT NULL
  UNION ALL
  SELECT c.category, c.candidate, s.latency_ms, s.finish_reason
  FROM shadows s JOIN opened_cells c ON c.cell = s.cell
  WHERE s.arm = 'candidate' AND s.answered_at <= {as_of} AND s.latency_ms IS NOT NULL
    AND s.origin IS NULL
) AS replies
GROUP BY category, answered_by
