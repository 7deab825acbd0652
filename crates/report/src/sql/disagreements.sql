-- The calls on which each cell's candidate did worst against the reference, by the losses alone: the
-- reference's is 0 where the mode does not ask for it. A failure is no disagreement.
SELECT cell, exchange_id, loss, reference_loss, verdict_reason
FROM (SELECT cell, exchange_id, loss, reference_loss, verdict_reason,
             row_number() OVER (PARTITION BY cell
                                ORDER BY loss - coalesce(reference_loss, 0.0) DESC,
                                         exchange_id DESC) AS nth
      FROM shadows
      WHERE arm = 'candidate' AND cell IS NOT NULL AND fault IS NULL AND decided_at <= {as_of}
        AND loss - coalesce(reference_loss, 0.0) > 0.0) AS worst
WHERE nth <= {looked_at_max}
ORDER BY cell, nth
