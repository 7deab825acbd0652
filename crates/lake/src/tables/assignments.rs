//! `assignments`: exchange × arm × candidate, decided before any shadow call.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "assignments",
    doc: "Exchange × arm × candidate, decided before any shadow call.",
    columns: &[
        known("date", Kind::Date, "UTC day of the exchange's `observed_at`; the partition."),
        known("exchange_id", Kind::Text, "The exchange."),
        known("arm", Kind::Text, "Reference, control or candidate."),
        maybe("candidate", Kind::Text, "The model on trial; null for an arm that is none."),
        maybe(
            "cell",
            Kind::Text,
            "The cell that it speaks for; null for an arm that serves several.",
        ),
        known("conversation", Kind::Text, "Key of the calls that belong together."),
        maybe("tenant", Kind::Text, "Who called, where that was declared."),
        known("observed_at", Kind::Time, "When the proxy received the call."),
        maybe(
            "pi",
            Kind::Double,
            "Probability with which it was drawn; null where there was no draw.",
        ),
        maybe("pi_floor", Kind::Double, "Least probability that the day's block promised."),
        known("sampled", Kind::Bool, "Whether the arm is asked."),
        maybe("ineligible_reason", Kind::Text, "Why it cannot be replayed honestly, if it cannot."),
        maybe(
            "withheld_reason",
            Kind::Text,
            "Why it was not to be asked, decided before the draw.",
        ),
        maybe("history_turns", Kind::Long, "Turns of the conversation before this call."),
        maybe("audit_prob", Kind::Double, "Probability with which a human is asked for a label."),
        maybe("audited", Kind::Bool, "Whether one is; drawn with the assignment."),
        known("journal_offset", Kind::Long, "Offset of the journal record that the row came from."),
        maybe(
            "origin",
            Kind::Text,
            "What it was decided for, if not for the call as it passed: rescore, replay, golden or anchor.",
        ),
        maybe("decided_at", Kind::Time, "When it was decided; null where that was as it passed."),
    ],
    indexed: &["journal_offset", "observed_at"],
};
