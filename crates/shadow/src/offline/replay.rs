//! Stored calls, put to a candidate that was not on trial when they passed.
//!
//! It compares, and promotes nobody: the cell has no share of the family's error, so no gate is ever
//! cleared by it. Which calls are asked is drawn by a hash that knows neither call nor reply, from all
//! that can be replayed honestly; the whole draw, with its probability, is written before the first
//! call. Units keep their conversation's time.

use super::{CHUNK_ROWS_MAX, Offline, StoredExchange, StoredShadow};
use crate::{
    Added, AssignmentRow, BlockRow, CategoryWork, CellRow, Error, Ledger, Origin, Purpose,
    ShadowRow, Stored,
    budget::Expense,
    chance,
    observe::{Arm, Job, trial},
    wording::Said,
};
use confidence::Mode;
use exchange::{Arm as Side, Date, ExchangeId, NanoUsd};
use futures::{StreamExt, TryStreamExt, stream};
use policy::{Block, Cell, Definition, Ineligible, Withheld, assign::Content, epoch};
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio_util::sync::CancellationToken;

/// Calls among which one run draws; `since` makes them fewer.
pub const DRAWN_FROM_MAX: usize = 1_000_000;

/// Which calls are put to which candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayChoice {
    /// The candidate.
    pub candidate: String,
    /// Calls of one category; of every one that has the candidate otherwise.
    pub category: Option<String>,
    /// Calls of that day and later.
    pub since: Option<Date>,
    /// How many, in each category, at most.
    pub calls: u64,
    /// What they may cost together, as far as one can tell before.
    pub usd: Option<NanoUsd>,
}

/// A draw of one category: made now, or by a run that was cut short.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The cell of the draw.
    pub cell: Cell,
    /// Calls that could be asked.
    pub eligible: u64,
    /// Calls that are still to be asked.
    pub left: u64,
    /// What that is expected to cost; `None` where a price is not known.
    pub cost: Option<NanoUsd>,
    /// Why nobody is asked at all.
    pub withheld: Option<Withheld>,
    fresh: Option<Vec<AssignmentRow>>,
    days: Vec<Date>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Calls that were asked.
    pub asked: u64,
    /// Calls that wait for more of the budget, or of what the run may cost.
    pub left: u64,
    /// What is left of what the run may cost.
    pub purse: Option<NanoUsd>,
}

/// A drawn call.
struct Drawn {
    exchange: StoredExchange,
    control: Option<StoredShadow>,
}

/// What a run may spend by its own limit.
struct Purse(std::sync::Mutex<Option<NanoUsd>>);

impl Replay {
    /// Whether a run before made the draw.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.fresh.is_none()
    }
}

impl<S: Stored, L: Ledger> Offline<S, L> {
    /// The draws of a choice: what a run before left undone, else a new one.
    ///
    /// # Errors
    /// [`Error`] if the tables cannot be read.
    pub async fn replays(&self, choice: &ReplayChoice) -> Result<Vec<Replay>, Error> {
        let mut cells = self.cells().await?;
        let mut replays = Vec::new();
        for definition in &self.settings.definitions {
            let chosen = choice.category.as_ref().is_none_or(|it| *it == definition.category);
            if definition.candidate != choice.candidate || !chosen {
                continue;
            }
            let resumed = self.resumed(&cells, definition).await?;
            let replay = match resumed {
                Some(replay) => replay,
                None => self.drawn(&cells, definition, choice).await?,
            };
            cells.push(replay.cell.clone());
            replays.push(replay);
        }
        Ok(replays)
    }

    /// Asks, until it is done, the money is spent, or told to stop; `told` is told of each call.
    ///
    /// # Errors
    /// [`Error`] if tables or ledger fail; nothing is lost, run it again.
    pub async fn replay(
        &self,
        replay: &Replay,
        usd: Option<NanoUsd>,
        (stop, told): (&CancellationToken, &(dyn Fn() + Sync)),
    ) -> Result<Replayed, Error> {
        let mut done = Replayed { purse: usd, ..Replayed::default() };
        if replay.withheld.is_some() {
            return Ok(Replayed { left: replay.left, ..done });
        }
        if let Some(assignments) = &replay.fresh {
            self.put(opened(&replay.cell, &replay.days, assignments)).await?;
        }
        let purse = Purse(std::sync::Mutex::new(usd));
        for day in &replay.days {
            let drawn = self.undone(&replay.cell, *day).await?;
            for chunk in drawn.chunks(CHUNK_ROWS_MAX) {
                if stop.is_cancelled() {
                    let left = replay.left.saturating_sub(done.asked);
                    return Ok(Replayed { left, purse: purse.left(), ..done });
                }
                self.learn().await?;
                let at_once = self.settings.limits.exchanges_max.max(1);
                let rows = chunk
                    .iter()
                    .map(|call| Box::pin(self.ask_candidate(&replay.cell, call, &purse)));
                let rows: Vec<Option<ShadowRow>> =
                    stream::iter(rows).buffered(at_once).inspect(|_| told()).try_collect().await?;
                let shadows: Vec<ShadowRow> = rows.into_iter().flatten().collect();
                done.asked += shadows.len() as u64;
                self.put(Added { shadows, ..Added::default() }).await?;
            }
        }
        let left = replay.left.saturating_sub(done.asked);
        Ok(Replayed { left, purse: purse.left(), ..done })
    }

