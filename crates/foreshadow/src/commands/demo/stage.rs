//! What the demo is played on: providers, a stepped clock, and a deployment as `up` would run it.

use crate::{
    between,
    cli::Global,
    place::{Place, create_private},
    settings::Secrets,
    shadowing::Shadowing,
    system::{Deployment, Live, LiveOptions},
};
use anyhow::{Context, Result, bail};
use exchange::{Clock, DAY_US, HOUR_US, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::Pipeline;
use std::{fs, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc};
use testkit::{
    LiveCall, SteppedClock,
    client::Client,
    sim::Provider,
    world::{DAYS, OWN_KEYS, START, World},
};

/// Calls that are under way at the same time.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(32).unwrap();
/// The clock is stepped by hours, so a credential that was accepted an hour ago was accepted by the
/// call before.
const GUARD_AGE_US_MAX: i64 = 6 * HOUR_US;
/// Where the demo's data goes, unless told otherwise.
const FOLDER: &str = "foreshadow-demo";
/// A folder with this file was made by a demo, and may be made anew by the next.
const MARK: &str = ".made-by-demo";

/// What is played: who answers, what a user of the traffic would have evaluated, and the calls of
/// each day.
pub(super) struct Script {
    pub(super) providers: [Provider; 2],
    pub(super) pipeline_toml: String,
    pub(super) days: Vec<Vec<LiveCall>>,
}

impl Script {
    pub(super) async fn of(world: &World) -> Result<Self> {
        let providers = world.start().await?;
        let pipeline_toml = world.pipeline_toml(&Self::base_urls(&providers));
        Ok(Self { providers, pipeline_toml, days: (0..DAYS).map(|day| world.day(day)).collect() })
    }

    /// Each provider's name with where it listens.
    pub(super) fn base_urls(providers: &[Provider; 2]) -> [(String, String); 2] {
        providers.each_ref().map(|provider| (provider.name().to_owned(), provider.base_url()))
    }
}

pub(super) struct Stage {
    pub(super) providers: [Provider; 2],
    pub(super) deployment: Deployment,
    days: Vec<Vec<LiveCall>>,
    clock: Arc<SteppedClock>,
    client: Client,
    live: Live,
    shadowing: Option<Shadowing>,
    progress: ProgressBar,
}

impl Stage {
    pub(super) async fn set(global: &Global, script: Script) -> Result<Self> {
        let Script { providers, pipeline_toml, days } = script;
        let place = Place::folder(&fresh_folder(global)?)?;
        let pipeline = pipeline(&place, &pipeline_toml)?;
        let clock = Arc::new(SteppedClock::new(START));
        let secrets: Secrets = Arc::new(|name| {
            let mut keys = OWN_KEYS.iter();
            keys.find(|(variable, _)| *variable == name).map(|(_, key)| (*key).to_owned())
        });
        let time = Arc::clone(&clock) as Arc<dyn Clock>;
        let deployment = Deployment::new(place, pipeline, secrets, time);
        deployment.place.create()?;
        let journal = between::embedded(&deployment.place)?;
        let options = LiveOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)).into(),
            certificate: None,
            threads: NonZeroUsize::MIN,
            mirror: true,
            guard_age_us_max: GUARD_AGE_US_MAX,
        };
        let live = Live::start(&deployment, Arc::new(journal.clone()), options).await?;
        let client = Client::new(&format!("http://{}/openai", live.addr()))?;
        let shadowing = Some(Shadowing::open(&deployment, &journal).await?);
        let progress = progress(&days);
        Ok(Self { providers, deployment, days, clock, client, live, shadowing, progress })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.live.addr()
    }

    /// Plays one virtual day through the live listener, then lets the other path work it off.
    pub(super) async fn play_day(&mut self, day: u32) -> Result<()> {
        self.progress.set_message(format!("day {:>2} of {DAYS}: live traffic", day + 1));
        let calls = self.days.get_mut(day as usize).map(std::mem::take).unwrap_or_default();
        self.play(&calls).await?;
        self.progress.set_message(format!("day {:>2} of {DAYS}: shadowing", day + 1));
        self.drain_until(day + 1).await
    }

    /// Plays calls in the order of their moments; those of one moment go out together.
    pub(super) async fn play(&self, calls: &[LiveCall]) -> Result<Vec<testkit::client::Played>> {
        let mut played = Vec::with_capacity(calls.len());
        if let Some(first) = calls.first() {
            self.clock.set(first.at);
            // The books of the time that was skipped are closed before there is anything to add:
            // their last second must not speak of calls that came after it.
            self.live.flush();
        }
        for slot in calls.chunk_by(|one, next| one.at == next.at) {
            if let Some(first) = slot.first() {
                self.clock.set(first.at);
            }
            for answer in self.client.play(slot, AT_ONCE).await {
                let answer = answer?;
                if answer.status != 200 {
                    bail!("a simulated provider answered {}", answer.status);
                }
                played.push(answer);
            }
            self.progress.inc(slot.len() as u64);
        }
        Ok(played)
    }

    /// Waits until all that was seen is in the tables; without a worker it gets no further than the
    /// journal.
    pub(super) async fn drain(&mut self) -> Result<()> {
        self.live.flush();
        match &mut self.shadowing {
            Some(shadowing) => shadowing.drain().await,
            None => Ok(()),
        }
    }

    /// The worker is gone; the live path goes on as if nothing had happened.
    pub(super) fn kill_worker(&mut self) {
        self.shadowing = None;
    }

    pub(super) fn is_shadowing(&self) -> bool {
        self.shadowing.is_some()
    }

    /// Lets virtual time pass to the end of a day, and works off what came until then.
    pub(super) async fn drain_until(&mut self, days: u32) -> Result<()> {
        self.clock.set(START.plus(i64::from(days) * DAY_US));
        self.drain().await
    }

    pub(super) fn end_observation(&self, now: Timestamp) {
        self.clock.set(now);
        self.progress.finish_and_clear();
    }

    pub(super) async fn follow(&mut self, version: u64) -> Result<()> {
        self.live.follows(version).await
    }

    pub(super) async fn strike(self) -> Result<()> {
        self.live.stop().await?;
        for provider in self.providers {
            provider.stop().await;
        }
        Ok(())
    }
}

