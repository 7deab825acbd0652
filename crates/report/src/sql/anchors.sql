-- Every word of a judge on a frozen pair, each time that it was put to it again, beside its word then
-- (`frozen` in `trial`). A set is what was frozen of a category at one moment; `look` numbers the times
-- that it was asked about.
SELECT run_at, frozen_at, category, pair, candidate, w['scorer_digest'] AS judge, w['trial'] AS trial,
       w['arm'] AS arm, w['value'] AS value, w['reason'] AS reason,
       CAST(dense_rank() OVER (PARTITION BY category, frozen_at ORDER BY run_at) AS BIGINT) AS look
FROM (SELECT a.observed_at AS run_at, a.decided_at AS frozen_at, a.candidate,
             split_part(a.conversation, '/', 1) AS category,
             split_part(split_part(a.conversation, '/', 2), '#', 1) AS pair, unnest(s.scores) AS w
      FROM assignments a
      JOIN shadows s ON s.exchange_id = a.exchange_id AND s.origin = 'anchor'
                    AND s.answered_at <= {as_of}
      WHERE a.origin = 'anchor' AND a.sampled AND a.observed_at <= {as_of}) AS each
WHERE w['scorer'] = 'judge'
