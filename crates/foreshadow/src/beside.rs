//! Payloads too long for Kafka's brokers: they lie beside the tables, where all processes reach them,
//! until no record can point at them any more.

use anyhow::Result;
use bytes::Bytes;
use exchange::Timestamp;
use journal::{Outside, outside::left_at};
use lake::Files;
use std::{thread, time::Duration};
use tokio::{runtime::Handle, time::timeout};

/// How long whoever leaves or fetches one waits for the store. A mirror waits meanwhile.
const STORE_WAIT_MAX: Duration = Duration::from_secs(5);
/// A dead letter may hold a record as old as records get, and is kept as long again.
const RETENTIONS: u32 = 2;

/// The files beside the tables, for who blocks.
pub(crate) struct Beside {
    files: Files,
    runtime: Handle,
}

impl Beside {
    /// To be called on a runtime, which does the waiting.
    pub(crate) fn new(files: Files) -> Self {
        Self { files, runtime: Handle::current() }
    }

    fn wait<T: Send>(
        &self,
        asked: impl Future<Output = lake::Result<T>> + Send,
    ) -> Result<T, String> {
        let asking = || self.runtime.block_on(async { timeout(STORE_WAIT_MAX, asked).await });
        // On a thread of its own: whoever blocks may be one of the runtime's.
        let said = thread::scope(|scope| scope.spawn(asking).join());
        let silent = |_| Err(format!("no answer within {} s", STORE_WAIT_MAX.as_secs()));
        let told = said.map_err(|_| "whoever asked for it panicked".to_owned())?;
        told.map_or_else(silent, |said| said.map_err(|error| error.to_string()))
    }
}

impl Outside for Beside {
    fn put(&self, name: &str, payload: Bytes) -> Result<(), String> {
        self.wait(self.files.replace(name, payload))
    }

    fn get(&self, name: &str) -> Result<Option<Bytes>, String> {
        self.wait(self.files.read(name))
    }
}

/// Removes those that no record can point at any more, of a topic that keeps its records for
/// `retention`; how many.
pub(crate) async fn expire(files: &Files, now: Timestamp, retention: Duration) -> Result<usize> {
    let oldest = Duration::from_micros(now.0.unsigned_abs()).saturating_sub(retention * RETENTIONS);
    let mut removed = 0;
    for name in files.names().await? {
        if left_at(&name).is_some_and(|left| left < oldest) {
            files.remove(&name).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
