//! The other path of a process: what it pays is in one ledger, and each partition of the log that it is
//! given has a worker.

use crate::{between::Between, recorder::Recorder, settings, system::Deployment, traces};
use anyhow::{Context, Result, anyhow};
use exchange::{Clock, Timestamp};
use futures::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use journal::{Append, Change, Journal, Log, Membership, Subscription};
use shadow::{Elsewhere, JournalLedger, LedgerCopy, Limits, Means, Worker};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// The group of all workers.
const GROUP: &str = "worker";
/// Whoever has this partition merges the tables' files for all.
const FIRST: u32 = 0;
/// How often the worker asks what commands spent of its budget: so much may be spent over it.
const LEARN_EVERY: Duration = Duration::from_secs(60);
/// How long a worker that failed rests before it is opened anew: at first, and twice as long after
/// each failure, because every attempt at a batch that cannot be recorded is paid anew …
const WORKER_REST: Duration = Duration::from_secs(2);
/// … up to this long; a worker that held for so long counts as well again.
const WORKER_REST_MAX: Duration = Duration::from_secs(32);

/// The other path over the embedded journal, worked off when it is told to.
pub(crate) struct Shadowing {
    worker: Worker<Recorder, JournalLedger>,
    paying: Paying,
}

impl Shadowing {
    pub(crate) async fn open(deployment: &Deployment, journal: &Journal) -> Result<Self> {
        Recorder::embedded(deployment.lake(), journal).align(journal).await?;
        let paying = Paying::open(deployment, journal).await?;
        let subscription = journal.subscribe(mirror::TOPIC, GROUP)?;
        let whole = Part { log: journal.id().to_string(), of: 1 };
        let worker =
            worker(deployment, &paying.shared(Arc::new(journal.clone())), subscription, &whole)
                .await?;
        Ok(Self { worker, paying })
    }

    /// Works off what the journal holds now.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        self.worker.drain().await?;
        Ok(self.paying.copy.drain().await?)
    }
}

/// What this process pays: its ledger, the ledger's copy in the tables, and what commands spend.
struct Paying {
    ledger: Journal,
    copy: LedgerCopy<Recorder>,
    record: Arc<Recorder>,
    clock: Arc<dyn Clock>,
    elsewhere: watch::Sender<Elsewhere>,
}

/// What the workers need to know of it.
#[derive(Clone)]
struct Shared {
    ledger: Journal,
    /// Where unreadable records go.
    dead: Arc<dyn Append>,
    elsewhere: watch::Receiver<Elsewhere>,
}

impl Paying {
    async fn open(deployment: &Deployment, ledger: &Journal) -> Result<Self> {
        let record = Arc::new(Recorder::of_ledger(deployment.lake(), ledger));
        record.align_ledger(ledger).await?;
        let copy = LedgerCopy::open(ledger.clone(), Arc::clone(&record)).await?;
        let clock = Arc::clone(&deployment.clock);
        let (elsewhere, _) = watch::channel(spent_elsewhere(&record, clock.now()).await?);
        Ok(Self { ledger: ledger.clone(), copy, record, clock, elsewhere })
    }

    fn shared(&self, dead: Arc<dyn Append>) -> Shared {
        Shared { ledger: self.ledger.clone(), dead, elsewhere: self.elsewhere.subscribe() }
    }

    async fn run(&mut self, stop: &CancellationToken) -> Result<()> {
        let (record, clock, elsewhere) = (&self.record, &self.clock, &self.elsewhere);
        tokio::try_join!(
            async { Ok(self.copy.run(stop).await?) },
            learn(record, clock, elsewhere, stop),
        )?;
        Ok(())
    }
}

/// Asks the tables every minute what commands spent of the same budget.
async fn learn(
    record: &Recorder,
    clock: &Arc<dyn Clock>,
    elsewhere: &watch::Sender<Elsewhere>,
    stop: &CancellationToken,
) -> Result<()> {
    while stop.run_until_cancelled(tokio::time::sleep(LEARN_EVERY)).await.is_some() {
        elsewhere.send_replace(spent_elsewhere(record, clock.now()).await?);
    }
    Ok(())
}

async fn spent_elsewhere(record: &Recorder, now: Timestamp) -> Result<Elsewhere> {
    let day = now.date();
    let spent = record.spent_by_commands(day).await.map_err(|cause| anyhow!(cause))?;
    Ok(Elsewhere { day, spent })
}

/// Which part of a log's traffic one worker has.
struct Part {
    /// The log's id, which its offsets go with.
    log: String,
    /// Partitions of the topic: each worker may spend one such part of every cap.
    of: u32,
}

async fn worker(
    deployment: &Deployment,
    shared: &Shared,
    subscription: Subscription,
    part: &Part,
) -> Result<Worker<Recorder, JournalLedger>> {
    let source = format!("{}/{}/{}", mirror::TOPIC, part.log, subscription.partition());
    let record = Recorder::new(deployment.lake(), source, &shared.ledger);
    let mut settings = settings::shadow(
        &deployment.pipeline,
        &deployment.secrets,
        &deployment.clock,
        Limits::default(),
    )?;
    settings.caps = settings.caps.parted(part.of);
    let means = Means {
        subscription,
        dead: Arc::clone(&shared.dead),
        record: Arc::new(record),
        ledger: Arc::new(JournalLedger::new(shared.ledger.clone())),
        clock: Arc::clone(&deployment.clock),
        low_quota: deployment.quota.watch(),
        elsewhere: shared.elsewhere.clone(),
        allotted: deployment.allotting.watch(),
        hear: traces::hear(&deployment.tap),
    };
    Ok(Worker::open(settings, means).await?)
}

