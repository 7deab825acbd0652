//! `foreshadow up`: proxy, worker and console in one process, until it is told to stop.

use crate::{
    allotting,
    answers::Desk,
    cli::{Global, Up},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    place::Place,
    scheduled,
    settings::{environment, missing_keys},
    system::{Deployment, Live, LiveOptions, keep_compact, keep_shadowing},
    traces::Traced,
    watch,
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

pub(crate) async fn run(global: &Global, args: &Up) -> Result<Outcome> {
    let pipeline = match check::needed(global, "up")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let metrics = Metrics::install()?;
    console::describe();
    let place = Place::new(&global.data);
    let mut deployment = Deployment::new(place, pipeline, environment(), Arc::new(WallClock));
    let traces = Traced::start(&mut deployment);
    let journal = deployment.journal()?;
    deployment.align(&journal).await;
    let options = LiveOptions {
        listen: listen(args.listen)?,
        certificate: args.certificate(),
        threads: args
            .threads
            .or_else(|| thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN),
        mirror: !args.no_mirror,
        guard_age_us_max: proxy::Limits::default().guard_age_us_max,
    };
    // Before anything is mirrored: a word that came too early for it would end the process at once.
    let mut words = Words::heard()?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let live = Live::start(&deployment, &journal, options)?;
    let desk = Arc::new(Desk::new(deployment.clone(), journal.clone()));
    let console = Console::bind(Desk::config(args.admin), Desk::deps(&desk, metrics))
        .await
        .with_context(|| format!("admin listener {}", args.admin))?;
    let admin = console.addr();
    tasks.spawn(console.run(stop.clone()));
    let (shadowed, stopping, runtime) = (deployment.clone(), stop.clone(), Handle::current());
    // The other path gets a thread of its own: what it computes holds up no answer of the console.
    tasks.spawn_blocking(move || runtime.block_on(keep_shadowing(shadowed, journal, stopping)));
    let (watched, stopping, runtime) = (deployment.clone(), stop.clone(), Handle::current());
    // So does the watch, which reads the tables.
    tasks.spawn_blocking(move || runtime.block_on(watch::keep(watched, stopping)));
    tasks.spawn(keep_compact(deployment.clone(), stop.clone()));
    tasks.spawn(allotting::keep(deployment.clone(), stop.clone()));
    tasks.spawn(scheduled::keep(deployment.clone(), stop.clone()));
    tasks.close();
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    print(&greeting(&deployment, &format!("{scheme}://{}", live.addr()), admin, &traces));
    words.stop().await;
    // Live first: what it still mirrors is in the journal before the worker ends.
    let stopped = live.stop().await;
    // However that ended: a worker that is not told to stop would keep the process from ending.
    stop.cancel();
    tasks.wait().await;
    // Last, because it tells of what both paths did on their way out.
    traces.stop();
    stopped.map(|()| Outcome::Done)
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

fn greeting(deployment: &Deployment, live: &str, admin: SocketAddr, traces: &Traced) -> String {
    let mut text = format!("live      {live}\nconsole   http://{admin}\n{traces}");
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
