//! `foreshadow demote`: a category goes back to its reference, at once and without a gate.

use crate::{
    cli::{Demote, Global},
    clock::WallClock,
    decisions,
    outcome::{Outcome, print},
    place::Place,
    policies::Policies,
    who,
};
use anyhow::Result;
use exchange::Clock;
use lake::Lake;
use policy::promotion::{Lowering, demote};

pub(crate) async fn run(global: &Global, args: &Demote) -> Result<Outcome> {
    let place = Place::new(&global.data);
    let policies = Policies::new(place.policy());
    let lowering = Lowering {
        actor: who::person(args.by.as_deref()),
        decided_at: WallClock.now(),
        reasons: Vec::new(),
        note: args.note.clone(),
    };
    let next = demote(&policies.newest()?, &args.category, lowering)?;
    policies.publish(&next)?;
    print(&format!(
        "{} is served by its reference again (policy {}); running proxies follow within a second\n",
        args.category, next.version
    ));
    decisions::repair(&Lake::open(&place.lake()), &policies).await?;
    Ok(Outcome::Done)
}
