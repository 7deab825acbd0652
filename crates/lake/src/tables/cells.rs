//! `cells`: one cell: category × candidate × epoch.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "cells",
    doc: "One cell: category × candidate × epoch.",
    columns: &[
        known("date", Kind::Date, "UTC day of `opened_at`; the partition."),
        known("cell", Kind::Text, "The cell's id: `category/candidate/epoch`."),
        known("category", Kind::Text, "The kind of call."),
        known("candidate", Kind::Text, "The model on trial."),
        known("epoch", Kind::Long, "Counts up whenever the cell's definition changes."),
        known("opened_at", Kind::Time, "When the epoch began."),
        known(
            "definition_digest",
            Kind::Text,
            "Digest of the rule, scorers, judge, mode and bar in force.",
        ),
        known("mode", Kind::Text, "How verdicts become losses: R, RP, JA, JP, AA, H or PPI."),
        known("tau", Kind::Double, "The greatest mean loss that the bar or margin allows."),
        known("loss_lo", Kind::Double, "Least loss that the mode can give."),
        known("loss_hi", Kind::Double, "Greatest loss that the mode can give."),
        known("family_weight", Kind::Double, "The cell's share of the family's error budget."),
        known(
            "restarts",
            Kind::Long,
            "How many epochs of the same category and candidate came before.",
        ),
        known(
            "max_wait_s",
            Kind::Double,
            "After so long without a verdict a sampled exchange counts as the greatest loss.",
        ),
        maybe(
            "replies_digest",
            Kind::Text,
            "Digest of what decides which replies there are: rules, candidate, provider, control.",
        ),
    ],
    indexed: &["opened_at"],
};
