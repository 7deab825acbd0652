-- What translations took from the calls of every cell, as known at {as_of}: what became of it and its
-- name (`dropped seed`), with the calls that lost it. `translation` is a list of `WHAT: REASON`.
SELECT cell, lost, count(DISTINCT exchange_id) AS calls
FROM (SELECT cell, exchange_id, split_part(told, ': ', 1) AS lost
      FROM (SELECT cell, exchange_id, unnest(string_to_array(translation, '; ')) AS told
            FROM shadows
            WHERE arm = 'candidate' AND cell IS NOT NULL AND translation IS NOT NULL
              AND coalesce(fault, '') <> 'ours' AND answered_at <= {as_of}) AS losses) AS parts
GROUP BY cell, lost
