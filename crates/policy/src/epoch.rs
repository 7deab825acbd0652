//! Cells and their epochs: what evidence belongs together.
//!
//! Evidence speaks of one definition only. When anything of it changes, a new epoch is opened with
//! fresh evidence, a weight of its own in the family, and — if the same definition comes back — a
//! restart that costs a factor of two. Nothing here ever edits a cell that is open.

use crate::{Allotment, Share};
use confidence::{Mode, Tolerance, family};
use exchange::{DAY_US, Date, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

/// How long a shadow reply is waited for before its loss counts as the greatest, in seconds.
pub const MAX_WAIT_S: u32 = (DAY_US / 1_000_000) as u32;

/// What a cell is to measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The category.
    pub category: String,
    /// The candidate.
    pub candidate: String,
    /// The digest of everything that the evidence depends on.
    pub digest: String,
    /// The digest of what decides which replies there are: those of another cell under the same
    /// one may be scored anew for this one.
    pub replies_digest: String,
    /// How its losses are made.
    pub mode: Mode,
    /// The tolerated mean loss and the range of losses.
    pub tolerance: Tolerance,
    /// How long a reply is waited for, in seconds.
    pub max_wait_s: u32,
}

/// One cell: a row of the table `cells`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// `category/candidate/epoch`.
    pub cell: String,
    /// The category.
    pub category: String,
    /// The candidate.
    pub candidate: String,
    /// Counts the definitions of this category and candidate, from 1.
    pub epoch: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The digest of its definition.
    pub definition_digest: String,
    /// How its losses are made.
    pub mode: Mode,
    /// Tolerated mean loss.
    pub tau: f64,
    /// Least loss of the mode.
    pub loss_lo: f64,
    /// Greatest loss of the mode.
    pub loss_hi: f64,
    /// Its share of the family's error.
    pub family_weight: f64,
    /// How often the same definition was started again.
    pub restarts: u32,
    /// How long a reply is waited for, in seconds.
    pub max_wait_s: u32,
    /// The digest of what decides which replies there are; `None` in cells of the first release.
    pub replies_digest: Option<String>,
}

impl Cell {
    /// Whether it has no share of the family's error: what is tried in it is compared, and never
    /// clears a gate, whatever it shows.
    #[must_use]
    pub fn is_exploratory(&self) -> bool {
        self.family_weight <= 0.0
    }
}

/// The cells to open so that every definition has one; empty where nothing changed.
///
/// The cells of the first opening share half of the family's weight; every later one takes the
/// next term of a series that sums to the other half, so that there is always some left.
#[must_use]
pub fn open(existing: &[Cell], definitions: &[Definition], now: Timestamp) -> Vec<Cell> {
    let current = current(existing);
    let is_open = |definition: &&Definition| {
        let cell = current.get(&(definition.category.as_str(), definition.candidate.as_str()));
        cell.is_some_and(|cell| cell.definition_digest == definition.digest)
    };
    let mut seen = BTreeSet::new();
    let fresh: Vec<&Definition> = definitions
        .iter()
        .filter(|definition| !is_open(definition))
        .filter(|definition| seen.insert((&definition.category, &definition.candidate)))
        .collect();
    let mut weights = Weights::new(existing, fresh.len());
    fresh.iter().map(|definition| cell(existing, definition, now, weights.take())).collect()
}

/// The cell to open so that one starts afresh under the definition it has: after a demotion, or
/// when an operator distrusts what was gathered. `None` if there is none.
#[must_use]
pub fn restart(existing: &[Cell], category: &str, candidate: &str, now: Timestamp) -> Option<Cell> {
    let last = *current(existing).get(&(category, candidate))?;
    let mut opened = last.clone();
    opened.epoch = last.epoch + 1;
    opened.cell = cell_id(category, candidate, opened.epoch);
    opened.opened_at = now;
    opened.restarts = restarts(existing, category, candidate, &last.definition_digest);
    opened.family_weight = Weights::new(existing, 1).take();
    Some(opened)
}

