//! `labels`: a human's verdict.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "labels",
    doc: "A human's verdict.",
    columns: &[
        known("date", Kind::Date, "UTC day of `labelled_at`; the partition."),
        known("exchange_id", Kind::Text, "The exchange."),
        known("arm", Kind::Text, "Whose reply was looked at."),
        maybe("candidate", Kind::Text, "The model on trial; null for an arm that is none."),
        known("labelled_at", Kind::Time, "When the verdict was given."),
        known("labeller", Kind::Text, "Who gave it."),
        maybe(
            "acceptable",
            Kind::Bool,
            "Whether the reply would do; null where the labeller would not say.",
        ),
        maybe("audit_prob", Kind::Double, "Probability with which it was picked for the label."),
        maybe("shown_order", Kind::Text, "In which order the replies were shown."),
        maybe("note", Kind::Text, "What the labeller remarked."),
    ],
    indexed: &["labelled_at"],
};
