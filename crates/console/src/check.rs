//! Readiness: a few named checks, told to load balancers as a status and to Prometheus as a gauge.

use metrics::gauge;
use serde_json::{Value, json};
use std::fmt;

/// Whether a check passes (1) or fails (0), as of the last scrape; label `check`.
pub const READY: &str = "foreshadow_ready";

/// Something that must hold before work should be sent here. It is asked on every probe and scrape,
/// so it must look at what is known already and wait for nothing.
pub struct Check {
    name: &'static str,
    ask: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl Check {
    /// A check by the name that probes and dashboards show; its error says what is wrong.
    pub fn new(
        name: &'static str,
        ask: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { name, ask: Box::new(ask) }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What all checks said at one moment.
pub(crate) struct Readiness {
    pub(crate) is_ready: bool,
    pub(crate) body: Value,
}

/// Asks every check, also after one has failed: who mends one thing wants to know of the other.
pub(crate) fn ask(checks: &[Check]) -> Readiness {
    let told: Vec<_> = checks.iter().map(|check| (check.name, (check.ask)())).collect();
    for (name, said) in &told {
        gauge!(READY, "check" => *name).set(if said.is_ok() { 1.0 } else { 0.0 });
    }
    let is_ready = told.iter().all(|(_, said)| said.is_ok());
    let rows: Vec<Value> = told.into_iter().map(row).collect();
    Readiness { is_ready, body: json!({ "ready": is_ready, "checks": rows }) }
}

fn row((name, said): (&str, Result<(), String>)) -> Value {
    match said {
        Ok(()) => json!({ "check": name, "ready": true }),
        Err(problem) => json!({ "check": name, "ready": false, "problem": problem }),
    }
}