    /// The newest draw under this definition, if some of it was not asked.
    async fn resumed(
        &self,
        cells: &[Cell],
        definition: &Definition,
    ) -> Result<Option<Replay>, Error> {
        let tried = cells.iter().filter(|cell| {
            cell.is_exploratory()
                && cell.category == definition.category
                && cell.candidate == definition.candidate
                && cell.definition_digest == definition.digest
        });
        let Some(cell) = tried.max_by_key(|cell| cell.epoch) else { return Ok(None) };
        let days = self.stored.days(&cell.candidate).await.map_err(Error::Record)?;
        let (mut left, mut eligible) = (Vec::new(), 0);
        for day in &days {
            let rows = self.stored.assignments(&cell.candidate, *day).await;
            let rows = rows.map_err(Error::Record)?;
            let own = rows.iter().filter(|row| row.cell.as_ref() == Some(&cell.cell));
            eligible += own.filter(|row| row.ineligible_reason.is_none()).count() as u64;
            left.extend(self.undone(cell, *day).await?);
        }
        let Some(work) = self.settings.categories.get(&cell.category) else { return Ok(None) };
        Ok((!left.is_empty()).then(|| Replay {
            cell: cell.clone(),
            eligible,
            left: left.len() as u64,
            cost: self.cost(work, &cell.candidate, left.iter().map(|drawn| &drawn.exchange)),
            withheld: self.forbidden_to(work, &cell.candidate),
            fresh: None,
            days,
        }))
    }

    /// A new draw, not written yet.
    async fn drawn(
        &self,
        cells: &[Cell],
        definition: &Definition,
        choice: &ReplayChoice,
    ) -> Result<Replay, Error> {
        let now = self.shadower.asker.clock.now();
        let cell = epoch::explore(cells, definition, now);
        let (mut rows, mut costs) = (Vec::new(), HashMap::new());
        let work = self.settings.categories.get(&cell.category);
        let days = self.stored.exchange_days(&cell.category).await.map_err(Error::Record)?;
        for day in days.into_iter().filter(|day| choice.since.is_none_or(|since| *day >= since)) {
            for (row, cost) in self.candidates_of(&cell, work, day).await? {
                costs.insert(row.exchange_id, cost);
                rows.push(row);
            }
            if rows.len() > DRAWN_FROM_MAX {
                return Err(Error::TooMany { category: cell.category, max: DRAWN_FROM_MAX });
            }
        }
        let eligible = rows.iter().filter(|row| row.ineligible_reason.is_none()).count() as u64;
        draw(&mut rows, &cell, (eligible, choice.calls), &self.settings.salt);
        let sampled = rows.iter().filter(|row| row.sampled);
        let cost = sampled.clone().map(|row| costs.get(&row.exchange_id).copied().flatten()).sum();
        let left = sampled.count() as u64;
        let days: BTreeMap<i32, Date> = rows.iter().map(|row| (row.date.0, row.date)).collect();
        let withheld =
            work.map_or(Some(Withheld::NoKey), |it| self.forbidden_to(it, &cell.candidate));
        let days = days.into_values().collect();
        Ok(Replay { cell, eligible, left, cost, withheld, fresh: Some(rows), days })
    }

