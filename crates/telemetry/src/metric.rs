//! Every metric of the traces, by name.

/// Spans that a collector took.
const EXPORTED: &str = "foreshadow_traces_exported_total";
/// Spans that no collector got, by reason.
const DROPPED: &str = "foreshadow_traces_dropped_total";

/// Why there is no span where there should have been one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Too many wait.
    QueueFull,
    /// What waits holds too much memory.
    Memory,
    /// Reading it failed in a way that it must not.
    Panicked,
    /// The collector did not take it.
    Export,
    /// The process ended before the collector had taken it.
    Shutdown,
}

impl Dropped {
    fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Memory => "memory",
            Self::Panicked => "panicked",
            Self::Export => "export",
            Self::Shutdown => "shutdown",
        }
    }
}

pub(crate) fn exported(spans: usize) {
    metrics::counter!(EXPORTED).increment(spans as u64);
}

pub(crate) fn dropped(why: Dropped, spans: usize) {
    metrics::counter!(DROPPED, "reason" => why.name()).increment(spans as u64);
}
