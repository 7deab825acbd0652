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
        let _ = writeln!(text, "  simulated provider {} at {}", provider.name(), provider.base_url());
    }
    let root = stage.deployment.place.root().display();
    text + &format!("  journal, tables and policy in {root}\n\n")
}

/// What the evidence came to, beside what is true: only a simulation can know.
pub(super) fn against_truth(world: &World, weighed: &[Weighed]) -> String {
    let truth = world.truth();
    let mut text = String::from("\nwhat is true of the simulated models, and what the evidence came to\n");
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
pub(super) fn next(place: &Place, report: &Report) -> String {
    let (data, as_of) = (place.root().display(), report.as_of);
    let held = report.cells.iter().find(|cell| cell.evidence.category == "faq");
    let category = held.map_or("translate", |cell| cell.evidence.category.as_str());
    format!(
        "\nnext:\n  \
         foreshadow --data {data} --pipeline {data}/pipeline.toml report --as-of {as_of} --format html --output report.html\n  \
         foreshadow --data {data} sql --as-of {as_of} \"SELECT category, candidate, confidence(1 - loss, 0.9) FROM units WHERE loss >= 0 GROUP BY 1, 2\"\n  \
         foreshadow --data {data} --pipeline {data}/pipeline.toml promote {category} --dry-run\n"
    )
}
