//! `foreshadow up`: proxy, worker and console in one process, until it is told to stop; and each of the
//! three alone, as one of many processes.

use crate::{
    allotting,
    answers::Desk,
    between::Between,
    cli::{Aside, Global, Up},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    scheduled,
    settings::{environment, missing_keys},
    shadowing,
    system::{Deployment, Live, LiveOptions},
    traces::Traced,
    upkeep, watch,
};
use anyhow::{Context, Result, bail};
use console::{Console, Metrics};
use listenfd::ListenFd;
use proxy::Listen;
use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, thread};
use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What a process does of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    All,
    /// The live path.
    Proxy,
    /// The other path.
    Worker,
    /// What is to be done once for all.
    Console,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::All => "up",
            Self::Proxy => "proxy",
            Self::Worker => "worker",
            Self::Console => "console",
        }
    }

    /// Whether clients are served here.
    pub(crate) fn serves(self) -> bool {
        matches!(self, Self::All | Self::Proxy)
    }

    /// Whether it puts mirrored calls to candidates.
    pub(crate) fn shadows(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// Whether it looks after what all share.
    fn looks_after(self) -> bool {
        matches!(self, Self::All | Self::Console)
    }
}

/// Where a process listens.
pub(crate) struct Listening<'a> {
    /// The live listener; `None` where the role has none.
    pub(crate) live: Option<&'a Up>,
    /// The admin listener.
    pub(crate) admin: SocketAddr,
}

impl<'a> Listening<'a> {
    pub(crate) fn live(args: &'a Up) -> Self {
        Self { live: Some(args), admin: args.admin }
    }

    pub(crate) fn aside(args: &Aside) -> Self {
        Self { live: None, admin: args.admin }
    }
}

pub(crate) async fn run(
    global: &Global,
    role: Role,
    Listening { live: args, admin }: Listening<'_>,
) -> Result<Outcome> {
    if role.serves() {
        // First of all: a page that is large already stays so.
        proxy::small_pages();
    }
    let pipeline = match check::needed(global, role.name())? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    if role != Role::All && pipeline.journal.is_none() {
        bail!(
            "`foreshadow {0}` is one of many processes, which need a journal on Kafka: \
             write `[journal]` into the pipeline, or use `foreshadow up`",
            role.name()
        );
    }
    let metrics = Metrics::install()?;
    console::describe();
    let secrets = environment();
    let place = Place::of(global, &pipeline.s3, &secrets)?;
    let mut deployment = Deployment::new(place, pipeline, secrets, Arc::new(WallClock));
    let traces = Traced::start(&mut deployment);
    let between = Between::open(&deployment)?;
    if let Between::Embedded(journal) = &between {
        deployment.align(journal).await;
    }
    // Before anything is mirrored: a word that came too early for it would end the process at once.
    let mut words = Words::heard()?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let live = match args {
        Some(args) => {
            let (prepared, stopping) = (between.clone(), stop.clone());
            tasks.spawn(async move { prepared.prepare(&stopping).await });
            Some(Live::start(&deployment, between.way_in(&deployment)?, options(args)?).await?)
        }
        None => None,
    };
    let desk = Arc::new(Desk::new(deployment.clone(), between.log(), role));
    let console = Console::bind(Desk::config(admin), Desk::deps(&desk, metrics))
        .with_context(|| format!("admin listener {admin}"))?;
    let admin = console.addr();
    tasks.spawn(answer(console, stop.clone()));
    if role.shadows() {
        shadow(&deployment, &between, (&stop, &tasks))?;
    }
    if role.looks_after() {
        look_after(&deployment, (&stop, &tasks));
    }
    tasks.close();
    let addresses = Addresses { live: live.as_ref().map(|live| address(args, live)), admin };
    print(&greeting(&deployment, &addresses, &traces));
    words.stop().await;
    // Live first: what it still mirrors is in the journal before the worker ends.
    let stopped = match live {
        Some(live) => live.stop().await,
        None => Ok(()),
    };
    // However that ended: a worker that is not told to stop would keep the process from ending.
    stop.cancel();
    tasks.wait().await;
    // Last, because it tells of what both paths did on their way out.
    traces.stop();
    stopped.map(|()| Outcome::Done)
}

