-- A day of each cell, by its last days (after {since}, as known at {as_of}): the calls of its category,
-- the conversations that could be asked and those that were, at what chance, and what asking them
-- cost, with their part of the control and the judge. A conversation is drawn for once a day.
WITH drawn AS (
  SELECT exchange_id, cell, candidate, conversation, CAST(observed_at AS DATE) AS day, pi, sampled,
         ineligible_reason IS NULL
           AND coalesce(withheld_reason, 'budget') IN ('budget', 'refuted') AS askable
  FROM assignments
  WHERE arm = 'candidate' AND origin IS NULL AND observed_at <= {as_of} AND observed_at > {since}
),
draws AS (
  SELECT cell, count(*) AS calls, bool_or(askable) AS askable, bool_or(sampled) AS asked,
         max(pi) AS pi
  FROM drawn GROUP BY cell, conversation, day
),
days AS (
  SELECT cell, CAST(sum(calls) AS BIGINT) AS calls,
         count(CASE WHEN askable THEN 1 END) AS conversations,
         count(CASE WHEN pi > 0.0 THEN 1 END) AS drawn, count(CASE WHEN asked THEN 1 END) AS asked,
         CAST(sum(CAST(pi AS DECIMAL(38, 18))) AS DOUBLE) AS expected
  FROM draws GROUP BY cell
),
arms AS (            -- who shares what a control and a judge cost
  SELECT exchange_id, count(*) AS arms FROM drawn WHERE sampled GROUP BY exchange_id
),
paid AS (
  SELECT exchange_id, CASE WHEN purpose = 'shadow' THEN model ELSE '' END AS candidate,
         sum(cost_usd) AS usd
  FROM calls
  WHERE exchange_id IS NOT NULL AND origin IS NULL AND purpose IN ('shadow', 'control', 'judge')
    AND started_at <= {as_of} AND started_at > {since}
  GROUP BY exchange_id, CASE WHEN purpose = 'shadow' THEN model ELSE '' END
),
sums AS (
  SELECT d.cell, n.arms, sum(own.usd) AS own, sum(parts.usd) AS parts
  FROM drawn d
  JOIN arms n ON n.exchange_id = d.exchange_id
  LEFT JOIN paid own ON own.exchange_id = d.exchange_id AND own.candidate = d.candidate
  LEFT JOIN paid parts ON parts.exchange_id = d.exchange_id AND parts.candidate = ''
  WHERE d.sampled GROUP BY d.cell, n.arms
),
costs AS (           -- null where no price is known
  SELECT cell, CAST(sum(CAST(own AS DOUBLE) + coalesce(CAST(parts AS DOUBLE), 0.0) / arms)
                    AS DECIMAL(18, 9)) AS usd
  FROM sums GROUP BY cell
)
SELECT d.cell, d.calls, d.conversations, d.drawn, d.asked, d.expected, c.usd
FROM days d LEFT JOIN costs c ON c.cell = d.cell
