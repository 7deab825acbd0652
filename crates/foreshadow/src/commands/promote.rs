//! `foreshadow promote`: asks the gate, and only with its leave makes policy n+1.

use crate::{
    cli::{Format, Global, Promote, Stage as Asked},
    clock::WallClock,
    commands::check,
    decisions,
    outcome::{Outcome, print},
    place::Place,
    rules,
    settings::environment,
    warehouse::look,
    who,
};
use anyhow::{Result, bail};
use exchange::Clock;
use pipeline::Pipeline;
use policy::{
    Approval, Decision, DecisionRecord, Policy, Promotion, Reason, Share, Stage, gate, promote,
};
use report::{Limits, Rules, Weighed, weigh};

/// The share of a canary, unless another is asked for.
const CANARY_SHARE: f64 = 0.1;

pub(crate) async fn run(global: &Global, args: &Promote) -> Result<Outcome> {
    let pipeline = match check::needed(global, "promote")? {
        Ok(pipeline) => pipeline,
        Err(outcome) => return Ok(outcome),
    };
    let (place, now) = (Place::of(global, &pipeline.s3, &environment())?, WallClock.now());
    let policies = place.policies();
    let history = policies.all().await?;
    let policy = history.last().cloned().unwrap_or_else(Policy::observation);
    let look = look(&place, now, Limits::default()).await?;
    let mut rules = rules::of(&pipeline, &history, &look, now);
    demand(&mut rules, args);
    let weighed = chosen(&pipeline, args, weigh(&look.warehouse, &rules).await?)?;
    let lake = place.lake();
    match leave(&weighed, args) {
        Ok(approval) => {
            let next = promote(&policy, &approval, promotion(args, &rules)?)?;
            promoted(&next, &approval, global.format)?;
            if !args.dry_run {
                policies.publish(&next).await?;
                decisions::repair(&lake, &policies).await?;
            }
            Ok(Outcome::Done)
        }
        Err(reasons) => {
            held(&weighed, &reasons, global.format)?;
            if !args.dry_run {
                let actor = who::person(args.by.as_deref());
                let record = hold(&weighed, reasons, actor, (&rules, &policy));
                decisions::record(&lake, &record).await?;
            }
            Ok(Outcome::Held)
        }
    }
}

/// What was typed may demand more or less than the pipeline; the decision's record says what.
fn demand(rules: &mut Rules, args: &Promote) {
    let Some(threshold) = args.threshold else { return };
    for category in rules.categories.iter_mut().filter(|it| it.category == args.category) {
        category.gate.threshold = threshold;
    }
}

/// The one cell that is meant.
fn chosen(pipeline: &Pipeline, args: &Promote, weighed: Vec<Weighed>) -> Result<Weighed> {
    let Some(category) = pipeline.category(&args.category) else {
        let known: Vec<_> = pipeline.categories.iter().map(|it| it.name.as_str()).collect();
        bail!("no category `{}`: the pipeline has {}", args.category, known.join(", "));
    };
    let candidate = match (&args.candidate, category.candidates.as_slice()) {
        (Some(candidate), candidates) if candidates.contains(candidate) => candidate,
        (None, [only]) => only,
        (_, candidates) => bail!(
            "say which candidate of `{}`: --candidate {}",
            category.name,
            candidates.join(" or --candidate ")
        ),
    };
    let mut weighed = weighed.into_iter();
    let found = weighed
        .find(|it| it.evidence.category == category.name && it.evidence.candidate == *candidate);
    match found {
        Some(weighed) => Ok(weighed),
        None => bail!(
            "nothing was ever assigned to `{candidate}` in `{}`: let `foreshadow up` observe first",
            category.name
        ),
    }
}

/// The gate's leave, or its reasons.
fn leave(weighed: &Weighed, args: &Promote) -> Result<Approval, Vec<Reason>> {
    match (&weighed.decision, &args.force) {
        (Decision::Promote(approval), _) => Ok((**approval).clone()),
        (Decision::Hold(_) | Decision::Demote(_), Some(why)) => {
            gate::force(&weighed.evidence, &weighed.facts, &weighed.gate, why)
                .map_err(|reason| vec![reason])
        }
        (Decision::Hold(reasons), None) => Err(reasons.clone()),
        (Decision::Demote(reason), None) => Err(vec![reason.clone()]),
    }
}

fn promotion(args: &Promote, rules: &Rules) -> Result<Promotion> {
    let (stage, usual) = match args.stage {
        Asked::Canary => (Stage::Canary, CANARY_SHARE),
        Asked::Live => (Stage::Live, 1.0),
    };
    Ok(Promotion {
        actor: who::person(args.by.as_deref()),
        stage,
        share: Share::new(args.share.unwrap_or(usual))?,
        lake_version: rules.lake_version.clone(),
    })
}

fn hold(
    weighed: &Weighed,
    reasons: Vec<Reason>,
    actor: policy::Actor,
    (rules, policy): (&Rules, &Policy),
) -> DecisionRecord {
    let what = policy::decision::Weighed {
        evidence: &weighed.evidence,
        as_of: weighed.facts.as_of,
        decided_at: weighed.facts.decided_at,
        lake_version: &rules.lake_version,
        threshold: weighed.gate.threshold,
    };
    DecisionRecord::hold(&what, reasons, actor, policy.version)
}

fn promoted(next: &Policy, approval: &Approval, format: Option<Format>) -> Result<()> {
    if format == Some(Format::Json) {
        print(&next.to_json()?);
        return Ok(());
    }
    let evidence = approval.evidence();
    print(&format!(
        "{}: {} may serve, confidence {:.4} over {} units (policy {})\n",
        evidence.category,
        evidence.candidate,
        evidence.confidence_adj,
        evidence.units,
        next.version
    ));
    for assumption in approval.assumptions() {
        print(&format!("  assumed, not measured: {assumption}\n"));
    }
    for reason in approval.overridden() {
        print(&format!("  overridden by force: {reason}\n"));
    }
    Ok(())
}

fn held(weighed: &Weighed, reasons: &[Reason], format: Option<Format>) -> Result<()> {
    if format == Some(Format::Json) {
        print(&format!("{}\n", serde_json::to_string_pretty(reasons)?));
        return Ok(());
    }
    let evidence = &weighed.evidence;
    print(&format!("{}: {} is held\n", evidence.category, evidence.candidate));
    for reason in reasons {
        print(&format!("  {reason}\n"));
    }
    Ok(())
}
