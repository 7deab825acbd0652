//! What the demo says between its acts.

use super::stage::Stage;
use crate::place::Place;
use policy::Decision;
use report::{Report, Weighed};
use std::fmt::Write as _;
use testkit::world::{DAYS, Ending, World};

pub(super) fn opening(stage: &Stage) -> String {
    let mut text = format!(
        "Foreshadow demo: {DAYS} virtual days through the live listener at http://{}\n",
        stage.addr()
    );
    for provider in &stage.providers {
        // Writing into a text cannot fail.
        let _ =
            writeln!(text, "  simulated provider {} at {}", provider.name(), provider.base_url());
    }
    let root = stage.deployment.place.own().display();
    text + &format!("  journal, tables and policy in {root}\n\n")
}

/// What the evidence came to, beside what is true: only a simulation can know.
pub(super) fn against_truth(world: &World, weighed: &[Weighed]) -> String {
    let truth = world.truth();
    let mut text =
        String::from("\nwhat is true of the simulated models, and what the evidence came to\n");
    for cell in World::cells() {
        let found = weighed.iter().find(|it| {
            it.evidence.category == cell.category && it.evidence.candidate == cell.candidate
        });
        let quality = truth.get(cell.category).and_then(|models| models.get(cell.candidate));
        let ended = found.map_or("unseen", ending);
        let wanted = match cell.ending {
            Ending::Clears => "clears",
            Ending::Held => "held",
            Ending::Refuted => "refuted",
        };
        let mark = if ended == wanted { "as it is" } else { "NOT as it is" };
        let quality = quality.map_or_else(String::new, |quality| format!("{quality:.3}"));
        let _ = writeln!(
            text,
            "  {:<13} {:<5} true {quality:<6} {ended:<8} {mark}: {}",
            cell.category, cell.candidate, cell.shows
        );
    }
    text
}

fn ending(weighed: &Weighed) -> &'static str {
    match &weighed.decision {
        Decision::Promote(_) => "clears",
        Decision::Hold(_) | Decision::Demote(_) if weighed.evidence.refuted => "refuted",
        Decision::Hold(_) | Decision::Demote(_) => "held",
    }
}

pub(super) fn promoted(promoted: &[(String, String)]) -> String {
    if promoted.is_empty() {
        return "\nnothing cleared the gate: every category stays with its reference\n".to_owned();
    }
    let all: Vec<_> =
        promoted.iter().map(|(category, candidate)| format!("{category} → {candidate}")).collect();
    format!("\npromoted: {}\n", all.join(", "))
}

/// The three commands that one would type next.
pub(super) fn next(place: &Place, report: &Report, served: Option<&str>) -> String {
    let (data, as_of) = (place.own().display(), report.as_of);
    let pipeline = format!("{data}/pipeline.toml");
    let third = match served {
        Some(exchange) => format!("explain {exchange}"),
        None => "policy history".to_owned(),
    };
    format!(
        "\nnext:\n  \
         foreshadow --data {data} report --pipeline {pipeline} --as-of {as_of} --format html -o report.html\n  \
         foreshadow --data {data} sql \"SELECT tenant, count(*) AS units, confidence(1 - loss, 0.9) AS confidence \
         FROM units WHERE category = 'classify' AND candidate = 'harbor-mini' GROUP BY tenant ORDER BY units DESC\"\n  \
         foreshadow --data {data} {third}\n"
    )
}
