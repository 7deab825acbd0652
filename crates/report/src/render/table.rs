//! The report for a terminal.

use super::{
    Colour,
    pieces::{self, Detail, Grid},
    words,
};
use crate::Report;
use comfy_table::{Cell, Color, ContentArrangement, Table, TableComponent, presets};

/// Narrower than this no line of a cell can be read.
const WIDTH_MIN: u16 = 40;

pub(super) fn render(report: &Report, width: u16, colour: Colour) -> String {
    let width = width.max(WIDTH_MIN);
    let mut page = Page { text: String::new(), width, colour };
    page.line(&page.bold(&pieces::title(report)));
    page.line(&pieces::summary(report));
    for note in &report.notes {
        page.wrapped("! ", note);
    }
    page.blank();
    page.grid(&pieces::cells(report));
    page.wrapped("", words::MEANING);
    page.wrapped("", words::READING);
    for detail in pieces::details(report) {
        page.detail(&detail);
    }
    for (heading, lines, grid) in pieces::sections(report) {
        page.blank();
        page.line(&page.bold(heading));
        lines.iter().for_each(|line| page.wrapped("", line));
        if let Some(grid) = grid {
            page.grid(&grid);
        }
    }
    page.text
}

struct Page {
    text: String,
    width: u16,
    colour: Colour,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.line("");
    }

    fn bold(&self, text: &str) -> String {
        self.painted(text, "1")
    }

    fn painted(&self, text: &str, code: &str) -> String {
        match self.colour {
            Colour::Plain => text.to_owned(),
            Colour::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn detail(&mut self, detail: &Detail) {
        self.blank();
        let code = match detail.action {
            "promote" => "32",
            "demote" => "31",
            _ => "33",
        };
        self.line(&self.painted(&printable(&detail.title), code));
        for line in &detail.lines {
            self.wrapped("  - ", line);
        }
    }

    /// The text in lines of the page's width, the first behind `mark` and the rest under it.
    fn wrapped(&mut self, mark: &str, text: &str) {
        let indent = " ".repeat(mark.chars().count());
        let room = usize::from(self.width).saturating_sub(indent.len()).max(1);
        let mut line = String::new();
        let mut start = mark;
        for word in printable(text).split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                self.line(&format!("{start}{line}"));
                (line, start) = (String::new(), &indent);
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&format!("{start}{line}"));
    }

    fn grid(&mut self, grid: &Grid) {
        let mut table = Table::new();
        table
            .load_preset(presets::UTF8_HORIZONTAL_ONLY)
            .remove_style(TableComponent::HorizontalLines)
            .remove_style(TableComponent::MiddleIntersections)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(grid.header.iter().copied());
        for row in &grid.rows {
            table.add_row(row.iter().map(|text| self.cell(text)));
        }
        match self.colour {
            Colour::Plain => table.force_no_tty(),
            Colour::Ansi => table.enforce_styling(),
        };
        for line in table.to_string().lines() {
            self.line(line);
        }
    }

    fn cell(&self, text: &str) -> Cell {
        let cell = Cell::new(printable(text));
        match (self.colour, text) {
            (Colour::Ansi, "PROMOTE") => cell.fg(Color::Green),
            (Colour::Ansi, "HOLD") => cell.fg(Color::Yellow),
            (Colour::Ansi, "DEMOTE") => cell.fg(Color::Red),
            _ => cell,
        }
    }
}

/// Names come from callers: one with an escape sequence must not steer the reader's terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
