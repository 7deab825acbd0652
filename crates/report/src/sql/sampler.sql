-- What the sampler did against what it said it would do, conversation by conversation (after
-- sessions.sql). A conversation is drawn for once a day, by its key: the draws inside one day are
-- not independent, however often it was re-opened, so they count as one.
, drawn AS (
  SELECT p.cell, avg(CASE WHEN p.sampled THEN 1.0 ELSE 0.0 END) AS share, avg(p.pi) AS pi
  FROM placed p
  JOIN closed s ON s.cell = p.cell AND s.conversation = p.conversation
               AND s.island = p.island AND s.segment = p.segment
  WHERE p.ineligible_reason IS NULL AND p.withheld_reason IS NULL
  GROUP BY p.cell, p.conversation, CAST(p.observed_at AS DATE)
)
SELECT cell, CAST(sum(CAST(share AS DECIMAL(38, 18))) AS DOUBLE) AS sampled,
       CAST(sum(CAST(pi AS DECIMAL(38, 18))) AS DOUBLE) AS expected_sampled,
       CAST(sum(CAST(pi * (1.0 - pi) AS DECIMAL(38, 18))) AS DOUBLE) AS var_sampled
FROM drawn GROUP BY cell
