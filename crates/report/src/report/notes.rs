//! What one must know before believing a figure.

use crate::{CellReport, JudgeStanding, Report, Rules};
use exchange::DAY_US;
use std::collections::BTreeMap;

pub(super) fn of(report: &Report, rules: &Rules) -> Vec<String> {
    let notes = [
        observation(report, rules),
        thin(report, rules),
        unseen(report),
        missing(report, rules),
        kept(report),
        users(report),
        judges(report),
        unwatched(report),
        unpriced(report),
    ];
    notes.into_iter().flatten().collect()
}

fn observation(report: &Report, rules: &Rules) -> Option<String> {
    let Some(days) = report.observed.days else {
        return Some("Nothing was observed yet: there is no evidence.".to_owned());
    };
    let needed = rules.categories.iter().map(|rule| rule.gate.observation_days).max()?;
    (days < f64::from(needed) - 1.0 / 24.0)
        .then(|| format!("Observed {days:.1} of {needed} days: nothing is proved yet."))
}

fn thin(report: &Report, rules: &Rules) -> Option<String> {
    let cells = report.cells.iter().filter(|cell| {
        let rule = rules.categories.iter().find(|rule| rule.category == cell.evidence.category);
        rule.is_some_and(|rule| cell.evidence.units < rule.gate.units_min)
    });
    let thin = cells.count();
    (thin > 0).then(|| {
        format!(
            "Thin evidence: {thin} of {} cells have fewer conversations than the gate demands.",
            report.cells.len()
        )
    })
}

fn unseen(report: &Report) -> Option<String> {
    let books = &report.accounting;
    let unseen = books.shed + books.lost + books.sequence_gaps;
    (unseen > 0).then(|| {
        format!(
            "Not in any figure: {} exchanges shed, {} lost, {} missing in sequence.",
            books.shed, books.lost, books.sequence_gaps
        )
    })
}

/// Candidates of the pipeline that nothing was ever assigned to.
fn missing(report: &Report, rules: &Rules) -> Option<String> {
    let is_weighed = |category: &str, candidate: &str| {
        report
            .cells
            .iter()
            .any(|cell| cell.evidence.category == category && cell.evidence.candidate == candidate)
    };
    let missing: Vec<_> = rules
        .categories
        .iter()
        .flat_map(|rule| rule.candidates.iter().map(|of| (&rule.category, &of.candidate)))
        .filter(|(category, candidate)| !is_weighed(category, candidate))
        .map(|(category, candidate)| format!("{category}/{candidate}"))
        .collect();
    (!missing.is_empty()).then(|| format!("Without any exchange so far: {}.", missing.join(", ")))
}

/// Calls that no candidate is asked, though a setting would let it be.
fn kept(report: &Report) -> Option<String> {
    let calls = |cell: &CellReport, why: &str| {
        cell.evidence.coverage.ineligible.get(why).copied().unwrap_or_default()
    };
    let mut kept: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for cell in &report.cells {
        let (of, named) = kept.entry(&cell.evidence.category).or_default();
        *of = calls(cell, "bound:store").max(*of);
        *named = calls(cell, "unreplayable:stateful").max(*named);
    }
    let kept = kept.iter().filter(|(_, (of, _))| *of > 0);
    let kept: Vec<_> = kept
        .map(|(category, (of, named))| format!("{category}: {of}, and {named} that name one"))
        .collect();
    (!kept.is_empty()).then(|| {
        format!(
            "Put to no candidate, because their provider keeps the reply for later calls to name \
             ({}): live the reference would serve them too. Where no call names a reply, write \
             `on_store = \"switch_off\"` in the category.",
            kept.join("; ")
        )
    })
}

fn users(report: &Report) -> Option<String> {
    let cells = report.cells.iter().map(|cell| &cell.evidence);
    let unknown = cells.filter(|cell| cell.units > 0 && cell.top_user_share.is_none()).count();
    (unknown > 0).then(|| {
        format!(
            "Independence unknown in {unknown} cells: their conversations name no tenant, so one \
             user may stand behind many."
        )
    })
}

fn judges(report: &Report) -> Option<String> {
    let assumed = report.cells.iter().any(|cell| cell.judge == JudgeStanding::Assumed);
    assumed.then(|| "A judge's errors are assumed here, not measured by labels.".to_owned())
}

/// Candidates that serve and of which nothing was compared for a day.
fn unwatched(report: &Report) -> Option<String> {
    let unseen = report.cells.iter().filter(|cell| {
        cell.serving
            .as_ref()
            .is_some_and(|serving| serving.units == 0 && serving.since.plus(DAY_US) < report.as_of)
    });
    let names = unseen.map(|cell| cell.evidence.category.as_str()).collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| {
        format!(
            "Nothing watches {names}: no conversation since the promotion was left to the reference \
             and compared. `promote --share` below 1 keeps a watch."
        )
    })
}

fn unpriced(report: &Report) -> Option<String> {
    let unpriced: u64 = report.spend.values().map(|spend| spend.unpriced).sum();
    (unpriced > 0).then(|| format!("{unpriced} calls have no known price and are in no sum."))
}