/// The cell that replies of earlier ones are poured into once they are scored anew.
#[derive(Clone, Debug, PartialEq)]
pub enum Poured {
    /// One that was opened for it.
    Open(Cell),
    /// One that is still to be opened.
    Fresh(Cell),
}

/// Where the replies of a candidate's earlier cells belong once they are scored by `definition`;
/// `None` where every earlier cell has that very definition: a cell that was started again, after a
/// demotion say, is to forget what came before.
///
/// The same replies are looked at once more, by rules that were chosen after the first look. Each
/// epoch before is such a look and costs a factor of two, whatever its definition was. A cell that
/// the worker opened for fresh traffic has not paid that, so it is left alone and a new one opened.
#[must_use]
pub fn pour(existing: &[Cell], definition: &Definition, now: Timestamp) -> Option<Poured> {
    let Definition { category, candidate, digest, .. } = definition;
    let last = *current(existing).get(&(category.as_str(), candidate.as_str()))?;
    let earlier = || existing.iter().filter(|cell| is_of(cell, category, candidate));
    if earlier().all(|cell| cell.definition_digest == *digest) {
        return None;
    }
    let looks = u32::try_from(earlier().count()).unwrap_or(u32::MAX);
    if last.definition_digest == *digest && last.restarts >= looks - 1 {
        return Some(Poured::Open(last.clone()));
    }
    let weight = Weights::new(existing, 1).take();
    Some(Poured::Fresh(Cell { restarts: looks, ..cell(existing, definition, now, weight) }))
}

/// A cell for calls that were drawn from what is stored: an epoch of its own, without a share of
/// the family's error.
#[must_use]
pub fn explore(existing: &[Cell], definition: &Definition, now: Timestamp) -> Cell {
    let Definition { category, candidate, .. } = definition;
    let tried = existing.iter().filter(|cell| {
        cell.is_exploratory() && cell.category == *category && cell.candidate == *candidate
    });
    let epoch = 1 + tried.map(|cell| cell.epoch).max().unwrap_or(0);
    Cell {
        cell: format!("{category}/{candidate}/replay-{epoch}"),
        epoch,
        restarts: 0,
        ..cell(existing, definition, now, 0.0)
    }
}

/// Whether it is an epoch of that category and candidate that may come before a gate.
fn is_of(cell: &Cell, category: &str, candidate: &str) -> bool {
    !cell.is_exploratory() && cell.category == category && cell.candidate == candidate
}

/// The open cell of each category and candidate: the one of the highest epoch.
#[must_use]
pub fn current(cells: &[Cell]) -> BTreeMap<(&str, &str), &Cell> {
    let mut current: BTreeMap<(&str, &str), &Cell> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.is_exploratory()) {
        let slot = current.entry((&cell.category, &cell.candidate)).or_insert(cell);
        if cell.epoch > slot.epoch {
            *slot = cell;
        }
    }
    current
}

/// The text that names a cell.
#[must_use]
pub fn cell_id(category: &str, candidate: &str, epoch: u64) -> String {
    format!("{category}/{candidate}/{epoch}")
}

fn cell(existing: &[Cell], definition: &Definition, now: Timestamp, family_weight: f64) -> Cell {
    let Definition { category, candidate, digest, mode, tolerance, max_wait_s, .. } = definition;
    let epochs = existing.iter().filter(|cell| is_of(cell, category, candidate));
    let epoch = 1 + epochs.map(|cell| cell.epoch).max().unwrap_or(0);
    Cell {
        cell: cell_id(category, candidate, epoch),
        category: category.clone(),
        candidate: candidate.clone(),
        epoch,
        opened_at: now,
        definition_digest: digest.clone(),
        mode: *mode,
        tau: tolerance.tau(),
        loss_lo: tolerance.lo(),
        loss_hi: tolerance.hi(),
        family_weight,
        restarts: restarts(existing, category, candidate, digest),
        max_wait_s: *max_wait_s,
        replies_digest: Some(definition.replies_digest.clone()),
    }
}

/// How often this very definition was measured before.
fn restarts(existing: &[Cell], category: &str, candidate: &str, digest: &str) -> u32 {
    let same = existing
        .iter()
        .filter(|cell| is_of(cell, category, candidate) && cell.definition_digest == digest);
    u32::try_from(same.count()).unwrap_or(u32::MAX)
}

