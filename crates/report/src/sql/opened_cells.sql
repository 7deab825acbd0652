-- Each cell once, whoever wrote it how often: a row more would count its every exchange again. The weights
-- of all that was ever opened come to one at most; where they do not, each is worth so much less.
SELECT cell, category, candidate, epoch, opened_at, definition_digest, mode, tau, loss_lo, loss_hi,
       CASE WHEN weights > 1.000000001 THEN family_weight / weights ELSE family_weight END AS family_weight,
       restarts, max_wait_s
FROM (SELECT *, sum(family_weight) OVER () AS weights
      FROM (SELECT *, row_number() OVER (PARTITION BY cell ORDER BY opened_at, family_weight) AS nth
            FROM cells) AS numbered
      WHERE nth = 1) AS weighted
