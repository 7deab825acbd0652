//! `foreshadow demote`: a category goes back to its reference, at once and without a gate.

use crate::{
    cli::{Demote, Global},
    clock::WallClock,
    commands::check,
    decisions,
    outcome::{Outcome, print},
    who,
};
use anyhow::Result;
use exchange::Clock;
use policy::promotion::{Lowering, demote};

pub(crate) async fn run(global: &Global, args: &Demote) -> Result<Outcome> {
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let policies = place.policies();
    let lowering = Lowering {
        actor: who::person(args.by.as_deref()),
        decided_at: WallClock.now(),
        reasons: Vec::new(),
        note: args.note.clone(),
    };
    let next = demote(&policies.newest().await?, &args.category, lowering)?;
    policies.publish(&next).await?;
    print(&format!(
        "{} is served by its reference again (policy {}); running proxies follow within a second\n",
        args.category, next.version
    ));
    decisions::repair(&place.lake(), &policies).await?;
    Ok(Outcome::Done)
}