/// Hands out family weights in order of opening.
struct Weights {
    declared: Option<NonZeroU32>,
    taken_later: u32,
}

impl Weights {
    /// What is taken is read off the weights themselves, never off moments or counts: cells are
    /// opened at the moments of exchanges, which come out of order and, after a crash, again. A
    /// weight that is handed out twice would let the family err oftener than it says.
    fn new(existing: &[Cell], fresh: usize) -> Self {
        let none_yet = existing.iter().all(Cell::is_exploratory);
        let fresh = u32::try_from(fresh).unwrap_or(u32::MAX);
        let orders = existing.iter().filter_map(|cell| family::later_order(cell.family_weight));
        Self {
            declared: NonZeroU32::new(fresh).filter(|_| none_yet),
            taken_later: orders.map(NonZeroU32::get).max().unwrap_or(0),
        }
    }

    fn take(&mut self) -> f64 {
        if let Some(count) = self.declared {
            return family::declared_weight(count);
        }
        self.taken_later = self.taken_later.saturating_add(1);
        NonZeroU32::new(self.taken_later).map_or(0.0, family::later_weight)
    }
}

/// Days that lie between a day and the calls that its `eta` is learnt from. A conversation lasts a day
/// at most, so one with a call of the day before yesterday is over when a day begins: what is learnt
/// of it comes before every unit that it is used on.
pub const LEARNT_DAYS_BEFORE: i32 = 2;

/// How far a judge's word counts beside labels, and what says so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Learnt {
    /// From 0, not at all, to 1.
    pub eta: f64,
    /// The last day whose calls it was learnt from.
    pub until: Date,
}

/// What evidence says of a cell's days to come, for whoever declares them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tomorrow {
    /// What it is asked.
    pub allotment: Allotment,
    /// How far the judge's word counts, where labels correct it (mode PPI).
    pub learnt: Option<Learnt>,
}

/// One cell and day, declared at the day's start: what the day's calls may rely on.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The cell.
    pub cell: String,
    /// The day.
    pub day: Date,
    /// The least probability with which a call of the day is asked.
    pub pi_floor: f64,
    /// How much a judged loss counts where labels correct it (mode PPI); 1 in every other mode.
    pub eta: f64,
    /// The guess of the reference's disagreement with itself, fixed before the day.
    pub a_hat: f64,
    /// The probability with which the control is asked.
    pub rho: f64,
    /// The least probability of an audit; `None` where none was promised.
    pub kappa: Option<f64>,
}

impl Block {
    /// The block of a cell whose control, if it has one, is asked for every sampled call. The guess
    /// `a_hat` then cancels out of every loss, and zero is as good as any. Where labels correct a judge,
    /// its word counts nothing until something is learnt of it.
    #[must_use]
    pub fn declare(cell: &Cell, day: Date, pi: f64) -> Self {
        let eta = match cell.mode {
            Mode::PPI => 0.0,
            Mode::R | Mode::RP | Mode::H | Mode::JP | Mode::JA | Mode::AA => 1.0,
        };
        let cell = cell.cell.clone();
        Self { cell, day, pi_floor: pi, eta, a_hat: 0.0, rho: 1.0, kappa: None }
    }

    /// The block with the judge's word counted as far as labels said, if they said it of calls of
    /// [`LEARNT_DAYS_BEFORE`] the block's day and earlier. A word that knows more is left out, and so is
    /// one that a worker far behind its time would use on calls that it was learnt from.
    #[must_use]
    pub fn trusting(self, learnt: Option<Learnt>) -> Self {
        let is_before = |learnt: &Learnt| learnt.until.0 <= self.day.0 - LEARNT_DAYS_BEFORE;
        let eta = learnt.filter(is_before).map_or(self.eta, |learnt| learnt.eta);
        Self { eta, ..self }
    }

    /// The block with the promise that people are asked about no smaller share of its calls.
    #[must_use]
    pub fn audited(self, audit: Share) -> Self {
        Self { kappa: (audit > Share::NONE).then(|| audit.value()), ..self }
    }
}
