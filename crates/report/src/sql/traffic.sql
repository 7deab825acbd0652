-- What each category's callers sent, and what it cost them.
SELECT category, count(*) AS calls, count(*) - count(cost_usd) AS unpriced,
       sum(cost_usd) AS cost_usd,
       count(CASE WHEN route IN ('canary', 'live') THEN 1 END) AS by_candidate
FROM exchanges WHERE observed_at <= {as_of} GROUP BY category