    /// The calls of a day that the candidate never answered, undrawn, each with what it is expected
    /// to cost.
    async fn candidates_of(
        &self,
        cell: &Cell,
        work: Option<&CategoryWork>,
        day: Date,
    ) -> Result<Vec<(AssignmentRow, Option<NanoUsd>)>, Error> {
        let Some(work) = work else { return Ok(Vec::new()) };
        let shadows = self.stored.shadows(&cell.candidate, day).await.map_err(Error::Record)?;
        let (controls, answered): (Vec<_>, Vec<_>) =
            shadows.into_iter().partition(|row| row.arm == Side::Control);
        let controls: HashSet<ExchangeId> = controls.iter().map(|row| row.exchange_id).collect();
        let answered: HashSet<ExchangeId> = answered.iter().map(|row| row.exchange_id).collect();
        let exchanges = self.stored.exchanges(&cell.category, day).await.map_err(Error::Record)?;
        let now = self.shadower.asker.clock.now();
        let row = |exchange: StoredExchange| {
            let job = exchange.job(&self.settings.models, Vec::new());
            let has_control = controls.contains(&exchange.exchange_id);
            let why = ineligible(job.as_ref(), work, has_control);
            let why = why.or_else(|| self.unsaid(job.as_ref()?, &cell.candidate, work));
            let cost = self.cost(work, &cell.candidate, std::iter::once(&exchange));
            let assignment = AssignmentRow {
                date: exchange.observed_at.date(),
                exchange_id: exchange.exchange_id,
                arm: Side::Candidate,
                candidate: Some(cell.candidate.clone()),
                cell: Some(cell.cell.clone()),
                conversation: exchange.conversation,
                tenant: exchange.tenant,
                observed_at: exchange.observed_at,
                pi: 0.0,
                pi_floor: 0.0,
                sampled: false,
                ineligible_reason: why.map(|why| why.to_string()),
                withheld_reason: None,
                history_turns: job.map_or(0, |job| job.call.assistant_turns),
                audit_prob: None,
                audited: None,
                journal_offset: exchange.journal_offset,
                origin: Some(Origin::Replay),
                decided_at: Some(now),
            };
            (assignment, cost)
        };
        let fresh = exchanges.into_iter().filter(|it| !answered.contains(&it.exchange_id));
        Ok(fresh.map(row).collect())
    }

    /// The drawn calls of a day that were not asked yet.
    async fn undone(&self, cell: &Cell, day: Date) -> Result<Vec<Drawn>, Error> {
        let rows = self.stored.assignments(&cell.candidate, day).await.map_err(Error::Record)?;
        let mut wanted: HashSet<ExchangeId> = rows
            .iter()
            .filter(|row| row.sampled && row.cell.as_ref() == Some(&cell.cell))
            .map(|row| row.exchange_id)
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut controls = HashMap::new();
        for row in self.stored.shadows(&cell.candidate, day).await.map_err(Error::Record)? {
            match row.arm {
                Side::Control => drop(controls.insert(row.exchange_id, row)),
                Side::Candidate | Side::Reference => {
                    if row.cell.as_ref() == Some(&cell.cell) {
                        wanted.remove(&row.exchange_id);
                    }
                }
            }
        }
        let exchanges = self.stored.exchanges(&cell.category, day).await.map_err(Error::Record)?;
        let wanted = exchanges.into_iter().filter(|it| wanted.contains(&it.exchange_id));
        let drawn = |exchange: StoredExchange| Drawn {
            control: controls.remove(&exchange.exchange_id),
            exchange,
        };
        Ok(wanted.map(drawn).collect())
    }

    /// Asks the candidate; nothing where money is wanting.
    async fn ask_candidate(
        &self,
        cell: &Cell,
        drawn: &Drawn,
        purse: &Purse,
    ) -> Result<Option<ShadowRow>, Error> {
        let arm = Arm::Candidate(cell.clone());
        let models = &self.settings.models;
        let (Some(job), Some(work)) =
            (drawn.exchange.job(models, Vec::new()), self.settings.categories.get(&cell.category))
        else {
            return Ok(None);
        };
        let expenses = self.expenses(work, &cell.candidate, &drawn.exchange);
        let asker = &self.shadower.asker;
        if !purse.holds(&expenses) || !asker.budget.take(asker.clock.now(), &expenses) {
            return Ok(None);
        }
        purse.take(&expenses);
        let asked = self.shadower.put(&job, &arm).await?;
        let control = drawn.control.as_ref().map(|row| row.asked(models, job.dialect).outcome);
        let control = control.as_ref().map(|it| it.as_ref().map(|answered| &answered.reply));
        let verdict = Box::pin(self.shadower.verdict(&job, &arm, &asked, control)).await?;
        Ok(Some(self.shadower.row(&job, &arm, asked, verdict)))
    }

    /// Why the candidate, or the judge beside it, is not asked at all.
    fn forbidden_to(&self, work: &CategoryWork, candidate: &str) -> Option<Withheld> {
        let judges = work.judge.iter().flat_map(|judge| judge.models());
        self.forbidden(work, std::iter::once(candidate).chain(judges))
    }

    /// Why a call is not said to a candidate.
    fn unsaid(&self, job: &Job, candidate: &str, work: &CategoryWork) -> Option<Ineligible> {
        let models = &self.settings.models;
        Said::of(job).obstacle(models, models.models.get(candidate)?, work)
    }

