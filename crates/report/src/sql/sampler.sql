-- What the sampler did against what it said it would do, conversation by conversation (after
-- placed.sql). A conversation is drawn for once a day, by its key: the draws inside one day are
-- not independent, however often it was re-opened, so they count as one.
draws AS (
  SELECT cell, avg(CASE WHEN sampled THEN 1.0 ELSE 0.0 END) AS share, avg(pi) AS pi
  FROM placed WHERE ineligible_reason IS NULL AND withheld_reason IS NULL
  GROUP BY cell, conversation, CAST(observed_at AS DATE)
),
drawn AS (           -- sums of decimals, to be added up over days
  SELECT cell, sum(CAST(share AS DECIMAL(38, 18))) AS sampled,
         sum(CAST(pi AS DECIMAL(38, 18))) AS expected,
         sum(CAST(pi * (1.0 - pi) AS DECIMAL(38, 18))) AS variance
  FROM draws GROUP BY cell
)
