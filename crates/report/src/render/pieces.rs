//! The report cut into the pieces that every form shows: plain text, not yet escaped or coloured.

use super::{routing, words};
use crate::{
    Accounting, CellReport, DayQuality, Disagreement, JudgeStanding, Report, Said, Slice, SoFar,
    Spend, report::is_callers,
};
use exchange::NanoUsd;

/// Rows under a header.
pub(super) struct Grid {
    pub(super) header: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
}

/// What is said of one cell beside its line in the grid.
pub(super) struct Detail {
    pub(super) title: String,
    pub(super) action: &'static str,
    pub(super) lines: Vec<String>,
}

pub(super) fn title(report: &Report) -> String {
    format!("Confidence report as of {}", report.as_of)
}

pub(super) fn summary(report: &Report) -> String {
    let count = |action| report.cells.iter().filter(|cell| cell.decision.action == action).count();
    let serving = report.cells.iter().filter(|cell| serves_and_clears(cell)).count();
    let serve = if serving > 0 { format!(", {serving} serve and clear") } else { String::new() };
    let days = report.observed.days.map_or_else(
        || "nothing observed yet".to_owned(),
        |days| format!("{days:.1} days observed"),
    );
    format!(
        "{days} · {} exchanges · {} ready to promote{serve}, {} held, {} to demote",
        words::count(report.accounting.recorded),
        count("promote") - serving,
        count("hold"),
        count("demote"),
    )
}

/// Whether a cell's candidate serves already and goes on clearing.
fn serves_and_clears(cell: &CellReport) -> bool {
    cell.serving.is_some() && cell.decision.action == "promote"
}

pub(super) fn cells(report: &Report) -> Grid {
    let header = &[
        "category",
        "candidate",
        "mode",
        "units",
        "quality [95 %]",
        "bar",
        "confidence (family)",
        "saving",
        "decision",
    ];
    let row = |cell: &CellReport| {
        let evidence = &cell.evidence;
        vec![
            evidence.category.clone(),
            evidence.candidate.clone(),
            evidence.mode.name().to_owned(),
            words::count(evidence.units),
            words::quality(evidence),
            words::bar(evidence),
            words::confidence(evidence.confidence_adj),
            words::saving(cell.savings.as_ref()),
            cell.decision.action.to_uppercase(),
        ]
    };
    Grid { header, rows: report.cells.iter().map(row).collect() }
}

/// One cell day by day, as text: the day's own mean, and what all until its end say.
pub(super) fn days(cell: &CellReport) -> Grid {
    let header = &[
        "day",
        "units",
        "quality",
        "units so far",
        "quality so far [95 %]",
        "confidence (family)",
    ];
    let row = |day: &DayQuality| {
        let SoFar { units, quality, quality_lower, quality_upper, confidence_adj } = day.so_far;
        vec![
            day.day.to_string(),
            words::count(day.units),
            format!("{:.3}", day.quality),
            words::count(units),
            words::interval(quality, Some(quality_lower), Some(quality_upper)),
            words::confidence(confidence_adj),
        ]
    };
    Grid { header, rows: cell.quality_by_day.iter().map(row).collect() }
}

/// The heading of what was said where candidates did worst.
pub(super) const DISAGREEMENTS: &str = "Worst disagreements";

/// What was said where candidates did worst, side by side; `None` where nothing may be shown.
pub(super) fn disagreements(report: &Report) -> Option<Grid> {
    let header = &[
        "category",
        "candidate",
        "exchange",
        "loss",
        "why",
        "asked",
        "the reference said",
        "the candidate said",
    ];
    let row = |cell: &CellReport, worst: &Disagreement| {
        let said = |of: fn(&Said) -> &String| {
            worst.said.as_ref().map_or_else(|| words::NO_DATA.to_owned(), |said| of(said).clone())
        };
        vec![
            cell.evidence.category.clone(),
            cell.evidence.candidate.clone(),
            worst.exchange_id.clone(),
            words::losses(worst),
            worst.reason.clone().unwrap_or_default(),
            said(|said| &said.asked),
            said(|said| &said.reference),
            said(|said| &said.candidate),
        ]
    };
    let mut rows = Vec::new();
    for cell in &report.cells {
        rows.extend(cell.worst_disagreements.iter().map(|worst| row(cell, worst)));
    }
    (!rows.is_empty()).then_some(Grid { header, rows })
}

/// What each cell's line stands for, and what would change the gate's mind.
pub(super) fn details(report: &Report) -> Vec<Detail> {
    report.cells.iter().map(detail).collect()
}

fn detail(cell: &CellReport) -> Detail {
    let evidence = &cell.evidence;
    let verb = match cell.decision.action {
        "promote" if serves_and_clears(cell) => "serves and clears",
        "promote" => "may be promoted",
        "demote" => "must be demoted",
        _ => "is held",
    };
    let title =
        format!("{} · {} {verb}: {}", evidence.category, evidence.candidate, cell.statement);
    let mut lines: Vec<_> = cell.decision.reasons.iter().map(ToString::to_string).collect();
    lines.extend(cell.decision.assumptions.iter().cloned());
    lines.extend(cell.serving.as_ref().map(words::serving));
    lines.extend(slices(cell));
    lines.extend(words::worst_disagreements(&cell.worst_disagreements));
    lines.extend(words::noise_floor(evidence));
    lines.extend(cell.correction.as_ref().map(words::correction));
    lines.extend(words::translations(&cell.translations));
    lines.extend(words::blocked(&cell.blocked));
    lines.extend(
        cell.savings
            .as_ref()
            .and_then(words::projected)
            .map(|text| format!("would have saved {text}")),
    );
    lines.extend(cell.savings.as_ref().and_then(words::prompt_cache));
    lines.extend(cell.forecast.as_ref().and_then(words::forecast));
    Detail { title, action: cell.decision.action, lines }
}

