//! `decisions`: what was decided about a category: promote, hold, ramp, demote or rollback.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "decisions",
    doc: "What was decided about a category: promote, hold, ramp, demote or rollback.",
    columns: &[
        known("date", Kind::Date, "UTC day of `decided_at`; the partition."),
        known("decided_at", Kind::Time, "When it was decided."),
        maybe("as_of", Kind::Time, "The moment that the evidence speaks for."),
        maybe(
            "lake_version",
            Kind::Text,
            "Versions of the tables that the evidence was read from, as JSON.",
        ),
        known("category", Kind::Text, "The category decided about."),
        maybe("candidate", Kind::Text, "The model on trial; null for a rollback of several."),
        known("action", Kind::Text, "Promote, hold, ramp, demote or rollback."),
        maybe("stage", Kind::Text, "The stage that follows: shadow, canary, live or demoted."),
        known("actor", Kind::Text, "Who or what decided."),
        maybe("threshold", Kind::Double, "The adjusted confidence that was demanded."),
        maybe("confidence", Kind::Double, "The adjusted confidence that was found."),
        maybe("reasons", Kind::Text, "The blockers, or the reason of a forced decision, as JSON."),
        maybe("policy_version", Kind::Long, "The policy that it made; null for a hold."),
        maybe("evidence_digest", Kind::Text, "Digest of the evidence."),
        maybe("evidence", Kind::Text, "The evidence itself, as JSON."),
    ],
    indexed: &["decided_at"],
};
