-- One scorer's word on one reply.
SELECT exchange_id, s['arm'] AS arm, s['candidate'] AS candidate, s['scorer'] AS scorer,
       s['scorer_digest'] AS scorer_digest, s['trial'] AS trial, s['kind'] AS kind,
       s['value'] AS value, s['abstained'] AS abstained, s['reason'] AS reason,
       s['cost_usd'] AS cost_usd
FROM (SELECT exchange_id, unnest(scores) AS s FROM shadows
      WHERE answered_at <= {as_of} AND (origin IS NULL OR origin NOT IN ('golden', 'anchor'))) AS each