/// Shadows until told to stop. Workers that fail are opened anew and go on from what the tables say is
/// done; the live path never notices.
pub(crate) async fn keep(
    deployment: Deployment,
    between: Between,
    ledger: Journal,
    stop: CancellationToken,
) {
    let mut rest = WORKER_REST;
    while !stop.is_cancelled() {
        let opened = Instant::now();
        let worked = Box::pin(work(&deployment, &between, &ledger, &stop)).await;
        deployment.worker_open.store(false, Ordering::Relaxed);
        deployment.merges.store(false, Ordering::Relaxed);
        if let Err(error) = worked {
            metrics::counter!("foreshadow_worker_failed_total").increment(1);
            tracing::error!(error = format!("{error:#}"), "the worker failed and is opened anew");
            if opened.elapsed() > WORKER_REST_MAX {
                rest = WORKER_REST;
            }
            stop.run_until_cancelled(tokio::time::sleep(rest)).await;
            rest = (rest * 2).min(WORKER_REST_MAX);
        }
    }
}

async fn work(
    deployment: &Deployment,
    between: &Between,
    ledger: &Journal,
    stop: &CancellationToken,
) -> Result<()> {
    match between {
        Between::Embedded(journal) => {
            Recorder::embedded(deployment.lake(), journal).align(journal).await?;
        }
        Between::Kafka(_) => between.prepare(stop).await,
    }
    let log = between.log();
    let mut paying = Paying::open(deployment, ledger).await?;
    let shared = paying.shared(Arc::clone(&log) as Arc<dyn Append>);
    tokio::try_join!(paying.run(stop), crew(deployment, &log, &shared, stop))?;
    // What was paid on the way out belongs in the table too.
    Ok(paying.copy.drain().await?)
}

/// A worker for each partition that this process is given, for as long as it has it.
async fn crew(
    deployment: &Deployment,
    log: &Arc<dyn Log>,
    shared: &Shared,
    stop: &CancellationToken,
) -> Result<()> {
    let (part, mut membership) = joined(Arc::clone(log)).await?;
    deployment.worker_open.store(true, Ordering::Relaxed);
    let mut given: BTreeMap<u32, CancellationToken> = BTreeMap::new();
    let mut at_work: FuturesUnordered<LocalBoxFuture<'_, (u32, Result<()>)>> =
        FuturesUnordered::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            change = membership.changed() => {
                match change? {
                    Change::Given(subscription) => {
                        let (partition, told) = (subscription.partition(), stop.child_token());
                        given.insert(partition, told.clone());
                        let working = working(deployment, shared, (subscription, &part), told);
                        at_work.push(Box::pin(async move { (partition, working.await) }));
                    }
                    Change::Taken(partition) => {
                        tracing::info!(partition, "another worker has the partition now");
                        given.remove(&partition).inspect(CancellationToken::cancel);
                    }
                }
                deployment.merges.store(given.contains_key(&FIRST), Ordering::Relaxed);
            }
            Some((partition, ended)) = at_work.next(), if !at_work.is_empty() => {
                settled(&given, partition, ended)?;
            }
        }
    }
    while let Some((partition, ended)) = at_work.next().await {
        settled(&given, partition, ended)?;
    }
    Ok(())
}

/// A worker of one partition, until it is told to stop.
async fn working(
    deployment: &Deployment,
    shared: &Shared,
    (subscription, part): (Subscription, &Part),
    told: CancellationToken,
) -> Result<()> {
    let mut worker = worker(deployment, shared, subscription, part).await?;
    Ok(worker.run(&told).await?)
}

/// Of a partition that was taken, what is under way cannot be finished. The worker may learn that before
/// this process is told so: whoever left the group for it would begin the next exchange of partitions,
/// in which another worker loses one in the middle of its work, and leaves the group.
fn settled(
    given: &BTreeMap<u32, CancellationToken>,
    partition: u32,
    ended: Result<()>,
) -> Result<()> {
    match ended {
        Err(error) if given.contains_key(&partition) && !is_taken(&error) => Err(error),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::info!(partition, error, "what was under way is left to another worker");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

fn is_taken(error: &anyhow::Error) -> bool {
    let is_taken = |cause: &(dyn std::error::Error + 'static)| {
        matches!(cause.downcast_ref::<journal::Error>(), Some(journal::Error::Taken { .. }))
    };
    error.chain().any(is_taken)
}

async fn joined(log: Arc<dyn Log>) -> Result<(Part, Membership)> {
    let join = move || -> journal::Result<_> {
        let part = Part { log: log.id()?, of: log.partitions(mirror::TOPIC)? };
        Ok((part, log.join(mirror::TOPIC, GROUP)?))
    };
    let joined = tokio::task::spawn_blocking(join).await.context("joining the workers")?;
    Ok(joined?)
}
