//! The questions, as files of SQL that read from top to bottom and run elsewhere too.
//!
//! Their only parameter is the moment to look from, `{as_of}`; it is put in as a literal made from
//! a [`Timestamp`], so nothing that a person typed ever becomes part of a query.

use exchange::Timestamp;

const SESSIONS: &str = include_str!("sql/sessions.sql");
const ASKED: &str = include_str!("sql/asked.sql");
const UNITS: &str = include_str!("sql/units.sql");
const SLICES: &str = include_str!("sql/slices.sql");
const SAMPLER: &str = include_str!("sql/sampler.sql");

/// Every conversation in which a cell asked its candidate, counted or not.
pub(crate) fn all_units(as_of: Timestamp) -> String {
    at(&[SESSIONS, ASKED, UNITS].concat(), as_of)
}

/// What the sampler did, cell by cell.
pub(crate) fn sampler(as_of: Timestamp) -> String {
    at(&[SESSIONS, SAMPLER].concat(), as_of)
}

/// The units that count: `units` of the contract.
pub(crate) fn units(as_of: Timestamp) -> String {
    format!(
        "SELECT cell, category, candidate, epoch, conversation, tenant, first_at, closed_at, \
         requests, request_weight, request_loss, lost, weight, loss \
         FROM ({}) AS all_units WHERE counted",
        all_units(as_of)
    )
}

/// The views that build on tables and on one another, in that order: name and text.
pub(crate) fn views(as_of: Timestamp) -> Vec<(&'static str, String)> {
    vec![
        ("opened_cells", include_str!("sql/opened_cells.sql").to_owned()),
        ("declared_blocks", include_str!("sql/declared_blocks.sql").to_owned()),
        ("units", units(as_of)),
        ("outcomes", at(include_str!("sql/outcomes.sql"), as_of)),
        ("coverage", at(include_str!("sql/coverage.sql"), as_of)),
        ("verdicts", at(include_str!("sql/verdicts.sql"), as_of)),
        ("scores", at(include_str!("sql/scores.sql"), as_of)),
        ("quality_by_day", at(include_str!("sql/quality_by_day.sql"), as_of)),
        ("savings", at(include_str!("sql/savings.sql"), as_of)),
        ("spend", at(include_str!("sql/spend.sql"), as_of)),
        ("traffic", traffic(as_of)),
    ]
}

/// How each exchange x candidate ended.
pub(crate) fn outcomes(as_of: Timestamp) -> String {
    at(include_str!("sql/outcomes.sql"), as_of)
}

/// How often the reference's second reply disagrees with its first, in each cell that has a control.
pub(crate) fn noise_floor(as_of: Timestamp) -> String {
    at(include_str!("sql/noise_floor.sql"), as_of)
}

/// Cells cut by the length of the prompt.
pub(crate) fn slices(as_of: Timestamp) -> String {
    at(&[SESSIONS, ASKED, SLICES].concat(), as_of)
}

/// Whether the books close.
pub(crate) fn accounting(as_of: Timestamp) -> String {
    at(include_str!("sql/accounting.sql"), as_of)
}

/// What never came to the lake.
pub(crate) fn unseen(as_of: Timestamp) -> String {
    at(include_str!("sql/unseen.sql"), as_of)
}

/// What each category's callers sent.
pub(crate) fn traffic(as_of: Timestamp) -> String {
    at(include_str!("sql/traffic.sql"), as_of)
}

/// How long replies took and how they ended.
pub(crate) fn wall_times(as_of: Timestamp) -> String {
    at(include_str!("sql/wall_times.sql"), as_of)
}

fn at(text: &str, as_of: Timestamp) -> String {
    text.replace("{as_of}", &format!("TIMESTAMP '{as_of}'"))
}
