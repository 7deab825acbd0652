//! What ships of models, for pipelines that do not say it themselves: tables of data beside the code, with the
//! page and the day of each figure. What they do not speak of stays unknown.

pub mod capability;
pub mod price;
mod source;

pub use source::Source;

use crate::mistake::{Mistake, Severity};
use exchange::{DAY_US, Timestamp};
use serde::Serialize;

/// Figures that were read longer ago are warned of: prices change several times a year.
pub const TABLE_AGE_DAYS_MAX: i64 = 180;

/// Who says what is held to be true of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidBy {
    /// The table that ships.
    Table,
    /// The pipeline, whatever the table says.
    Pipeline,
}

/// Kinds of figures in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figures {
    /// What a model takes.
    Capabilities,
    /// What it costs.
    Prices,
}

/// Figures of a model that a pipeline leaves to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableUse {
    /// The model.
    pub model: String,
    /// Which figures.
    pub figures: Figures,
    /// The day on which the oldest of their sources was read.
    pub read: Timestamp,
    /// Line and column of the model in the file, both from 1.
    pub place: (usize, usize),
}

impl TableUse {
    /// How long ago, at `now`, the figures were read.
    #[must_use]
    pub fn age_days(&self, now: Timestamp) -> i64 {
        now.0.saturating_sub(self.read.0).div_euclid(DAY_US)
    }

    pub(crate) fn warning(&self, now: Timestamp) -> Mistake {
        let (figures, remedy) = match self.figures {
            Figures::Capabilities => ("takes", "`context_tokens` and what follows it"),
            Figures::Prices => ("costs", "`price`"),
        };
        let (age, read) = (self.age_days(now), self.read.date());
        let (line, column) = self.place;
        Mistake {
            severity: Severity::Warning,
            line,
            column,
            what: format!("what `{}` {figures} is {age} days old (read {read})", self.model),
            remedy: format!("write {remedy} of the model, or use a newer release"),
        }
    }
}
