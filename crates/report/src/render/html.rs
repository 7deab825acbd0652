//! The report as one HTML file. Everything that came from outside is escaped by the templates; no
//! part of the page is script.

use super::{
    pieces::{self, Grid},
    plot, words,
};
use crate::{CellReport, Report};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("report.css");

pub(super) fn render(report: &Report) -> String {
    let title = pieces::title(report);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (page(report, &title)) } }
        }
    }
    .into_string()
}

fn page(report: &Report, title: &str) -> Markup {
    html! {
        h1 { (title) }
        p class="lead" { (pieces::summary(report)) }
        @if !report.notes.is_empty() {
            ul class="notes" { @for note in &report.notes { li { (note) } } }
        }
        (grid(&pieces::cells(report)))
        p class="meaning" { (words::MEANING) }
        p class="meaning" { (words::READING) }
        h2 { "Cells" }
        div class="cards" {
            @for (cell, detail) in report.cells.iter().zip(pieces::details(report)) {
                (card(cell, &detail.lines))
            }
        }
        @if let Some(rows) = pieces::disagreements(report) {
            h2 { (pieces::DISAGREEMENTS) }
            (grid(&rows))
        }
        @for (heading, lines, rows) in pieces::sections(report) {
            h2 { (heading) }
            @for line in lines { p { (line) } }
            @if let Some(rows) = rows { (grid(&rows)) }
        }
        p { small { "Lake versions: " @for (table, version) in &report.lake_version { (table) " " (version) " " } } }
    }
}

fn card(cell: &CellReport, lines: &[String]) -> Markup {
    let evidence = &cell.evidence;
    html! {
        section class={ "card " (cell.decision.action) } {
            span class="tag" { (cell.decision.action.to_uppercase()) }
            h3 { (evidence.category) " · " (evidence.candidate) }
            p class="statement" { (cell.statement) ", needs " (cell.threshold) }
            (plot::interval(cell))
            dl {
                dt { "quality" } dd { (words::quality(evidence)) " against " (words::bar(evidence)) }
                dt { "conversations" } dd { (words::count(evidence.units)) " on " (evidence.days) " dates" }
                dt { "saving" } dd { (words::saving(cell.savings.as_ref())) }
                dt { "judge" } dd { (words::judge(cell.judge)) }
                @if let Some(floor) = evidence.noise_floor {
                    dt { "noise floor" } dd { (words::percent(Some(floor))) " between two replies of the reference" }
                }
                dt { "blind spot" } dd { (words::percent(evidence.coverage.blind_spot)) }
            }
            @if cell.quality_by_day.len() > 1 {
                small { (words::by_day(evidence)) }
                (plot::days(cell))
                details { summary { "as a table" } (grid(&pieces::days(cell))) }
            }
            @if !lines.is_empty() { ul { @for line in lines { li { (line) } } } }
        }
    }
}

fn grid(grid: &Grid) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { @for name in grid.header { th { (name) } } } }
                tbody { @for row in &grid.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}
