-- Each cell once, whoever wrote it how often: a row more would count its every exchange again.
SELECT cell, category, candidate, epoch, opened_at, definition_digest, mode, tau, loss_lo, loss_hi, family_weight,
       restarts, max_wait_s
FROM (SELECT *, row_number() OVER (PARTITION BY cell ORDER BY opened_at, family_weight) AS nth
      FROM cells) AS numbered
WHERE nth = 1
