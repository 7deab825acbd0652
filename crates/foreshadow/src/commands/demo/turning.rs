//! What happens when a candidate that serves gets worse: traffic goes on, and the watch takes it off.

use super::stage::Stage;
use crate::{commands::policy::demoted, outcome::print, watch};
use anyhow::Result;
use testkit::world::{DAYS, TURNED, World};

/// The share of conversations that candidates serve here: the rest keeps them compared.
pub(super) const SHARE: f64 = 0.5;
/// The first day on which it is worse, after the day after the promotion.
const FROM: u32 = DAYS + 2;
/// How long is played on.
const DAYS_ON: u32 = 4;

/// Plays on, with the same look after each day as `foreshadow up` takes every few seconds.
pub(super) async fn play(stage: &mut Stage, world: &World) -> Result<()> {
    let world = world.turned();
    print(&format!("\nfrom here on the candidate gets most of `{TURNED}` wrong\n"));
    for day in FROM..FROM + DAYS_ON {
        stage.play(&world.day(day)).await?;
        stage.drain_until(day + 1).await?;
        let now = stage.deployment.clock.now();
        let made = watch::look(&stage.deployment.place, &stage.deployment.pipeline, now).await?;
        print(&format!("  {}: {} demoted\n", now.date(), made.len()));
        for policy in &made {
            print(&demoted(policy));
            stage.follow(policy.version).await?;
        }
    }
    Ok(())
}
