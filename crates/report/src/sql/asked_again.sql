-- The last look at the newest set of each category: words then and now.
SELECT category, judge, pair, candidate, trial, arm, value, look,
       CAST(frozen_at AS VARCHAR) AS frozen_at, CAST(run_at AS VARCHAR) AS run_at
FROM (SELECT *, max(frozen_at) OVER (PARTITION BY category) AS newest,
             max(run_at) OVER (PARTITION BY category, frozen_at) AS last
      FROM anchors) AS each
WHERE frozen_at = newest AND run_at = last
ORDER BY category, judge, pair, candidate, trial, arm
