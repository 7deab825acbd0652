//! A deployment at work in one process: the live path and, beside it, the other one.
//!
//! ```text
//! Live:      clients ─ proxy ─ queue ─ mirror ─ journal
//! Shadowing:                                    journal ─ worker ─ lake
//!                                               ledger  ─ copy   ─ lake
//! ```
//! The two share a journal and nothing else, and either can be stopped without the other.

use crate::{
    allotting::Allotting,
    clock,
    place::Place,
    policies::Policies,
    quota::LiveQuota,
    recorder::Recorder,
    settings::{self, Secrets},
    steer::{Steering, Wishes},
};
use anyhow::Result;
use exchange::Clock;
use journal::{Append, Journal};
use lake::Lake;
use mirror::Mirroring;
use pipeline::{CategoryDef, Pipeline};
use policy::Policy;
use proxy::{Certificate, Config, Deps, Listen, Mirror, NoMirror, Proxy, Queue, QueueLimits};
use std::{
    net::SocketAddr,
    num::NonZeroUsize,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use telemetry::Tap;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a process that starts waits for the tables before it serves.
const ALIGN_WAIT_MAX: Duration = Duration::from_secs(5);
/// What a deployment is made of.
#[derive(Clone)]
pub(crate) struct Deployment {
    pub(crate) place: Place,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) secrets: Secrets,
    pub(crate) clock: Arc<dyn Clock>,
    /// Seen by the live path, obeyed by the other one.
    pub(crate) quota: LiveQuota,
    /// What evidence allots each cell.
    pub(crate) allotting: Allotting,
    /// Whether the worker is open, for whoever asks if the process is ready.
    pub(crate) worker_open: Arc<AtomicBool>,
    /// Whether a worker of this process has the first partition, and so merges for all.
    pub(crate) merges: Arc<AtomicBool>,
    /// The name of this process in the books: new at each start.
    pub(crate) instance: String,
    /// Where both paths leave what is to be traced; closed where nothing is.
    pub(crate) tap: Tap,
}

impl Deployment {
    pub(crate) fn new(
        place: Place,
        pipeline: Pipeline,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let pipeline = Arc::new(pipeline);
        Self {
            place,
            pipeline,
            secrets,
            clock,
            quota: LiveQuota::new(),
            allotting: Allotting::new(),
            worker_open: Arc::default(),
            merges: Arc::default(),
            instance: clock::instance(),
            tap: Tap::closed(),
        }
    }

    /// Before anything is mirrored into a journal: no offset may come again that the tables know.
    /// Where they cannot be asked now, the worker asks again, and refuses until then.
    pub(crate) async fn align(&self, journal: &Journal) {
        let recorder = Recorder::embedded(self.lake(), journal);
        let error = match timeout(ALIGN_WAIT_MAX, recorder.align(journal)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => format!("{error:#}"),
            Err(_) => format!("no answer within {} s", ALIGN_WAIT_MAX.as_secs()),
        };
        tracing::warn!(error, "journal and tables were not compared");
    }

    pub(crate) fn lake(&self) -> Lake {
        self.place.lake()
    }

    pub(crate) fn policies(&self) -> Policies {
        self.place.policies()
    }
}

/// How the live path is to run.
#[derive(Clone, Debug)]
pub(crate) struct LiveOptions {
    pub(crate) listen: Listen,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) threads: NonZeroUsize,
    pub(crate) mirror: bool,
    /// How long the reference's acceptance of a caller's credential counts, in microseconds.
    pub(crate) guard_age_us_max: i64,
}

/// The live path, running.
pub(crate) struct Live {
    running: proxy::Running,
    mirroring: Option<Mirroring>,
    policy: watch::Receiver<Arc<Policy>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Live {
    pub(crate) async fn start(
        deployment: &Deployment,
        way_in: Arc<dyn Append>,
        options: LiveOptions,
    ) -> Result<Self> {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let policies = deployment.policies();
        let (tell, policy) = watch::channel(Arc::new(policies.first().await));
        let (name, clock) = (deployment.instance.clone(), Arc::clone(&deployment.clock));
        let following = policies.follow(name, clock, tell, stop.clone());
        tasks.spawn(following);
        tasks.spawn(deployment.quota.clone().forget(stop.clone()));
        let queue = options.mirror.then(|| Arc::new(Queue::new(QueueLimits::default())));
        let mirroring = match &queue {
            Some(queue) => Some(mirroring(deployment, way_in, queue)?),
            None => None,
        };
        let deps = Deps {
            mirror: queue
                .map_or_else(|| Arc::new(NoMirror) as Arc<dyn Mirror>, |it| it as Arc<dyn Mirror>),
            steer: Arc::new(steering(deployment, policy.clone())?),
            clock: Arc::clone(&deployment.clock),
            chance: Arc::new(clock::chance),
        };
        let mut config = Config::new(options.listen, settings::upstreams(&deployment.pipeline)?)?;
        config.certificate = options.certificate;
        config.limits.capture_body_bytes_max =
            usize::try_from(deployment.pipeline.mirror.body_bytes_max).unwrap_or(usize::MAX);
        config.limits.guard_age_us_max = options.guard_age_us_max;
        let running = Proxy::bind(config, deps)?.run(options.threads, &stop)?;
        Ok(Self { running, mirroring, policy, stop, tasks })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    /// Waits until everything that was seen is in the journal.
    pub(crate) fn flush(&self) {
        if let Some(mirroring) = &self.mirroring {
            tokio::task::block_in_place(|| mirroring.flush());
        }
    }

    /// Waits until the proxy goes by that version of the policy.
    pub(crate) async fn follows(&mut self, version: u64) -> Result<()> {
        self.policy.wait_for(|policy| policy.version >= version).await?;
        Ok(())
    }

    /// Ends open calls, then what lies behind them. Nothing that was mirrored is lost.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        tokio::task::block_in_place(|| {
            let joined = self.running.join();
            if let Some(mirroring) = self.mirroring {
                mirroring.stop();
            }
            joined
        })?;
        Ok(())
    }
}

fn mirroring(
    deployment: &Deployment,
    way_in: Arc<dyn Append>,
    queue: &Arc<Queue>,
) -> Result<Mirroring> {
    let (quota, tap) = (deployment.quota.clone(), deployment.tap.clone());
    Ok(Mirroring::start(mirror::Means {
        queue: Arc::clone(queue),
        journal: way_in,
        clock: Arc::clone(&deployment.clock),
        instance: deployment.instance.clone(),
        providers: settings::mirrored(&deployment.pipeline)?,
        glance: Box::new(move |exchange| quota.glance(exchange)),
        redact: settings::redaction(&deployment.pipeline)?,
        pass_on: Box::new(move |exchange| tap.exchange(exchange)),
    })?)
}

fn steering(deployment: &Deployment, policy: watch::Receiver<Arc<Policy>>) -> Result<Steering> {
    let pipeline = &deployment.pipeline;
    Ok(Steering {
        policy,
        categorizer: settings::categorizer(pipeline)?,
        dialects: settings::dialects(pipeline)?,
        models: settings::live_models(pipeline, &deployment.secrets)?,
        prices: pipeline.price_book(),
        wishes: pipeline.categories.iter().map(wishes).collect(),
    })
}

fn wishes(category: &CategoryDef) -> (String, Wishes) {
    let lossy_translation = category.gate.lossy_translation;
    let (on_block, on_store) = (category.on_block, category.on_store);
    (category.name.clone(), Wishes { lossy_translation, on_block, on_store })
}
