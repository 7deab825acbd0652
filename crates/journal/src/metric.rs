//! Every metric of the log, by name.

use crate::forward::Sums;
use metrics::{Gauge, counter, gauge};

/// Records that a group has not committed yet, by topic, group and partition.
const LAG: &str = "foreshadow_journal_lag";
/// Records that wait in the spool for the brokers.
const WAITING: &str = "foreshadow_spool_records";
/// What the spool takes on disk.
const BYTES: &str = "foreshadow_spool_bytes";
/// Records on their way to the brokers, by what became of them.
const PASSED: &str = "foreshadow_spool_passed_total";

/// How far a group is behind in a partition: 0 where this process does not read it.
pub(crate) fn lag(topic: &str, group: &str, partition: u32) -> Gauge {
    let (topic, group) = (topic.to_owned(), group.to_owned());
    gauge!(LAG, "topic" => topic, "group" => group, "partition" => partition.to_string())
}

/// What has come to pass between two looks at the sums.
pub(crate) fn passed(before: Sums, now: Sums) {
    let outcomes = [
        ("found", before.found, now.found),
        ("direct", before.direct, now.direct),
        ("spooled", before.spooled, now.spooled),
        ("forwarded", before.forwarded, now.forwarded),
        ("shed", before.shed, now.shed),
        ("held", before.held, now.held),
        ("refused", before.refused, now.refused),
    ];
    for (outcome, before, now) in outcomes {
        counter!(PASSED, "outcome" => outcome).increment(now.saturating_sub(before));
    }
}

pub(crate) fn spool(records: u64, bytes: u64) {
    gauge!(WAITING).set(records as f64);
    gauge!(BYTES).set(bytes as f64);
}