    fn cost<'a>(
        &self,
        work: &CategoryWork,
        candidate: &str,
        exchanges: impl Iterator<Item = &'a StoredExchange>,
    ) -> Option<NanoUsd> {
        exchanges
            .flat_map(|exchange| self.expenses(work, candidate, exchange))
            .map(|expense| expense.cost)
            .sum()
    }

    /// Expected to use what the reference used.
    fn expenses(
        &self,
        work: &CategoryWork,
        candidate: &str,
        exchange: &StoredExchange,
    ) -> Vec<Expense> {
        let now = self.shadower.asker.clock.now();
        let tokens = |known: Option<u64>| known.unwrap_or_default();
        let tokens = (tokens(exchange.input_tokens), tokens(exchange.output_tokens));
        let usage = trial::estimated(tokens.0, tokens.1);
        let latency_us = exchange.latency_ms.map_or(0, |millis| (millis * 1_000.0) as u64);
        let cost = self.settings.prices.cost(candidate, now, &usage, latency_us);
        let own = Expense { purpose: Purpose::Shadow, model: candidate.to_owned(), cost };
        let judge = work.judge.as_ref();
        let judged = judge.map(|judge| trial::judging(&self.settings, judge, now, tokens));
        std::iter::once(own).chain(judged.into_iter().flatten()).collect()
    }
}

/// Draws `calls` of the eligible ones: those with the smallest hashes. Each has the same chance.
fn draw(rows: &mut [AssignmentRow], cell: &Cell, (eligible, calls): (u64, u64), salt: &str) {
    let pi = if eligible == 0 { 0.0 } else { calls.min(eligible) as f64 / eligible as f64 };
    let rank = |row: &AssignmentRow| {
        let id = row.exchange_id.to_string();
        (chance::of(&["replay", salt, &cell.cell, &id]), row.exchange_id)
    };
    let could = rows.iter_mut().filter(|row| row.ineligible_reason.is_none());
    let mut could: Vec<&mut AssignmentRow> = could.collect();
    could.sort_by_cached_key(|row| rank(row));
    for (place, row) in could.into_iter().enumerate() {
        (row.pi, row.pi_floor) = (pi, pi);
        row.sampled = (place as u64) < calls;
    }
}

/// The rows of a new draw: its cell, a block for each of its days, and every call that it was made
/// from.
fn opened(cell: &Cell, days: &[Date], assignments: &[AssignmentRow]) -> Added {
    let pi = assignments.iter().map(|row| row.pi).fold(0.0, f64::max);
    let block = |day: &Date| BlockRow::from(&Block::declare(cell, *day, pi));
    Added {
        cells: vec![CellRow::from(cell)],
        blocks: days.iter().map(block).collect(),
        assignments: assignments.to_vec(),
        shadows: Vec::new(),
    }
}

/// As for calls as they pass. Agreement is measured beside a control that was asked then.
fn ineligible(job: Option<&Job>, work: &CategoryWork, has_control: bool) -> Option<Ineligible> {
    let Some(job) = job else { return Some(Ineligible::NotUnderstood) };
    let needs_control = work.mode == Mode::AA;
    let content = match (job.exchange.redacted, needs_control && has_control) {
        (false, _) => Content::Untouched,
        (true, true) => Content::AlteredWithControl,
        (true, false) => Content::Altered,
    };
    let why = policy::ineligible(&policy::assign::Observed {
        call: &job.call,
        status: job.exchange.reply.status,
        capture: job.exchange.capture.of_reply(&job.reply),
        served_by: job.exchange.served.candidate.as_deref(),
        content,
    });
    let broken = !job.reply.complete || job.reply.error.is_some();
    let no_control = needs_control && !has_control;
    why.or_else(|| broken.then_some(Ineligible::ReferenceError))
        .or_else(|| no_control.then(|| Ineligible::Unreplayable("no_control".to_owned())))
}

impl Purse {
    fn holds(&self, expenses: &[Expense]) -> bool {
        let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // With a limit, what has no price is not asked: nobody could say when it is reached.
        held.is_none_or(|held| total(expenses).is_some_and(|cost| cost <= held))
    }

    fn left(&self) -> Option<NanoUsd> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn take(&self, expenses: &[Expense]) {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let (Some(held), Some(cost)) = (held.as_mut(), total(expenses)) {
            held.0 -= cost.0;
        }
    }
}

fn total(expenses: &[Expense]) -> Option<NanoUsd> {
    expenses.iter().map(|expense| expense.cost).sum()
}
