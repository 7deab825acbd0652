//! `meters`: one second of one proxy.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "meters",
    doc: "One second of one proxy; counts add up over rows, and a second with several \
          reasons has a row for each.",
    columns: &[
        known("date", Kind::Date, "UTC day of `at`; the partition."),
        known("proxy_instance", Kind::Text, "The proxy process that counted."),
        known("at", Kind::Time, "The start of the second."),
        maybe("category", Kind::Text, "The category that the caller declared, where it did."),
        known("offered", Kind::Long, "Exchanges offered to the mirror."),
        known("accepted", Kind::Long, "Those that it took."),
        known("shed", Kind::Long, "Those that it did not take, for this row's reason."),
        maybe("shed_reason", Kind::Text, "Why it did not take them."),
        known(
            "lost",
            Kind::Long,
            "Accepted ones lost before they were durable, for this row's reason.",
        ),
        maybe("lost_reason", Kind::Text, "Why they were lost."),
        known("journal_offset", Kind::Long, "Offset of the journal record that the row came from."),
    ],
    indexed: &["journal_offset", "at"],
};
