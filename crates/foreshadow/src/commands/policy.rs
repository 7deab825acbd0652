//! `foreshadow policy`: what rules, how it came to rule, and the way back.

use crate::{
    cli::{Format, Global, PolicyCommand},
    clock::WallClock,
    commands::check,
    decisions,
    outcome::{Outcome, print},
    place::Place,
    policies::Policies,
    watch, who,
};
use anyhow::{Context, Result};
use exchange::{Clock, SECOND_US};
use policy::{
    Policy,
    following::{Follows, Sign},
    promotion::{Lowering, rollback},
};

pub(crate) async fn run(global: &Global, command: &PolicyCommand) -> Result<Outcome> {
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let policies = place.policies();
    match command {
        PolicyCommand::Show => {
            let (policy, signs) = (policies.newest().await?, policies.followers().signs().await?);
            match global.format {
                Some(Format::Json) => print(&as_json(&policy, &signs)?),
                Some(_) | None => {
                    show(&policy);
                    followers(&policy, &signs);
                }
            }
        }
        PolicyCommand::History => history(&policies, global.format).await?,
        PolicyCommand::Watch => return look(global, &place).await,
        PolicyCommand::Rollback { version, by } => {
            back(&place, &policies, *version, by.as_deref()).await?;
        }
    }
    Ok(Outcome::Done)
}

/// The policy, and beside it who goes by which version.
fn as_json(policy: &Policy, signs: &[Sign]) -> Result<String> {
    let mut shown = serde_json::to_value(policy)?;
    shown["proxies"] = serde_json::to_value(signs)?;
    Ok(format!("{}\n", serde_json::to_string_pretty(&shown)?))
}

fn followers(policy: &Policy, signs: &[Sign]) {
    let now = WallClock.now();
    for sign in signs {
        let (name, age_s) = (&sign.proxy_instance, sign.age_us(now) / SECOND_US);
        let stands = match sign.follows(policy.version, now) {
            Follows::Ruling => String::new(),
            Follows::Earlier => ", not yet by this one: can it read the policy?".to_owned(),
            Follows::Later => ", a later one: this is not all of the policy".to_owned(),
            Follows::Silent => ", and is silent since: killed, cut off or frozen".to_owned(),
        };
        print(&format!("  proxy {name}: policy {} {age_s} s ago{stands}\n", sign.version));
    }
}

fn show(policy: &Policy) {
    if policy.version == 0 {
        print("policy 0: observation; every call is served by its reference\n");
        return;
    }
    print(&format!("policy {} of {}\n", policy.version, policy.created_at));
    if policy.routes.is_empty() {
        print("  every call is served by its reference\n");
    }
    let now = WallClock.now();
    for (category, rule) in &policy.routes {
        let share = rule.share(now).value() * 100.0;
        let (candidate, stage) = (&rule.candidate, rule.stage.name());
        print(&format!("  {category}: {candidate}, {stage}, {share:.0} % of conversations\n"));
    }
}

async fn history(policies: &Policies, format: Option<Format>) -> Result<()> {
    let versions = policies.all().await?;
    if format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&versions)?));
        return Ok(());
    }
    if versions.is_empty() {
        print("nothing was decided yet: every call is served by its reference\n");
    }
    for policy in versions {
        let Some(decision) = policy.decision else { continue };
        let category = decision.category.as_deref().unwrap_or("every category");
        let candidate = decision.candidate.as_deref().unwrap_or("");
        let confidence = decision.confidence.map_or(String::new(), |it| format!(" at {it:.4}"));
        let forced = decision.forced.map_or(String::new(), |why| format!(", forced: {why}"));
        print(&format!(
            "{:>4}  {}  {} {category} {candidate}{confidence} by {}{forced}\n",
            policy.version,
            decision.decided_at,
            decision.action.name(),
            decision.actor,
        ));
    }
    Ok(())
}

async fn look(global: &Global, place: &Place) -> Result<Outcome> {
    let pipeline = match check::needed(global, "policy watch")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let made = watch::look(place, &pipeline, WallClock.now()).await?;
    if global.format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(&made)?));
        return Ok(Outcome::Done);
    }
    if made.is_empty() {
        print("nothing is demoted\n");
    }
    made.iter().for_each(|policy| print(&demoted(policy)));
    Ok(Outcome::Done)
}

/// What a version that the watch made did, and why.
pub(crate) fn demoted(policy: &Policy) -> String {
    let Some(decision) = &policy.decision else { return String::new() };
    let category = decision.category.as_deref().unwrap_or_default();
    let candidate = decision.candidate.as_deref().unwrap_or_default();
    let mut text = format!(
        "{category}: {candidate} is demoted, its reference serves again (policy {})\n",
        policy.version
    );
    for reason in &decision.reasons {
        text += &format!("  {reason}\n");
    }
    text
}

async fn back(
    place: &Place,
    policies: &Policies,
    version: Option<u64>,
    by: Option<&str>,
) -> Result<()> {
    let now = policies.newest().await?;
    let version = version.unwrap_or_else(|| now.version.saturating_sub(1));
    let earlier = if version == 0 {
        Policy::observation()
    } else {
        let mut all = policies.all().await?.into_iter();
        all.find(|policy| policy.version == version).with_context(|| {
            format!("there is no policy {version}: see `foreshadow policy history`")
        })?
    };
    let lowering = Lowering {
        actor: who::person(by),
        decided_at: WallClock.now(),
        reasons: Vec::new(),
        note: Some(format!("back to policy {version}")),
    };
    let next = rollback(&now, &earlier, lowering)?;
    policies.publish(&next).await?;
    show(&next);
    decisions::repair(&place.lake(), policies).await
}
