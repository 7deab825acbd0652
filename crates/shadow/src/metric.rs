//! Every metric of the worker, by name.

/// Journal records that could not be read, by what was wrong.
const UNREADABLE: &str = "foreshadow_worker_unreadable_total";
/// Exchanges and meters read.
const EVENTS: &str = "foreshadow_worker_events_total";
/// Arms by what was decided about them.
const ASSIGNED: &str = "foreshadow_worker_assigned_total";
/// Calls of ours by purpose and by how they ended.
const CALLS: &str = "foreshadow_worker_calls_total";
/// The first journal offset that is not recorded yet, by partition.
const RECORDED: &str = "foreshadow_worker_recorded_offset";

pub(crate) fn unreadable(what: &'static str, count: u64) {
    metrics::counter!(UNREADABLE, "reason" => what, "intentional" => "false").increment(count);
}

pub(crate) fn events(count: usize) {
    metrics::counter!(EVENTS).increment(count as u64);
}

pub(crate) fn assigned(outcome: &'static str) {
    metrics::counter!(ASSIGNED, "outcome" => outcome).increment(1);
}

pub(crate) fn called(purpose: &'static str, outcome: &'static str) {
    metrics::counter!(CALLS, "purpose" => purpose, "outcome" => outcome).increment(1);
}

pub(crate) fn recorded(partition: u32, offset: u64) {
    metrics::gauge!(RECORDED, "partition" => partition.to_string()).set(offset as f64);
}
