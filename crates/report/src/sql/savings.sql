-- The savings of every cell (after paired.sql).
sums AS (
  SELECT cell, CAST(sum(pairs) AS BIGINT) AS pairs,
         sum(reference_usd) AS reference_usd, sum(candidate_usd) AS candidate_usd,
         CAST(count(*) AS DOUBLE) AS n,
         CAST(sum(reference_usd) AS DOUBLE) AS r, CAST(sum(candidate_usd) AS DOUBLE) AS c,
         CAST(sum(reference_usd * reference_usd) AS DOUBLE) AS rr,
         CAST(sum(reference_usd * candidate_usd) AS DOUBLE) AS rc,
         CAST(sum(candidate_usd * candidate_usd) AS DOUBLE) AS cc,
         CAST(sum(reference_cached) AS DOUBLE) / nullif(CAST(sum(reference_tokens) AS DOUBLE), 0.0)
           AS reference_cached,
         CAST(sum(candidate_cached) AS DOUBLE) / nullif(CAST(sum(candidate_tokens) AS DOUBLE), 0.0)
           AS candidate_cached
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
),
savings AS (
  SELECT p.cell, o.category, o.candidate, p.pairs, t.calls, t.spend_usd,
         p.reference_usd AS pairs_reference_usd, p.candidate_usd AS pairs_candidate_usd,
         p.share AS saving_share, p.share - 1.96 * p.share_error AS saving_share_lower,
         p.share + 1.96 * p.share_error AS saving_share_upper,
         p.share * CAST(t.spend_usd AS DOUBLE) AS saving_usd,
         (p.share - 1.96 * p.share_error) * CAST(t.spend_usd AS DOUBLE) AS saving_usd_lower,
         (p.share + 1.96 * p.share_error) * CAST(t.spend_usd AS DOUBLE) AS saving_usd_upper,
         p.candidate_usd AS shadow_usd, p.reference_cached, p.candidate_cached
  FROM shares p
  JOIN opened_cells o ON o.cell = p.cell
  JOIN traffic t ON t.category = o.category
  WHERE o.family_weight > 0.0
)
