-- What the scores of one reply add up to, one row per reply and cell;
-- cases of the pipeline have none, and stand in `golden`.
SELECT exchange_id, 'candidate' AS arm, candidate, cell, decided_at, mode, loss, 0.0 AS loss_lo,
       1.0 AS loss_hi, tau, acceptable, verdict_reason AS reason
FROM shadows WHERE arm = 'candidate' AND loss IS NOT NULL AND cell IS NOT NULL AND answered_at <= {as_of}
UNION ALL
SELECT exchange_id, 'reference', candidate, cell, decided_at, mode, reference_loss, 0.0, 1.0, tau,
       reference_loss < 0.5, 'the same scorers on the reference''s reply'
FROM shadows WHERE arm = 'candidate' AND reference_loss IS NOT NULL AND cell IS NOT NULL AND answered_at <= {as_of}
UNION ALL
SELECT exchange_id, 'control', candidate, cell, decided_at, mode, control_loss, 0.0, 1.0, tau,
       control_loss < 0.5, 'the reference''s second reply against its first'
FROM shadows WHERE arm = 'candidate' AND control_loss IS NOT NULL AND cell IS NOT NULL AND answered_at <= {as_of}
