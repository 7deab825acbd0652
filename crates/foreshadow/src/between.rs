//! The log between the two paths, as the pipeline says: the embedded journal, or Kafka with a spool
//! before it.

use crate::{beside::Beside, place::Place, settings, system::Deployment};
use anyhow::{Context, Result, bail};
use journal::{
    Append, Error, Forward, ForwardSettings, Journal, Limits, Log, dead::DEAD_TOPIC, kafka::Kafka,
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Bytes that each topic of the embedded journal may hold; past it, exchanges are shed and counted.
const JOURNAL_BYTES_MAX: u64 = 8 << 30;
/// Processes of one data folder that keep a ledger, or a spool, at the same time.
const SLOTS_MAX: usize = 64;
/// How long an append waits for the brokers before it goes into the spool.
const FORWARD_PATIENCE: Duration = Duration::from_secs(1);
/// How long after a cluster could not be prepared it is asked again.
const PREPARE_AGAIN: Duration = Duration::from_secs(5);

/// The log between the paths.
#[derive(Clone)]
pub(crate) enum Between {
    /// Of one process.
    Embedded(Journal),
    /// Of many.
    Kafka(Kafka),
}

impl Between {
    /// Opens it. Brokers may be away.
    pub(crate) fn open(deployment: &Deployment) -> Result<Self> {
        deployment.place.create()?;
        match &deployment.pipeline.journal {
            None => embedded(&deployment.place).map(Self::Embedded),
            Some(kafka) => {
                let settings = settings::kafka(kafka, &deployment.secrets)?;
                let beside = Arc::new(Beside::new(deployment.place.outside()));
                let kafka = Kafka::open_beside(settings, beside);
                Ok(Self::Kafka(kafka.context("`[journal]` of the pipeline")?))
            }
        }
    }

    /// What the mirror appends to.
    pub(crate) fn way_in(&self, deployment: &Deployment) -> Result<Arc<dyn Append>> {
        match (self, &deployment.pipeline.journal) {
            (Self::Embedded(journal), _) => Ok(Arc::new(journal.clone())),
            (Self::Kafka(kafka), None) => Ok(Arc::new(kafka.clone())),
            (Self::Kafka(kafka), Some(settings)) => {
                let spool = Limits::bytes(settings.spool_bytes_max);
                let forward = |folder: PathBuf| {
                    let topics = vec![mirror::TOPIC.to_owned()];
                    let settings = ForwardSettings { topics, spool, patience: FORWARD_PATIENCE };
                    Forward::open(kafka.clone(), folder, settings)
                };
                Ok(Arc::new(first_free(|slot| deployment.place.spool(slot), forward)?))
            }
        }
    }

    /// Where paid calls of this process are written down.
    pub(crate) fn ledger(&self, deployment: &Deployment) -> Result<Journal> {
        match self {
            Self::Embedded(journal) => Ok(journal.clone()),
            Self::Kafka(_) => {
                let limits = Limits::bytes(JOURNAL_BYTES_MAX);
                let open = |folder: PathBuf| Journal::open(folder, limits);
                first_free(|slot| deployment.place.ledger(slot), open)
            }
        }
    }

    /// What workers read, and where they bury what they cannot read.
    pub(crate) fn log(&self) -> Arc<dyn Log> {
        match self {
            Self::Embedded(journal) => Arc::new(journal.clone()),
            Self::Kafka(kafka) => Arc::new(kafka.clone()),
        }
    }

    /// Sees to it that the topics are there and keep what is appended, as soon as the brokers answer.
    pub(crate) async fn prepare(&self, stop: &CancellationToken) {
        let Self::Kafka(kafka) = self else { return };
        for topic in [mirror::TOPIC, DEAD_TOPIC] {
            while let Err(error) = kafka.prepare(topic).await {
                tracing::error!(%error, topic, "the topic cannot be prepared; proxies spool");
                if stop.run_until_cancelled(tokio::time::sleep(PREPARE_AGAIN)).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// The embedded journal of a data folder.
pub(crate) fn embedded(place: &Place) -> Result<Journal> {
    let folder = place.journal();
    Journal::open(&folder, Limits::bytes(JOURNAL_BYTES_MAX))
        .with_context(|| format!("journal {}", folder.display()))
}

/// The first folder that no other process holds: what one left behind is taken up by the next.
fn first_free<T>(
    folder: impl Fn(usize) -> PathBuf,
    open: impl Fn(PathBuf) -> journal::Result<T>,
) -> Result<T> {
    for slot in 0..SLOTS_MAX {
        let folder = folder(slot);
        match open(folder.clone()) {
            Err(Error::Locked { .. }) => {}
            other => return other.with_context(|| folder.display().to_string()),
        }
    }
    bail!("{SLOTS_MAX} processes work on this data folder already: give more of them another one")
}
