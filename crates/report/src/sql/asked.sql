-- The sampled calls of closed conversations, each with the loss that it enters (after placed.sql and
-- labelled.sql).
asked AS (           -- the sampled calls of closed conversations, with their age and their results
  SELECT p.*,
         date_part('epoch', {as_of}) - date_part('epoch', p.closed_at) >= p.max_wait_s AS expired,
         CASE p.mode WHEN 'H' THEN p.audited AND p.sampled
              -- Chance decided about a label, no seldomer than the range of losses has room for.
              WHEN 'PPI' THEN p.sampled
                AND coalesce(coalesce(p.audit_prob, b.kappa) * p.loss_hi >= 0.999999, FALSE)
              ELSE p.sampled END AS counts,
         CASE WHEN p.mode = 'H' THEN p.pi_floor * b.kappa / (p.pi * p.audit_prob)
              ELSE p.pi_floor / p.pi END AS w,
         v.loss AS l, v.reference_loss AS l_reference, v.control_loss AS l_control,
         -- Nobody has to say that a reply would not do that there is not.
         CASE WHEN v.fault IN ('candidate', 'provider') THEN 1.0
              WHEN h.acceptable THEN 0.0 WHEN NOT h.acceptable THEN 1.0 END AS l_human,
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
judged AS (          -- past its time, what is still out counts as the worst: in PPI word and label each
  SELECT *, loss IS NULL AS missing,
         CASE WHEN loss IS NULL AND expired
              THEN CASE mode WHEN 'AA' THEN loss_hi
                WHEN 'PPI' THEN coalesce(eta * coalesce(l, 1.0)
                   + CASE WHEN audited
                          THEN (coalesce(l_human, 1.0) - eta * coalesce(l, 1.0)) / audit_prob
                          ELSE 0.0 END, loss_hi)
                ELSE 1.0 END
              ELSE loss END AS entered_loss
  FROM entered
)
