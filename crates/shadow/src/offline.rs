//! Over the tables again, beside the worker, when somebody asks for it: replies are scored anew,
//! stored calls are put to a new candidate, the cases of the pipeline to its models, and frozen pairs
//! to their judge.
//!
//! It goes by the same settings as the worker, asks under the same budget and writes every paid call
//! into a ledger, but one of its own: it runs in a process of its own. What either spends, the other
//! learns from the table `calls`. It never touches a row that is there.

pub(crate) mod anchors;
pub(crate) mod golden;
pub(crate) mod replay;
pub(crate) mod rescore;
mod stored;

use crate::{
    Added, CategoryWork, Elsewhere, Error, Ledger, LowQuota, Origin, Settings, Stored,
    budget::Budget, replay::Asker, shadow::Shadower,
};
use exchange::{Clock, Date};
use policy::{Cell, Withheld};
use std::sync::Arc;
use tokio::sync::watch;

pub use stored::{StoredExchange, StoredScore, StoredShadow};

/// Rows that are made, and committed, together: what a process that is killed does again.
pub(crate) const CHUNK_ROWS_MAX: usize = 64;

/// Whoever goes over the tables again.
pub struct Offline<S, L> {
    pub(crate) settings: Arc<Settings>,
    pub(crate) stored: Arc<S>,
    pub(crate) shadower: Shadower<L>,
    elsewhere: watch::Sender<Elsewhere>,
}

/// What it works with.
pub struct Means<S, L> {
    /// The tables.
    pub stored: Arc<S>,
    /// Where its paid calls are written down.
    pub ledger: Arc<L>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Providers to stand back from at present.
    pub low_quota: watch::Receiver<LowQuota>,
}

/// Which cells are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Those of one category.
    pub category: Option<String>,
    /// Those of one candidate.
    pub candidate: Option<String>,
}

impl<S: Stored, L: Ledger> Offline<S, L> {
    /// Learns from the ledger what it spent before.
    ///
    /// # Errors
    /// [`Error`] if ledger or tables cannot be read.
    pub async fn open(
        settings: Settings,
        means: Means<S, L>,
        origin: Origin,
    ) -> Result<Self, Error> {
        let Means { stored, ledger, clock, low_quota } = means;
        let today = clock.now().date();
        let (elsewhere, told) = watch::channel(spent_elsewhere(&*stored, today).await?);
        let settings = Arc::new(settings);
        let budget = Arc::new(Budget::new(settings.caps.clone(), told));
        budget.resume(today, &ledger.spent(today).await.map_err(Error::Ledger)?);
        let asker = Asker {
            settings: Arc::clone(&settings),
            budget,
            ledger,
            clock,
            low_quota,
            // What commands pay for is in the ledger; a trace is of calls as they pass.
            hear: Arc::new(|_| ()),
            origin: Some(origin),
        };
        Ok(Self { settings, stored, shadower: Shadower::new(asker), elsewhere })
    }

    /// Asks the tables again what the worker spent.
    pub(crate) async fn learn(&self) -> Result<(), Error> {
        let today = self.shadower.asker.clock.now().date();
        self.elsewhere.send_replace(spent_elsewhere(&*self.stored, today).await?);
        Ok(())
    }

    /// Why one of `models` is not to be asked about calls of a category, whatever it costs.
    pub(crate) fn forbidden<'a>(
        &self,
        work: &CategoryWork,
        models: impl Iterator<Item = &'a str>,
    ) -> Option<Withheld> {
        let known = &self.settings.models;
        for name in models {
            let Some(model) = known.models.get(name) else { return Some(Withheld::NoKey) };
            if !work.allows(&model.provider) {
                return Some(Withheld::Provider);
            }
            if known.client(&model.provider).is_none() {
                return Some(Withheld::NoKey);
            }
        }
        None
    }

    pub(crate) async fn put(&self, rows: Added) -> Result<(), Error> {
        if rows == Added::default() {
            return Ok(());
        }
        self.stored.add(rows).await.map_err(Error::Record)
    }

    pub(crate) async fn cells(&self) -> Result<Vec<Cell>, Error> {
        let cells = self.stored.cells().await.map_err(Error::Record)?;
        cells.into_iter().map(Cell::try_from).collect()
    }
}

async fn spent_elsewhere<S: Stored>(stored: &S, day: Date) -> Result<Elsewhere, Error> {
    Ok(Elsewhere { day, spent: stored.spent(day).await.map_err(Error::Record)? })
}

impl Choice {
    pub(crate) fn takes(&self, category: &str, candidate: &str) -> bool {
        self.category.as_ref().is_none_or(|it| it == category)
            && self.candidate.as_ref().is_none_or(|it| it == candidate)
    }
}
