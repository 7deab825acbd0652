-- What the first person said of each candidate's reply.
labelled AS (        -- the first label of a reply: what was counted by it must not change later
  SELECT exchange_id, candidate, acceptable
  FROM (SELECT exchange_id, candidate, acceptable,
               row_number() OVER (PARTITION BY exchange_id, candidate
                                  ORDER BY labelled_at, acceptable) AS nth
        FROM labels
        WHERE arm = 'candidate' AND labelled_at <= {as_of} AND acceptable IS NOT NULL) AS numbered
  WHERE nth = 1
)
