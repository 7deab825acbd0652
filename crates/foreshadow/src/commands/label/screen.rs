//! How a pair is put before a person: page by page, never cut.

use super::queue::Texts;
use policy::label::Unlabelled;

/// Lines of a page where nobody says how high the screen is.
const PAGE_LINES: usize = 40;
/// Columns where nobody says how wide it is.
const WIDTH: usize = 100;
/// Lines that a page leaves for the question.
const MARGIN_LINES: usize = 4;

pub(super) const HELP: &str = "two letters, A first: y would do, n would not, ? cannot say; then a \
    note if you like (`yn B invents a date`)\nm more · s skip · u undo · h help · q quit\n";

/// A pair, cut into pages.
pub(super) struct Pages {
    lines: Vec<String>,
    page_lines: usize,
    shown: usize,
}

impl Pages {
    /// `texts` must be plain already.
    pub(super) fn of(pair: &Unlabelled, texts: &Texts, place: &str) -> Self {
        let size = terminal_size::terminal_size();
        let width = size.map_or(WIDTH, |(width, _)| usize::from(width.0)).max(20);
        let height = size.map_or(PAGE_LINES + MARGIN_LINES, |(_, height)| usize::from(height.0));
        let drawn = if pair.audit_prob.is_some() { "drawn for a label" } else { "informs only" };
        let category = crate::plain::one_line(&pair.category);
        let text = format!(
            "── {place} · {category} · {drawn}\n{}\n── A\n{}\n── B\n{}\n",
            texts.call, texts.replies[0], texts.replies[1]
        );
        let lines = text.lines().flat_map(|line| folded(line, width)).collect();
        let page_lines = height.saturating_sub(MARGIN_LINES).max(5);
        Self { lines, page_lines, shown: 0 }
    }

    /// The next page; empty where all was shown.
    pub(super) fn next(&mut self) -> String {
        let end = (self.shown + self.page_lines).min(self.lines.len());
        let mut page = String::new();
        for line in &self.lines[self.shown..end] {
            page += line;
            page.push('\n');
        }
        self.shown = end;
        page
    }

    /// Lines that were not shown yet.
    pub(super) fn left(&self) -> usize {
        self.lines.len() - self.shown
    }
}

/// A line in pieces that fit; an empty one is one piece.
fn folded(line: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    if chars.is_empty() {
        return vec![String::new()];
    }
    chars.chunks(width).map(|piece| piece.iter().collect()).collect()
}