/// The demo's folder, empty. One that a demo did not make is left alone.
fn fresh_folder(global: &Global) -> Result<PathBuf> {
    let chosen = if global.data.as_os_str() == "foreshadow-data" {
        PathBuf::from(FOLDER)
    } else {
        global.data.clone()
    };
    if chosen.to_str().is_some_and(|data| data.contains("://")) {
        bail!("the demo makes a folder of its own: choose one with --data, and no bucket");
    }
    if chosen.exists() {
        let empty = fs::read_dir(&chosen)?.next().is_none();
        if !empty && !chosen.join(MARK).exists() {
            bail!(
                "{} holds something that no demo made: choose another folder with --data",
                chosen.display()
            );
        }
        fs::remove_dir_all(&chosen)
            .with_context(|| format!("cannot clear {}", chosen.display()))?;
    }
    create_private(&chosen).with_context(|| format!("cannot make {}", chosen.display()))?;
    fs::write(chosen.join(MARK), "")?;
    Ok(chosen)
}

/// The pipeline stays beside the tables, so that the commands that follow can use it.
fn pipeline(place: &Place, text: &str) -> Result<Pipeline> {
    fs::write(place.own().join("pipeline.toml"), text)?;
    pipeline::load(text).map_err(|mistakes| {
        let all: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the demo's own pipeline is wrong: {}", all.join("; "))
    })
}

fn progress(days: &[Vec<LiveCall>]) -> ProgressBar {
    let calls: usize = days.iter().map(Vec::len).sum();
    let bar = ProgressBar::new(calls as u64);
    // The template is a constant; were it wrong, the plain bar would do.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} calls  {msg}  {elapsed}")
    {
        bar.set_style(style);
    }
    bar
}
