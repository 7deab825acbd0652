//! The weekly digest as Markdown.

use super::{markdown, pieces::Grid, words};
use crate::{CellState, Digest, Incident, PolicyChange, Weeks};
use exchange::NanoUsd;

/// What stands where a part of the digest is empty.
const NOTHING: &str = "Nothing.";

pub(super) fn render(digest: &Digest) -> String {
    let page = [
        format!("# The week to {}", digest.as_of),
        format!("From {}, beside the seven days before.", digest.from),
        "## Spend by category".to_owned(),
        part(categories(digest)),
        "## Savings".to_owned(),
        markdown::grid(&savings(digest)),
        SAVINGS.to_owned(),
        "## Incidents of providers".to_owned(),
        part(incidents(digest)),
        "## Changes of the policy".to_owned(),
        part(policies(digest)),
        "## Cells opened, cleared, refuted".to_owned(),
        part(cells(digest)),
    ];
    page.join("\n\n") + "\n"
}

/// What a realised saving is made of.
const SAVINGS: &str = "Saved is what the reference's price would have been for the very tokens that \
    candidates were paid for. The overhead is all shadow calls, controls and judge calls of the week, \
    also those that prepare later promotions, and live replies of candidates that nobody got. Of the \
    prompts as many tokens are taken for cached as the candidate read from its own cache: the \
    reference's would have been colder or warmer.";

fn part(grid: Grid) -> String {
    if grid.rows.is_empty() { NOTHING.to_owned() } else { markdown::grid(&grid) }
}

fn categories(digest: &Digest) -> Grid {
    let header =
        &["category", "calls", "before", "by candidate", "before", "spend", "before", "change"];
    let row = |(name, weeks): (&String, &Weeks<crate::Traffic>)| {
        let Weeks { this, before } = weeks;
        vec![
            name.clone(),
            words::count(this.calls),
            words::count(before.calls),
            words::count(this.by_candidate),
            words::count(before.by_candidate),
            words::usd(this.cost_usd),
            words::usd(before.cost_usd),
            change(this.cost_usd, before.cost_usd),
        ]
    };
    Grid { header, rows: digest.categories.iter().map(row).collect() }
}

/// `+12.0 %`; what began with nothing has no rate.
fn change(this: NanoUsd, before: NanoUsd) -> String {
    if before == NanoUsd::ZERO {
        return words::NO_DATA.to_owned();
    }
    format!("{:+.1} %", (this.usd() / before.usd() - 1.0) * 100.0)
}

fn savings(digest: &Digest) -> Grid {
    let Weeks { this, before } = &digest.savings;
    let row = |name: &str, this: NanoUsd, before: NanoUsd| {
        vec![name.to_owned(), words::usd(this), words::usd(before)]
    };
    let saved =
        |of: &crate::Realised| NanoUsd(of.reference_usd.0.saturating_sub(of.candidate_usd.0));
    let calls = vec![
        "calls that candidates served, with a price on both sides".to_owned(),
        words::count(this.calls),
        words::count(before.calls),
    ];
    Grid {
        header: &["", "this week", "before"],
        rows: vec![
            calls,
            row("saved", saved(this), saved(before)),
            row("overhead", this.overhead_usd, before.overhead_usd),
            row("net", this.net_usd, before.net_usd),
        ],
    }
}

fn incidents(digest: &Digest) -> Grid {
    let header = &["provider", "from", "until", "calls", "no reply", "429", "5xx"];
    let row = |it: &Incident| {
        vec![
            it.provider.clone(),
            it.from.to_string(),
            it.until.to_string(),
            words::count(it.calls),
            words::count(it.unanswered),
            words::count(it.limited),
            words::count(it.broken),
        ]
    };
    Grid { header, rows: digest.incidents.iter().map(row).collect() }
}

fn policies(digest: &Digest) -> Grid {
    let header = &["policy", "decided", "action", "category", "candidate", "by", "why"];
    let row = |it: &PolicyChange| {
        let why = it.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        vec![
            it.version.to_string(),
            it.decided_at.to_string(),
            it.action.clone(),
            it.category.clone(),
            it.candidate.clone().unwrap_or_default(),
            it.actor.clone(),
            why,
        ]
    };
    Grid { header, rows: digest.policies.iter().map(row).collect() }
}

fn cells(digest: &Digest) -> Grid {
    let state = |state: CellState| match state {
        CellState::Unseen => "not opened",
        CellState::Held => "held",
        CellState::Cleared => "cleared",
        CellState::Refuted => "refuted",
    };
    let rows = digest
        .cells
        .iter()
        .map(|it| vec![it.cell.clone(), state(it.before).to_owned(), state(it.now).to_owned()]);
    Grid { header: &["cell", "a week ago", "now"], rows: rows.collect() }
}
