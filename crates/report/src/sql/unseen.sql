-- The share of what was offered to the mirror that never came to the lake. Of which category it was
-- nobody can say, because only what is taken is read; so every cell has to answer for it.
SELECT coalesce(CAST(sum(shed) + sum(lost) AS DOUBLE) / nullif(CAST(sum(offered) AS DOUBLE), 0.0), 0.0)
         AS unseen
FROM meters WHERE "at" <= {as_of}
