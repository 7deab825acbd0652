-- Whether the books close: what proxies offered, what the mirror took, what reached the lake.
WITH metered AS (
  SELECT coalesce(sum(offered), 0) AS offered, coalesce(sum(accepted), 0) AS accepted,
         coalesce(sum(shed), 0) AS shed, coalesce(sum(lost), 0) AS lost
  FROM meters WHERE "at" <= {as_of}
),
gaps AS (
  SELECT proxy_instance, max(offer_seq) + 1 - count(DISTINCT offer_seq) AS missing
  FROM exchanges WHERE observed_at <= {as_of} GROUP BY proxy_instance
)
SELECT CAST(m.offered AS BIGINT) AS offered, CAST(m.accepted AS BIGINT) AS accepted,
       CAST(m.shed AS BIGINT) AS shed, CAST(m.lost AS BIGINT) AS lost,
       (SELECT count(*) FROM exchanges WHERE observed_at <= {as_of}) AS recorded,
       (SELECT min(observed_at) FROM exchanges WHERE observed_at <= {as_of}) AS first_at,
       (SELECT max(observed_at) FROM exchanges WHERE observed_at <= {as_of}) AS last_at,
       (SELECT CAST(coalesce(sum(missing), 0) AS BIGINT) FROM gaps) AS sequence_gaps
FROM metered m
