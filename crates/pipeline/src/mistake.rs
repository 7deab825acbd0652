use serde::Serialize;
use serde_spanned::Spanned;
use std::{fmt, ops::Range};

/// A place in the file, in bytes.
pub(crate) type Span = Range<usize>;

/// What is wrong with a pipeline, where, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// Whether the pipeline can be used nevertheless.
    pub severity: Severity,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub remedy: String,
}

/// How bad a mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The pipeline cannot be used.
    Error,
    /// It can, and something will not happen that one might expect.
    Warning,
}

impl fmt::Display for Mistake {
    /// `12:5: error: what; remedy`, to be put behind the file's name.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Self { line, column, what, remedy, .. } = self;
        write!(out, "{line}:{column}: {severity}: {what}; {remedy}")
    }
}

/// More mistakes than a person reads; the count of the rest is told.
pub(crate) const MISTAKES_MAX: usize = 100;

/// Collects mistakes while a file is read.
#[derive(Debug)]
pub(crate) struct Notes<'t> {
    text: &'t str,
    found: Vec<(usize, Mistake)>,
}

impl<'t> Notes<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes a mistake at a place.
    pub(crate) fn error(&mut self, at: Span, what: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Error, at, (what.into(), remedy.into()));
    }

    /// Notes something that is allowed and perhaps not meant.
    pub(crate) fn warning(&mut self, at: Span, what: impl Into<String>, remedy: impl Into<String>) {
        self.note(Severity::Warning, at, (what.into(), remedy.into()));
    }

    fn note(&mut self, severity: Severity, at: Span, (what, remedy): (String, String)) {
        let (line, column) = position(self.text, at.start);
        self.found.push((at.start, Mistake { severity, line, column, what, remedy }));
    }

    /// Line and column of a byte, both from 1.
    pub(crate) fn place(&self, byte: usize) -> (usize, usize) {
        position(self.text, byte)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|(_, mistake)| mistake.severity == Severity::Error)
    }

    /// Everything that was found, in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|(at, _)| *at);
        let more = self.found.len().saturating_sub(MISTAKES_MAX);
        self.found.truncate(MISTAKES_MAX);
        let mut mistakes: Vec<_> = self.found.into_iter().map(|(_, mistake)| mistake).collect();
        if let (true, Some(last)) = (more > 0, mistakes.last_mut()) {
            last.remedy.push_str(&format!(" (and {more} more mistakes further down)"));
        }
        mistakes
    }
}

/// Line and column of a byte, both from 1; the column counts characters, as editors do.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// The place of a value, or of something else where the value is missing.
pub(crate) fn place<T>(value: Option<&Spanned<T>>, otherwise: &Span) -> Span {
    value.map_or_else(|| otherwise.clone(), Spanned::span)
}
