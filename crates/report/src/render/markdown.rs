//! The report as Markdown.

use super::{
    pieces::{self, Grid},
    words,
};
use crate::Report;

pub(super) fn render(report: &Report) -> String {
    let mut page = vec![format!("# {}", escaped(&pieces::title(report)))];
    page.push(escaped(&pieces::summary(report)));
    if !report.notes.is_empty() {
        let notes = report.notes.iter().map(|note| format!("> **Note:** {}", escaped(note)));
        page.push(notes.collect::<Vec<_>>().join("\n>\n"));
    }
    page.push(grid(&pieces::cells(report)));
    page.push(words::MEANING.to_owned());
    page.push(words::READING.to_owned());
    for detail in pieces::details(report) {
        page.push(format!("### {}", escaped(&detail.title)));
        if !detail.lines.is_empty() {
            page.push(list(&detail.lines));
        }
    }
    if let Some(rows) = pieces::disagreements(report) {
        page.push(format!("## {}", pieces::DISAGREEMENTS));
        page.push(grid(&rows));
    }
    for (heading, lines, rows) in pieces::sections(report) {
        page.push(format!("## {heading}"));
        if !lines.is_empty() {
            page.push(list(&lines));
        }
        page.extend(rows.map(|rows| grid(&rows)));
    }
    page.join("\n\n") + "\n"
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {}", escaped(line))).collect::<Vec<_>>().join("\n")
}

pub(super) fn grid(grid: &Grid) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![
        line(grid.header.iter().map(ToString::to_string).collect()),
        line(vec!["---".to_owned(); grid.header.len()]),
    ];
    lines.extend(grid.rows.iter().map(|row| line(row.iter().map(|cell| escaped(cell)).collect())));
    lines.join("\n")
}

/// What Markdown or the HTML inside it would read as more than text.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
