-- The sampled calls of closed conversations, each with the loss that it enters (after placed.sql and
-- labelled.sql).
asked AS (           -- the sampled calls of closed conversations, with their age and their results
  SELECT p.*,
         date_part('epoch', {as_of}) - date_part('epoch', p.closed_at) >= p.max_wait_s AS expired,
         CASE WHEN p.mode = 'H' THEN p.audited AND p.sampled ELSE p.sampled END AS counts,
         CASE WHEN p.mode = 'H' THEN p.pi_floor * b.kappa / (p.pi * p.audit_prob)
              ELSE p.pi_floor / p.pi END AS w,
         v.loss AS l, v.reference_loss AS l_reference, v.control_loss AS l_control,
         CASE WHEN h.acceptable THEN 0.0 WHEN NOT h.acceptable THEN 1.0 END AS l_human,
         k.exchange_id IS NOT NULL AS control_asked,
         b.eta, b.a_hat, b.rho
  FROM placed p
  LEFT JOIN shadows v ON v.exchange_id = p.exchange_id AND v.cell = p.cell
               AND v.arm = 'candidate' AND v.decided_at <= {as_of}
  LEFT JOIN labelled h ON h.exchange_id = p.exchange_id AND h.candidate = p.candidate
  LEFT JOIN assignments k ON k.exchange_id = p.exchange_id AND k.arm = 'control' AND k.sampled
  LEFT JOIN declared_blocks b ON b.cell = p.cell AND b.day = CAST(p.observed_at AS DATE)
),
entered AS (         -- the loss that the mode enters; NULL while something is still out
  SELECT *, CASE mode
      WHEN 'R'   THEN l
      WHEN 'JA'  THEN l
      WHEN 'RP'  THEN l - l_reference
      WHEN 'JP'  THEN l - l_reference
      WHEN 'H'   THEN l_human
      WHEN 'PPI' THEN eta * l
                   + CASE WHEN audited THEN (l_human - eta * l) / audit_prob ELSE 0.0 END
      WHEN 'AA'  THEN l - (a_hat
                   + CASE WHEN control_asked THEN (l_control - a_hat) / rho ELSE 0.0 END)
    END AS loss
  FROM asked WHERE counts
),
judged AS (          -- past its time, what is still out counts as the worst
  SELECT *, loss IS NULL AS missing,
         CASE WHEN loss IS NULL AND expired
              THEN CASE WHEN mode IN ('PPI', 'AA') THEN loss_hi ELSE 1.0 END
              ELSE loss END AS entered_loss
  FROM entered
)
