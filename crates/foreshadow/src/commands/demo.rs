//! `foreshadow demo`: the main job end to end, with no key and no server.
//!
//! Everything is real but the providers and the time: calls go over HTTP through the live listener
//! into the journal, the worker asks candidates over HTTP, and what is printed is read from the
//! tables. The providers are simulated because then the truth is known and can be compared; the
//! clock is stepped (play a day, drain, advance) because nobody waits a fortnight.

mod books;
mod recorded;
mod serving;
mod stage;
mod turning;
mod words;

use crate::{
    cli::{Demo, Global},
    commands::report::on_screen,
    decisions,
    outcome::{Outcome, print},
    rules,
    warehouse::Look,
};
use anyhow::Result;
use exchange::{DAY_US, HOUR_US, Timestamp};
use policy::{Actor, Decision, Promotion, Share, Stage as PolicyStage, promote};
use report::{Report, Rules, Weighed, weigh};
use stage::{Script, Stage};
use testkit::world::{DAYS, START, World};

/// Who promotes in the demo.
const ACTOR: &str = "demo";

pub(crate) async fn run(global: &Global, args: &Demo) -> Result<Outcome> {
    if let Some(file) = &args.recorded {
        return Box::pin(recorded::run(global, args, file)).await;
    }
    let world = World::new(args.seed, args.size);
    let mut stage = Stage::set(global, Script::of(&world).await?).await?;
    print(&words::opening(&stage));
    observe(&mut stage, args).await?;
    let (look, rules) = stage.look(observed_until()).await?;
    let weighed = weigh(&look.warehouse, &rules).await?;
    let report = Report::of(&look.warehouse, &rules, weighed.clone()).await?;
    print(&on_screen(&report));
    print(&words::against_truth(&world, &weighed));

    let share = if args.turn { turning::SHARE } else { 1.0 };
    let promoted = promote_what_clears(&mut stage, &weighed, (&look, share)).await?;
    print(&words::promoted(&promoted));
    let mut by_candidate = None;
    if !promoted.is_empty() {
        let served = serving::day_after(&mut stage, &world).await?;
        print(&served.text);
        by_candidate = served.exchange;
    }
    let settled = books::settle(&mut stage).await?;
    print(&settled);
    if args.turn && !promoted.is_empty() {
        turning::play(&mut stage, &world).await?;
    }
    print(&words::next(&stage.deployment.place, &report, by_candidate.as_deref()));
    stage.strike().await?;
    Ok(Outcome::Done)
}

/// The fortnight, day by day.
async fn observe(stage: &mut Stage, args: &Demo) -> Result<()> {
    for day in 0..DAYS {
        stage.play_day(day).await?;
        if args.kill_worker_after == Some(day) {
            stage.kill_worker();
        }
    }
    stage.end_observation(observed_until());
    Ok(())
}

/// When the fortnight is over for every category, also for one whose first call came at noon.
fn observed_until() -> Timestamp {
    START.plus(i64::from(DAYS) * DAY_US + 12 * HOUR_US)
}

/// Publishes a policy for every category that has a candidate with the gate's leave; returns what
/// was promoted.
async fn promote_what_clears(
    stage: &mut Stage,
    weighed: &[Weighed],
    (look, share): (&Look, f64),
) -> Result<Vec<(String, String)>> {
    let policies = stage.deployment.policies();
    let mut promoted: Vec<(String, String)> = Vec::new();
    for cell in weighed {
        let Decision::Promote(approval) = &cell.decision else { continue };
        let category = &cell.evidence.category;
        if promoted.iter().any(|(known, _)| known == category) {
            continue;
        }
        let promotion = Promotion {
            actor: Actor::Person(ACTOR.to_owned()),
            stage: PolicyStage::Live,
            share: Share::new(share)?,
            lake_version: look.versions.clone(),
        };
        let next = promote(&policies.newest().await?, approval, promotion)?;
        policies.publish(&next).await?;
        promoted.push((category.clone(), cell.evidence.candidate.clone()));
    }
    decisions::repair(&stage.deployment.lake(), &policies).await?;
    stage.follow(policies.newest().await?.version).await?;
    Ok(promoted)
}

impl Stage {
    /// The lake as of a moment, and what it is weighed by.
    async fn look(&self, as_of: Timestamp) -> Result<(Look, Rules)> {
        rules::look(&self.deployment.place, &self.deployment.pipeline, as_of).await
    }
}
