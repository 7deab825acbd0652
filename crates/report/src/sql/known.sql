-- Every exchange of every cell, as known at {as_of}, with what was decided about it. Here and in the
-- files beside it stand common table expressions that follow one another, in the SQL that DataFusion
-- and DuckDB share, so that anyone can recompute them. What a conversation is: docs/confidence.md.
known AS (
  SELECT a.exchange_id, a.cell, a.conversation, a.tenant, a.observed_at, a.pi, a.pi_floor,
         a.ineligible_reason, a.withheld_reason,
         a.sampled, coalesce(a.audited, FALSE) AS audited, a.audit_prob,
         c.mode, c.candidate, c.max_wait_s, c.loss_hi
  FROM assignments a JOIN opened_cells c ON c.cell = a.cell
  WHERE a.arm = 'candidate' AND a.observed_at <= {as_of}
    AND coalesce(a.decided_at, a.observed_at) <= {as_of}
)
