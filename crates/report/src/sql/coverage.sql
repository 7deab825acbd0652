-- The funnel of every category x candidate, and by reason the blind spot: what the evidence cannot
-- speak for. Draws that were copied or made later are of the same exchanges, and counted already.
SELECT category, candidate, outcome, reason, exchanges,
       CAST(exchanges AS DOUBLE) / sum(exchanges) OVER (PARTITION BY category, candidate) AS share,
       outcome IN ('ineligible', 'withheld') AND reason <> 'served_by_candidate' AS blind
FROM (SELECT category, candidate, outcome, reason, count(*) AS exchanges
      FROM outcomes WHERE origin IS NULL GROUP BY category, candidate, outcome, reason) AS funnel
