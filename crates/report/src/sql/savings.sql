-- What a candidate would have cost on the very calls that it was shadowed on, and what that share
-- saves on all that the category's reference was paid so far, net of nothing. `shadow_usd` is what
-- those shadow calls cost; controls, judges and failed attempts are in `spend`. The interval is the
-- normal one on the ratio of the two sums (delta method), over conversations, because the calls of
-- one resemble each other. Money is added up as decimals, so that no order of rows changes a digit.
WITH paired AS (
  SELECT s.cell, c.category, c.candidate, e.conversation,
         e.cost_usd AS reference_usd, s.cost_usd AS candidate_usd
  FROM shadows s
  JOIN opened_cells c ON c.cell = s.cell
  JOIN exchanges e ON e.exchange_id = s.exchange_id
  WHERE s.arm = 'candidate' AND s.cost_usd IS NOT NULL AND e.cost_usd IS NOT NULL
    AND e.route = 'reference' AND s.answered_at <= {as_of}
),
conversations AS (
  SELECT cell, min(category) AS category, min(candidate) AS candidate, count(*) AS pairs,
         CAST(sum(reference_usd) AS DECIMAL(18, 9)) AS reference_usd,
         CAST(sum(candidate_usd) AS DECIMAL(18, 9)) AS candidate_usd
  FROM paired GROUP BY cell, conversation
),
sums AS (
  SELECT cell, min(category) AS category, min(candidate) AS candidate,
         CAST(sum(pairs) AS BIGINT) AS pairs,
         sum(reference_usd) AS reference_usd, sum(candidate_usd) AS candidate_usd,
         CAST(count(*) AS DOUBLE) AS n,
         CAST(sum(reference_usd) AS DOUBLE) AS r, CAST(sum(candidate_usd) AS DOUBLE) AS c,
         CAST(sum(reference_usd * reference_usd) AS DOUBLE) AS rr,
         CAST(sum(reference_usd * candidate_usd) AS DOUBLE) AS rc,
         CAST(sum(candidate_usd * candidate_usd) AS DOUBLE) AS cc
  FROM conversations GROUP BY cell
),
shares AS (
  SELECT *, 1.0 - c / nullif(r, 0.0) AS share,
         sqrt(greatest(cc - 2.0 * c / nullif(r, 0.0) * rc + c / nullif(r, 0.0) * c / nullif(r, 0.0) * rr, 0.0)
              / nullif(n - 1.0, 0.0) * n) / nullif(r, 0.0) AS share_error
  FROM sums
),
traffic AS (
  SELECT category, count(*) AS calls, sum(cost_usd) AS spend_usd
  FROM exchanges WHERE observed_at <= {as_of} AND route NOT IN ('canary', 'live') GROUP BY category
)
SELECT p.cell, p.category, p.candidate, p.pairs, t.calls, t.spend_usd,
       p.reference_usd AS pairs_reference_usd, p.candidate_usd AS pairs_candidate_usd,
       p.share AS saving_share, p.share - 1.96 * p.share_error AS saving_share_lower,
       p.share + 1.96 * p.share_error AS saving_share_upper,
       p.share * CAST(t.spend_usd AS DOUBLE) AS saving_usd,
       (p.share - 1.96 * p.share_error) * CAST(t.spend_usd AS DOUBLE) AS saving_usd_lower,
       (p.share + 1.96 * p.share_error) * CAST(t.spend_usd AS DOUBLE) AS saving_usd_upper,
       p.candidate_usd AS shadow_usd
FROM shares p JOIN traffic t ON t.category = p.category
