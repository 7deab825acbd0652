-- How each exchange x candidate ended, in exactly one way, as known at {as_of}.
SELECT a.cell, c.category, c.candidate, a.exchange_id, a.observed_at, a.origin,
       CASE WHEN a.ineligible_reason IS NOT NULL THEN 'ineligible'
            WHEN a.withheld_reason IS NOT NULL THEN 'withheld'
            WHEN NOT a.sampled THEN 'not_sampled'
            WHEN s.exchange_id IS NULL THEN 'pending'
            WHEN s.fault IS NOT NULL THEN 'failed'
            ELSE 'shadowed' END AS outcome,
       coalesce(a.ineligible_reason, a.withheld_reason, s.fault, '') AS reason
FROM assignments a
JOIN opened_cells c ON c.cell = a.cell
LEFT JOIN shadows s ON s.exchange_id = a.exchange_id AND s.cell = a.cell
                   AND s.arm = 'candidate' AND s.answered_at <= {as_of}
WHERE a.arm = 'candidate' AND a.observed_at <= {as_of}
  AND coalesce(a.decided_at, a.observed_at) <= {as_of}