fn options(args: &Up) -> Result<LiveOptions> {
    Ok(LiveOptions {
        listen: listen(args.listen)?,
        certificate: args.certificate(),
        threads: args
            .threads
            .or_else(|| thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN),
        mirror: !args.no_mirror,
        guard_age_us_max: proxy::Limits::default().guard_age_us_max,
    })
}

async fn answer(console: Console, stop: CancellationToken) {
    if let Err(error) = console.run(stop).await {
        tracing::error!(%error, "the console ended");
    }
}

/// The other path, and the merging of what it writes, on threads of their own: what they compute holds up
/// no answer of the console.
fn shadow(
    deployment: &Deployment,
    between: &Between,
    (stop, tasks): (&CancellationToken, &TaskTracker),
) -> Result<()> {
    let ledger = between.ledger(deployment)?;
    let (shadowed, between, stopping) = (deployment.clone(), between.clone(), stop.clone());
    let runtime = Handle::current();
    tasks.spawn_blocking(move || {
        runtime.block_on(shadowing::keep(shadowed, between, ledger, stopping));
    });
    tasks.spawn(allotting::keep(deployment.clone(), stop.clone()));
    let (merged, stopping, runtime) = (deployment.clone(), stop.clone(), Handle::current());
    tasks.spawn_blocking(move || runtime.block_on(upkeep::keep_merged(merged, stopping)));
    Ok(())
}

fn look_after(deployment: &Deployment, (stop, tasks): (&CancellationToken, &TaskTracker)) {
    let (watched, stopping, runtime) = (deployment.clone(), stop.clone(), Handle::current());
    // A thread of its own here too: the watch reads the tables.
    tasks.spawn_blocking(move || runtime.block_on(watch::keep(watched, stopping)));
    tasks.spawn(upkeep::keep_swept(deployment.clone(), stop.clone()));
    tasks.spawn(scheduled::keep(deployment.clone(), stop.clone()));
}

/// The socket that was handed over, as by systemd, which keeps it over a restart; else the address.
fn listen(addr: SocketAddr) -> Result<Listen> {
    let mut handed = ListenFd::from_env();
    match handed.len() {
        0 => Ok(addr.into()),
        1 => match handed.take_tcp_listener(0).context("the socket that was handed over")? {
            Some(socket) => Ok(Listen::On(Arc::new(socket))),
            None => Ok(addr.into()),
        },
        more => bail!("{more} sockets were handed over; hand over one, the live listener's"),
    }
}

/// The system's word, the terminal's, and the end of that terminal.
struct Words {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Words {
    /// From here on none of them ends the process by itself.
    fn heard() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Where a process listens, in the end.
struct Addresses {
    live: Option<String>,
    admin: SocketAddr,
}

fn address(args: Option<&Up>, live: &Live) -> String {
    let secure = args.is_some_and(|args| args.tls_cert.is_some());
    format!("{}://{}", if secure { "https" } else { "http" }, live.addr())
}

fn greeting(deployment: &Deployment, addresses: &Addresses, traces: &Traced) -> String {
    let Addresses { live, admin } = addresses;
    let live = live.as_ref().map(|live| format!("live      {live}\n")).unwrap_or_default();
    let mut text = format!("{live}console   http://{admin}\n{traces}");
    for provider in &deployment.pipeline.providers {
        text += &format!("  /{}/…  →  {}\n", provider.name, provider.base_url);
    }
    for missing in missing_keys(&deployment.pipeline, &deployment.secrets) {
        text += &format!("  not set: {missing}; its models are not asked\n");
    }
    for warning in &deployment.pipeline.warnings {
        text += &format!("  {warning}\n");
    }
    text + "observing; stop with Ctrl-C\n"
}
