//! What a person said of a pair, and the rows that it becomes.

use anyhow::Result;
use exchange::{Arm, Date, ExchangeId, Timestamp};
use lake::{Lake, Table, rows_to_batch};
use policy::label::{Shown, Unlabelled};
use serde::Serialize;

/// A remark is not longer than this.
pub(super) const NOTE_BYTES_MAX: usize = 4_000;

/// A person's word on both replies of a pair.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) pair: Unlabelled,
    /// Of A and of B; `None` where the person would not say.
    pub(super) acceptable: [Option<bool>; 2],
    pub(super) note: Option<String>,
    pub(super) at: Timestamp,
}

/// A person's word on one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Would,
    WouldNot,
    CannotSay,
}

/// The word behind a letter.
pub(super) fn said(letter: char) -> Option<Word> {
    match letter {
        'y' => Some(Word::Would),
        'n' => Some(Word::WouldNot),
        '?' => Some(Word::CannotSay),
        _ => None,
    }
}

impl Word {
    pub(super) fn acceptable(self) -> Option<bool> {
        match self {
            Self::Would => Some(true),
            Self::WouldNot => Some(false),
            Self::CannotSay => None,
        }
    }
}

/// A row of `labels`.
#[derive(Debug, Serialize)]
struct LabelRow<'a> {
    date: Date,
    exchange_id: ExchangeId,
    arm: Arm,
    candidate: Option<&'a str>,
    labelled_at: Timestamp,
    labeller: &'a str,
    acceptable: Option<bool>,
    audit_prob: Option<f64>,
    shown_order: &'static str,
    note: Option<&'a str>,
}

/// Writes what was given into the lake, in one commit.
pub(super) async fn record(lake: &Lake, labeller: &str, given: &[Given]) -> Result<()> {
    if given.is_empty() {
        return Ok(());
    }
    let rows: Vec<LabelRow<'_>> = given.iter().flat_map(|given| given.rows(labeller)).collect();
    lake.append(Table::Labels, rows_to_batch(Table::Labels, &rows)?, None).await?;
    Ok(())
}

impl Given {
    fn rows<'a>(&'a self, labeller: &'a str) -> [LabelRow<'a>; 2] {
        let shown = self.pair.shown();
        let [a, b] = self.acceptable;
        let (reference, candidate) = match shown {
            Shown::ReferenceFirst => (a, b),
            Shown::CandidateFirst => (b, a),
        };
        let row = |arm, acceptable| LabelRow {
            date: self.at.date(),
            exchange_id: self.pair.exchange,
            arm,
            candidate: (arm == Arm::Candidate).then_some(self.pair.candidate.as_str()),
            labelled_at: self.at,
            labeller,
            acceptable,
            audit_prob: self.pair.audit_prob,
            shown_order: shown.name(),
            note: self.note.as_deref(),
        };
        [row(Arm::Reference, reference), row(Arm::Candidate, candidate)]
    }
}
