use crate::{
    Error, Ledger, Record, Settings, Shadowed,
    budget::{Budget, Elsewhere},
    metric,
    observe::{Allotted, Job, Known, Observer},
    read::{self, Reader, Until},
    replay::{Asker, Hear, LowQuota},
    shadow::Shadower,
};
use exchange::Clock;
use futures::{StreamExt, TryStreamExt, stream};
use journal::{
    Append, Committer, Subscription,
    dead::{self, DeadLetter},
};
use policy::{Block, Cell};
use std::{ops::Range, sync::Arc};
use tokio::sync::watch;
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};

/// Journal records whose exchanges and meters a worker knows from the tables when it begins.
const RECORDED_OFFSETS_MAX: u64 = 8_192;

/// The other path, from the journal to the tables.
///
/// A batch is read, observed, shadowed and recorded, in this order; the shadow calls of several
/// batches are under way at once, and batches are recorded in the order in which they were read.
/// After an error a worker is of no more use: open a new one, which goes on from what the tables
/// say is done.
pub struct Worker<R, L> {
    settings: Arc<Settings>,
    committer: Committer,
    dead: Arc<dyn Append>,
    reader: Reader,
    observer: Observer,
    shadower: Arc<Shadower<L>>,
    record: Arc<R>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
}

/// What a worker works with.
pub struct Means<R, L> {
    /// Where events come from: one partition, which nobody else reads for this group meanwhile.
    pub subscription: Subscription,
    /// Where records go that cannot be read.
    pub dead: Arc<dyn Append>,
    /// Where rows go.
    pub record: Arc<R>,
    /// Where paid calls are written down.
    pub ledger: Arc<L>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Providers to stand back from at present.
    pub low_quota: watch::Receiver<LowQuota>,
    /// What others spend of the same budget.
    pub elsewhere: watch::Receiver<Elsewhere>,
    /// What evidence says of each cell from the next day on.
    pub allotted: watch::Receiver<Allotted>,
    /// Hears what is paid for.
    pub hear: Hear,
}

impl<R: Record, L: Ledger> Worker<R, L> {
    /// Learns from the tables and the ledger what is done and spent already.
    ///
    /// # Errors
    /// [`Error`] if journal, tables or ledger cannot be read.
    pub async fn open(settings: Settings, means: Means<R, L>) -> Result<Self, Error> {
        let Means {
            subscription,
            dead,
            record,
            ledger,
            clock,
            low_quota,
            elsewhere,
            allotted,
            hear,
        } = means;
        let settings = Arc::new(settings);
        let budget = Arc::new(Budget::new(settings.caps.clone(), elsewhere));
        let today = clock.now().date();
        budget.resume(today, &ledger.spent(today).await.map_err(Error::Ledger)?);
        let receipts = record.receipts().await.map_err(Error::Record)?;
        let cells = record.cells().await.map_err(Error::Record)?;
        let cells = cells.into_iter().map(Cell::try_from).collect::<Result<_, _>>()?;
        let blocks = record.blocks().await.map_err(Error::Record)?;
        let blocks = blocks.into_iter().map(Block::from).collect();
        let committer = subscription.committer();
        let reader = Reader::resume(subscription, receipts.everywhere)?;
        let begin = reader.position();
        let before = begin.saturating_sub(RECORDED_OFFSETS_MAX)..begin;
        let recorded = record.recorded(before).await.map_err(Error::Record)?;
        let observer = Observer::new(Known {
            settings: Arc::clone(&settings),
            budget: Arc::clone(&budget),
            allotted,
            receipts,
            cells,
            blocks,
            recorded,
        });
        let asker = Asker {
            settings: Arc::clone(&settings),
            budget,
            ledger,
            clock: Arc::clone(&clock),
            low_quota,
            origin: None,
            hear,
        };
        let shadower = Arc::new(Shadower::new(asker));
        let tasks = TaskTracker::new();
        Ok(Self { settings, committer, dead, reader, observer, shadower, record, clock, tasks })
    }

    /// Works until told to stop, and then finishes what is under way.
    ///
    /// # Errors
    /// Any [`Error`]; nothing is lost, open a new worker.
    pub async fn run(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        self.work(Until::Stopped(stop.clone())).await
    }

    /// Works off what the journal holds now.
    ///
    /// # Errors
    /// Any [`Error`]; nothing is lost, open a new worker.
    pub async fn drain(&mut self) -> Result<(), Error> {
        let end = self.reader.end().await?;
        self.work(Until::Offset(end)).await
    }

    async fn work(&mut self, until: Until) -> Result<(), Error> {
        let batches_max = self.settings.limits.batches_max.max(1);
        let record = Arc::clone(&self.record);
        let committer = self.committer.clone();
        let (shadower, tasks) = (Arc::clone(&self.shadower), self.tasks.clone());
        let observed = stream::try_unfold(self, |worker| {
            let until = until.clone();
            async move { Ok(worker.observe(&until).await?.map(|batch| (batch, worker))) }
        });
        // The calls run in tasks of their own: while a batch is being recorded nobody polls this
        // stream, and a call that is not polled would time out for no fault of its candidate.
        let shadowed = observed.map_ok(|(offsets, jobs)| {
            let shadower = Arc::clone(&shadower);
            let work = async move { shadower.shadow(offsets, jobs).await };
            let task = AbortOnDropHandle::new(tasks.spawn(work));
            async move { task.await.unwrap_or(Err(Error::Cut)) }
        });
        let mut shadowed = std::pin::pin!(shadowed.try_buffered(batches_max));
        while let Some(batch) = shadowed.next().await {
            commit(&*record, &committer, batch?).await?;
        }
        Ok(())
    }

    /// Reads a batch and records what was seen and decided; `None` where there is to be no more.
    async fn observe(&mut self, until: &Until) -> Result<Option<(Range<u64>, Vec<Job>)>, Error> {
        let limits = &self.settings.limits;
        let Some(mut batch) = read::read(&mut self.reader, until, limits).await? else {
            return Ok(None);
        };
        self.bury(std::mem::take(&mut batch.dead)).await?;
        let offsets = batch.offsets.clone();
        let known = offsets.start..offsets.end.min(self.observer.receipts().assignments);
        let recorded = if known.is_empty() {
            Vec::new()
        } else {
            self.record.assignments(known).await.map_err(Error::Record)?
        };
        let (observed, jobs) = self.observer.observe(batch, recorded, self.clock.now());
        self.record.observed(observed).await.map_err(Error::Record)?;
        Ok(Some((offsets, jobs)))
    }
}

impl<R: Record, L: Ledger> Worker<R, L> {
    /// Before the batch is recorded: what is passed over there is kept here.
    async fn bury(&self, letters: Vec<DeadLetter>) -> Result<(), Error> {
        if letters.is_empty() {
            return Ok(());
        }
        let dead = Arc::clone(&self.dead);
        let buried = tokio::task::spawn_blocking(move || dead::bury(&*dead, &letters));
        Ok(buried.await.map_err(|_| Error::Cut)??)
    }
}

async fn commit<R: Record>(
    record: &R,
    committer: &Committer,
    batch: Shadowed,
) -> Result<(), Error> {
    let next = batch.offsets.end;
    record.shadowed(batch).await.map_err(Error::Record)?;
    committer.commit(next).await?;
    metric::recorded(committer.partition(), next);
    Ok(())
}
