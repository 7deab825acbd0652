//! What every metric means, told to whoever scrapes it. The names belong to the crates that count;
//! a tidy test holds this list against them.

use crate::check::READY;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Describes every metric of Foreshadow to the recorder that is installed.
pub fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, Unit::Count, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(name, Unit::Seconds, meaning);
    }
    describe_gauge!(READY, Unit::Count, "Whether a readiness check passes (1) or fails (0).");
}

const COUNTERS: [(&str, &str); 27] = [
    (
        "foreshadow_live_requests_total",
        "Live calls answered, by provider, route and class of status.",
    ),
    (
        "foreshadow_live_fallbacks_total",
        "Live calls that the reference answered because the candidate failed, by provider.",
    ),
    (
        "foreshadow_live_blocked_total",
        "Live calls that the reference answered because a content policy stopped the candidate's \
         reply, by provider.",
    ),
    (
        "foreshadow_live_bound_total",
        "Live calls kept from a candidate because their conversation could not come back to the \
         reference, by provider and reason.",
    ),
    (
        "foreshadow_live_guard_refusals_total",
        "Live calls kept from a candidate because the reference had not lately accepted the \
         caller's credential, by provider.",
    ),
    (
        "foreshadow_live_tunnels_total",
        "Connections that became tunnels, which are not mirrored, by provider.",
    ),
    (
        "foreshadow_live_retries_total",
        "Live calls sent a second time because an idle connection had died or the provider had \
         refused them unread, by provider.",
    ),
    (
        "foreshadow_live_surplus_total",
        "Connections to a provider that ended because it sent more than it had announced, by provider.",
    ),
    (
        "foreshadow_live_provider_limits_total",
        "How often a limit on what we have with a provider took effect, by provider and limit.",
    ),
    (
        "foreshadow_live_connections_full_total",
        "How often as many connections were open as may be, so that further clients waited.",
    ),
    (
        "foreshadow_live_connections_cut_total",
        "Clients' connections, or calls on them, that were ended for a limit, by limit.",
    ),
    (
        "foreshadow_live_unread_total",
        "Live calls passed through unplanned, and replies handed over unpriced, because too much \
         would have been held in memory, by limit.",
    ),
    ("foreshadow_live_refusals_total", "Errors of our own making on the live path, by code."),
    ("foreshadow_mirror_offered_total", "Exchanges offered to the mirror."),
    ("foreshadow_mirror_accepted_total", "Exchanges that the mirror took."),
    ("foreshadow_mirror_shed_total", "Exchanges that were not mirrored, by reason."),
    (
        "foreshadow_mirror_lost_total",
        "Exchanges that the mirror took and the journal did not, by reason.",
    ),
    (
        "foreshadow_spool_passed_total",
        "Records on their way to Kafka, by what became of them: found in the spool at the start, \
         direct, spooled, forwarded out of the spool, shed, held by the producer alone, refused.",
    ),
    (
        "foreshadow_worker_unreadable_total",
        "Journal records that could not be read, by what was wrong.",
    ),
    ("foreshadow_worker_events_total", "Exchanges and meters that the worker read."),
    ("foreshadow_worker_assigned_total", "Arms of exchanges, by what was decided about them."),
    ("foreshadow_worker_calls_total", "Calls of our own, by purpose and by how they ended."),
    ("foreshadow_traces_exported_total", "Spans that the collector of traces took."),
    (
        "foreshadow_traces_dropped_total",
        "Spans that the collector of traces did not get, by reason.",
    ),
    ("foreshadow_demotions_total", "Categories that the watch sent back to their reference."),
    ("foreshadow_worker_failed_total", "Times that the worker failed and was opened anew."),
    (
        "foreshadow_log_dropped_total",
        "Lines of the log that were not written, because nobody read standard error.",
    ),
];

const GAUGES: [(&str, &str); 8] = [
    ("foreshadow_lake_files", "Parquet files that a table consists of now, by table."),
    ("foreshadow_policy_version", "The version of the policy that the proxy goes by."),
    ("foreshadow_live_in_flight", "Live calls that are being served."),
    ("foreshadow_live_connections", "Clients' connections that are open."),
    (
        "foreshadow_worker_recorded_offset",
        "The first journal offset that is not recorded in the tables yet, by partition.",
    ),
    (
        "foreshadow_journal_lag",
        "Records that a group has not committed yet, by topic, group and partition; 0 where another \
         process reads it.",
    ),
    ("foreshadow_spool_records", "Records that wait on this machine's disk for Kafka's brokers."),
    ("foreshadow_spool_bytes", "Bytes that they take on disk."),
];

const HISTOGRAMS: [(&str, &str); 2] = [
    (
        "foreshadow_live_call_seconds",
        "From the head of a live call until its reply had ended or broken off, by provider and class \
         of status.",
    ),
    (
        "foreshadow_live_first_byte_seconds",
        "From the head of a live call until the first byte of its reply's body, by provider and \
         class of status.",
    ),
];
