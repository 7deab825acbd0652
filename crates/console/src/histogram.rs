//! A histogram of seconds with fixed buckets: two atomics for each value, whoever records it and
//! however seldom it is read. The exporter's own keeps every value until it is read next.

use metrics::HistogramFn;
use std::{
    fmt::{Result, Write},
    sync::atomic::{AtomicU64, Ordering},
};

/// The buckets' upper ends in seconds: those that OpenTelemetry's conventions for generative AI advise
/// for the duration of a call, and three more.
const ENDS_S: [f64; 17] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84,
    327.68, 655.36,
];

/// How often which values came.
#[derive(Debug, Default)]
pub(crate) struct Seconds {
    /// The values of each bucket alone; the last has no end.
    counts: [AtomicU64; ENDS_S.len() + 1],
    sum_us: AtomicU64,
}

impl HistogramFn for Seconds {
    fn record(&self, seconds: f64) {
        let bucket = ENDS_S.iter().position(|end| seconds <= *end).unwrap_or(ENDS_S.len());
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum_us.fetch_add((seconds * 1e6) as u64, Ordering::Relaxed);
        }
    }
}

impl Seconds {
    /// Appends the series of `name` with `labels` (each followed by a comma), once it has a value.
    pub(crate) fn write(&self, name: &str, labels: &str, out: &mut String) -> Result {
        let counts = self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return Ok(());
        }
        let mut below = 0;
        for (end, count) in ENDS_S.iter().zip(counts) {
            below += count;
            writeln!(out, "{name}_bucket{{{labels}le=\"{end}\"}} {below}")?;
        }
        writeln!(out, "{name}_bucket{{{labels}le=\"+Inf\"}} {total}")?;
        let sum_s = self.sum_us.load(Ordering::Relaxed) as f64 / 1e6;
        let labels = labels.trim_end_matches(',');
        writeln!(out, "{name}_sum{{{labels}}} {sum_s}")?;
        writeln!(out, "{name}_count{{{labels}}} {total}")
    }
}
