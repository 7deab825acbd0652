//! Readiness: a few named checks, told to load balancers as a status and to Prometheus as a gauge.

use metrics::gauge;
use serde_json::{Value, json};
use std::{fmt, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Whether a check passes (1) or fails (0), as of the last scrape; label `check`.
pub const READY: &str = "foreshadow_ready";

/// How long a check is waited for. What takes longer fails: whoever probes has little patience, and a
/// scrape that waits for what is broken would not tell what is.
const CHECK_WAIT_MAX: Duration = Duration::from_secs(1);

/// Something that must hold before work should be sent here. It is asked on every probe and scrape,
/// on a thread that may wait, and by one of them at a time.
pub struct Check {
    name: &'static str,
    ask: Arc<Ask>,
    turn: Arc<Semaphore>,
}

type Ask = dyn Fn() -> Result<(), String> + Send + Sync;

impl Check {
    /// A check by the name that probes and dashboards show; its error says what is wrong.
    pub fn new(
        name: &'static str,
        ask: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { name, ask: Arc::new(ask), turn: Arc::new(Semaphore::new(1)) }
    }

    /// What it says within [`CHECK_WAIT_MAX`].
    async fn said(&self) -> Result<(), String> {
        let silent = || Err(format!("it does not answer within {} s", CHECK_WAIT_MAX.as_secs()));
        timeout(CHECK_WAIT_MAX, self.asked()).await.unwrap_or_else(|_| silent())
    }

    async fn asked(&self) -> Result<(), String> {
        let ask = Arc::clone(&self.ask);
        let turn = Arc::clone(&self.turn).acquire_owned().await;
        // The turn ends with the answer, and not with the patience of who asked.
        let asked = spawn_blocking(move || {
            let said = ask();
            drop(turn);
            said
        });
        asked.await.unwrap_or_else(|error| Err(error.to_string()))
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
pub(crate) async fn ask(checks: &[Check]) -> Readiness {
    let mut told = Vec::with_capacity(checks.len());
    for check in checks {
        told.push((check.name, check.said().await));
    }
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
