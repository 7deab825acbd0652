//! Commands that ask models, or score again, beside whatever runs on the same folder.
//!
//! Their ledger is a journal of its own, because the worker's is held by the process that works. Its
//! lock also keeps two of them from doing the same twice.

use crate::{
    place::Place,
    recorder::Recorder,
    settings::{self, Secrets},
    shelf::Shelf,
    system::Deployment,
};
use anyhow::{Context, Result, bail};
use exchange::Clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use journal::Journal;
use pipeline::Pipeline;
use shadow::{JournalLedger, LedgerCopy, Limits, LowQuota, Offline, OfflineMeans, Origin};
use std::{io::IsTerminal, sync::Arc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Bytes that the ledger may hold: some ten million calls that no table has yet.
const LEDGER_BYTES_MAX: u64 = 4 << 30;

/// What such a command works with.
pub(crate) struct Session {
    pub(crate) offline: Offline<Shelf, JournalLedger>,
    copy: LedgerCopy<Recorder>,
}

/// Whose folder, and by which rules.
pub(crate) struct Of<'a> {
    pub(crate) place: &'a Place,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) secrets: &'a Secrets,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl<'a> From<&'a Deployment> for Of<'a> {
    fn from(deployment: &'a Deployment) -> Self {
        let Deployment { place, pipeline, secrets, clock, .. } = deployment;
        Self { place, pipeline, secrets, clock }
    }
}

impl Session {
    /// Opens the ledger, and copies to the tables what a run that was killed left in it.
    pub(crate) async fn open(
        of: &Of<'_>,
        origin: Origin,
        low_quota: watch::Receiver<LowQuota>,
    ) -> Result<Self> {
        of.place.create()?;
        let lake = of.place.lake();
        let folder = of.place.offline();
        let opened = Journal::open(&folder, journal::Limits::bytes(LEDGER_BYTES_MAX));
        let journal = match opened {
            Err(journal::Error::Locked { .. }) => bail!(
                "another `rescore`, `replay`, `golden` or `judge anchors` works on {}: wait until it has ended",
                of.place.own().display()
            ),
            opened => opened.with_context(|| format!("ledger {}", folder.display()))?,
        };
        let record = Arc::new(Recorder::embedded(lake.clone(), &journal));
        record.align(&journal).await?;
        let mut copy = LedgerCopy::open(journal.clone(), record).await?;
        copy.drain().await?;
        let means = OfflineMeans {
            stored: Arc::new(Shelf::new(lake)),
            ledger: Arc::new(JournalLedger::new(journal)),
            clock: Arc::clone(of.clock),
            low_quota,
        };
        let settings = settings::shadow(of.pipeline, of.secrets, of.clock, Limits::default())?;
        Ok(Self { offline: Offline::open(settings, means, origin).await?, copy })
    }

    /// Copies to the tables what was paid.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        Ok(self.copy.drain().await?)
    }
}

/// Nobody in this process sees what the live path has left of its quotas.
pub(crate) fn no_quota() -> watch::Receiver<LowQuota> {
    watch::channel(LowQuota::default()).1
}

/// Told by the first Ctrl-C or SIGTERM: what is under way is finished, and the rest left.
pub(crate) fn until_told() -> Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    // Nobody waits for it: it ends with the process.
    drop(tokio_util::task::TaskTracker::new().spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    }));
    Ok(stop)
}

/// A bar on the terminal, where there is one.
pub(crate) fn progress(of: &str, length: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg} [{bar:32}] {pos} of {len} · {eta} left")?;
    let terminal = std::io::stderr().is_terminal();
    let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
    bar.set_message(of.to_owned());
    Ok(bar)
}
