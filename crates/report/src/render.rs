//! The report as text, in four forms that say the same because they are made of the same pieces.
//!
//! Nothing here computes: a figure that is not in the [`Report`] is in no form of it.

mod digest;
mod html;
mod markdown;
mod pieces;
mod plot;
mod routing;
mod table;
pub(crate) mod words;

use crate::{Digest, Report};
use serde::Serialize;

/// Whether a terminal shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It does not, or the output goes to a file.
    Plain,
    /// It understands ANSI escapes.
    Ansi,
}

/// Columns of a terminal that says nothing of its width.
pub const WIDTH_DEFAULT: u16 = 120;

/// The report for a terminal of `width` columns.
#[must_use]
pub fn table(report: &Report, width: u16, colour: Colour) -> String {
    table::render(report, width, colour)
}

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    markdown::render(report)
}

/// The report as one HTML file that needs nothing else: no script, no font, no network.
#[must_use]
pub fn html(report: &Report) -> String {
    html::render(report)
}

/// The weekly digest as Markdown.
#[must_use]
pub fn weekly(digest: &Digest) -> String {
    digest::render(digest)
}

/// The weekly digest as JSON, the same bytes for the same digest.
///
/// # Errors
/// As [`json`].
pub fn weekly_json(digest: &Digest) -> Result<String, crate::Error> {
    pretty(digest)
}

/// The report as JSON, the same bytes for the same report.
///
/// # Errors
/// Never for a report that was gathered; the serialiser's word otherwise.
pub fn json(report: &Report) -> Result<String, crate::Error> {
    pretty(report)
}

fn pretty(of: &impl Serialize) -> Result<String, crate::Error> {
    let mut text = serde_json::to_string_pretty(of).map_err(crate::Error::Json)?;
    text.push('\n');
    Ok(text)
}