/// The slices that even their upper bound leaves below what is demanded, the worst first.
fn slices(cell: &CellReport) -> Vec<String> {
    let is_cut = cell.slices.len() > 1;
    let refuted = cell.slices.iter().filter(|slice| is_cut && slice.refuted);
    let mut refuted: Vec<&Slice> = refuted.collect();
    refuted.sort_by(|a, b| a.quality_upper.total_cmp(&b.quality_upper));
    let names = std::iter::once("worst slice").chain(std::iter::repeat("also below"));
    let said = refuted.iter().map(|slice| words::worst_slice(slice, &cell.evidence, cell.demand));
    names.zip(said).map(|(name, said)| format!("{name}: {said}")).collect()
}

pub(super) fn coverage(report: &Report) -> Grid {
    let header = &[
        "category",
        "candidate",
        "exchanges",
        "shadowed",
        "not sampled",
        "pending",
        "ineligible",
        "withheld",
        "failed",
        "blind spot",
    ];
    let row = |cell: &CellReport| {
        let coverage = &cell.evidence.coverage;
        vec![
            cell.evidence.category.clone(),
            cell.evidence.candidate.clone(),
            words::count(coverage.exchanges),
            words::count(coverage.shadowed),
            words::count(coverage.not_sampled),
            words::count(coverage.pending),
            by_reason(&coverage.ineligible),
            by_reason(&coverage.withheld),
            by_reason(&coverage.failed),
            words::percent(coverage.blind_spot),
        ]
    };
    Grid { header, rows: report.cells.iter().map(row).collect() }
}

fn by_reason(counts: &std::collections::BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "0".to_owned();
    }
    let parts = counts.iter().map(|(reason, count)| format!("{} {reason}", words::count(*count)));
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) fn accounting(books: &Accounting) -> String {
    format!(
        "{} offered, {} accepted, {} shed, {} lost, {} recorded, {} missing in sequence",
        words::count(books.offered),
        words::count(books.accepted),
        words::count(books.shed),
        words::count(books.lost),
        words::count(books.recorded),
        words::count(books.sequence_gaps),
    )
}

pub(super) fn categories(report: &Report) -> Grid {
    let header =
        &["category", "calls", "share of calls", "spend", "share of spend", "by candidate"];
    let rows = report.categories.iter().map(|(name, category)| {
        vec![
            name.clone(),
            words::count(category.calls),
            words::percent(category.share_of_calls),
            words::usd(category.cost_usd),
            words::percent(category.share_of_spend),
            words::count(category.by_candidate),
        ]
    });
    Grid { header, rows: rows.collect() }
}

pub(super) fn spend(report: &Report) -> Grid {
    let header = &["purpose", "calls", "without price", "exact dollars"];
    let row = |name: &str, spend: &Spend| {
        vec![
            name.to_owned(),
            words::count(spend.calls),
            words::count(spend.unpriced),
            spend.cost_usd.to_string(),
        ]
    };
    let mut rows: Vec<_> = report.spend.iter().map(|(name, spend)| row(name, spend)).collect();
    let ours = report.spend.iter().filter(|(name, _)| !is_callers(name));
    let trial = ours.fold(Spend::default(), |sum, (_, spend)| Spend {
        calls: sum.calls + spend.calls,
        unpriced: sum.unpriced + spend.unpriced,
        cost_usd: [sum.cost_usd, spend.cost_usd].into_iter().sum::<NanoUsd>(),
    });
    rows.push(row("the trial in all", &trial));
    Grid { header, rows }
}

/// The judges, where any decides.
pub(super) fn judges(report: &Report) -> Vec<String> {
    let judged = report.cells.iter().filter(|cell| cell.judge != JudgeStanding::None);
    let line = |cell: &CellReport| {
        let evidence = &cell.evidence;
        let standing = words::judge(cell.judge);
        let worth = cell.judge_worth.as_ref().map_or_else(String::new, words::worth);
        format!("{} · {}: {standing}{worth}", evidence.category, evidence.candidate)
    };
    judged.map(line).collect()
}

pub(super) fn wall_times(report: &Report) -> Option<Grid> {
    let header = &["category", "answered by", "replies", "p50 ms", "p95 ms", "refused", "cut"];
    let times = report.wall_times.as_ref().filter(|times| !times.is_empty())?;
    let ms =
        |ms: Option<f64>| ms.map_or_else(|| words::NO_DATA.to_owned(), |ms| format!("{ms:.0}"));
    let rows = times.iter().map(|time| {
        vec![
            time.category.clone(),
            time.answered_by.clone(),
            words::count(time.replies),
            ms(time.latency_ms_p50),
            ms(time.latency_ms_p95),
            words::percent(Some(time.refused)),
            words::percent(Some(time.cut)),
        ]
    });
    Some(Grid { header, rows: rows.collect() })
}

/// The sections below the cells, in order: heading, words above the grid, grid.
pub(super) fn sections(report: &Report) -> Vec<(&'static str, Vec<String>, Option<Grid>)> {
    let judges = judges(report);
    let mut sections = vec![
        ("Should you route at all?", routing::lines(&report.routing), None),
        ("Coverage", vec![accounting(&report.accounting)], Some(coverage(report))),
        ("Traffic", Vec::new(), Some(categories(report))),
        ("Spend", Vec::new(), Some(spend(report))),
    ];
    if !judges.is_empty() {
        sections.push(("Judges", judges, None));
    }
    if let Some(times) = wall_times(report) {
        sections.push(("Wall times", Vec::new(), Some(times)));
    }
    sections
}
