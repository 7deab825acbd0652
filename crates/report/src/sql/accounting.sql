-- Whether the books close: what proxies offered, what the mirror took, what reached the lake.
WITH metered AS (
  SELECT coalesce(sum(offered), 0) AS offered, coalesce(sum(accepted), 0) AS accepted,
         coalesce(sum(shed), 0) AS shed
  FROM meters WHERE at <= {as_of}
),
gaps AS (
  SELECT proxy_instance, max(offer_seq) + 1 - count(DISTINCT offer_seq) AS missing
  FROM exchanges GROUP BY proxy_instance
)
SELECT m.offered, m.accepted, m.shed,
       (SELECT count(*) FROM exchanges WHERE observed_at <= {as_of}) AS recorded,
       (SELECT coalesce(sum(missing), 0) FROM gaps) AS sequence_gaps
FROM metered m
