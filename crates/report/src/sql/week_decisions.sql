-- The versions of the policy that a week made.
SELECT policy_version, decided_at, action, category, candidate, actor, reasons
FROM decisions
WHERE decided_at > {from} AND decided_at <= {as_of} AND policy_version IS NOT NULL
ORDER BY policy_version DESC
LIMIT {changes_max}
