-- What the sampler did against what it said it would do, conversation by conversation (after
-- placed.sql). A conversation is drawn for once a day, by its key: the draws inside one day are
-- not independent, however often it was re-opened, so they count as one.
draws AS (
  SELECT cell, avg(CASE WHEN sampled THEN 1.0 ELSE 0.0 END) AS share, avg(pi) AS pi,
         count(CASE WHEN sampled AND NOT coalesce(0.0 < pi_floor AND pi_floor <= pi AND pi <= 1.0, FALSE)
                    THEN 1 END) AS broken
  FROM placed WHERE ineligible_reason IS NULL AND withheld_reason IS NULL
  GROUP BY cell, conversation, CAST(observed_at AS DATE)
),
drawn AS (           -- sums of decimals, to be added up over days
  SELECT cell, sum(CAST(share AS DECIMAL(38, 18))) AS sampled,
         sum(CAST(pi AS DECIMAL(38, 18))) AS expected,
         sum(CAST(pi * (1.0 - pi) AS DECIMAL(38, 18))) AS variance,
         CAST(sum(broken) AS BIGINT) AS broken   -- asked at a chance that is none, or was not promised
  FROM draws GROUP BY cell
)
