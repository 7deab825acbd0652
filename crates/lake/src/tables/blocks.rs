//! `blocks`: one cell and day, declared at its start.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "blocks",
    doc: "One cell and day, declared at its start.",
    columns: &[
        known("date", Kind::Date, "The same as `day`; the partition."),
        known("cell", Kind::Text, "The cell's id."),
        known("day", Kind::Date, "The UTC day that the figures hold for."),
        known(
            "pi_floor",
            Kind::Double,
            "Least probability with which an exchange of the day is sampled.",
        ),
        maybe("eta", Kind::Double, "How far the judge's word is trusted beside labels."),
        maybe("a_hat", Kind::Double, "The noise floor that was expected when the day began."),
        maybe(
            "rho",
            Kind::Double,
            "Probability with which the control is asked beside the candidate.",
        ),
        maybe("kappa", Kind::Double, "Least probability of an audit that the day promised."),
    ],
    indexed: &["day"],
};
