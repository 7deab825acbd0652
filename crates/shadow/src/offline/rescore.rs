//! Stored replies, scored by the scorers, the judge and the bar of today, without asking any candidate
//! again.
//!
//! The replies of earlier cells are poured into one under today's definition. First every draw that
//! stands behind them is copied there, asked or not, then the verdicts follow: whoever looks in
//! between sees calls that are waited for, never a choice of them. A row that is there stays; what
//! is there already is not made again, so a run that was cut short is simply started anew.

mod words;

use super::{CHUNK_ROWS_MAX, Choice, Offline, StoredExchange, StoredScore, StoredShadow};
use crate::{
    Added, AssignmentRow, BlockRow, CategoryWork, CellRow, Error, JudgeWork, Ledger, Origin,
    ShadowRow, Stored,
    budget::Expense,
    judge::Judge,
    observe::{Arm, trial},
    verdict,
};
use exchange::{Date, ExchangeId, NanoUsd};
use futures::{StreamExt, TryStreamExt, stream};
use policy::{Block, Cell, epoch};
use std::collections::{BTreeSet, HashMap, HashSet};
use tokio_util::sync::CancellationToken;
use words::{is_same, known};

/// Replies of one candidate in one category that are to be scored anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Pouring {
    /// Where they go.
    pub into: epoch::Poured,
    /// The cells that they come from.
    pub sources: BTreeSet<String>,
    /// Earlier cells whose replies stay where they are: of other calls, or nobody knows of which.
    pub left: Vec<String>,
    days: Vec<Date>,
}

/// What scoring them anew would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Draws that are copied.
    pub draws: u64,
    /// Replies, failures included.
    pub replies: u64,
    /// Those whose words of the same judge are there already.
    pub words_known: u64,
    /// Calls of the judge.
    pub judge_calls: u64,
    /// What those are expected to cost; `None` where one has no price.
    pub cost: Option<NanoUsd>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rescored {
    /// Draws that were copied.
    pub draws: u64,
    /// Replies that have a new row.
    pub replies: u64,
    /// Those that a judge was asked about.
    pub judged: u64,
    /// Those that have no verdict now, because scorers or judge abstained or the reply was lost.
    pub undecided: u64,
    /// Those that wait for more of the budget.
    pub withheld: u64,
    /// Those whose call is in the tables no more.
    pub gone: u64,
}

/// A stored reply with all that its verdict is made of.
struct Todo {
    exchange: StoredExchange,
    reply: StoredShadow,
    control: Option<StoredShadow>,
    /// What scorers said of it before, whenever.
    words: Vec<StoredScore>,
}

/// A reply after another look.
enum Again {
    Scored {
        row: Box<ShadowRow>,
        judged: bool,
    },
    /// The judge has to wait for more of the budget.
    Withheld,
    Gone,
}

impl Pouring {
    /// The cell that the replies go to.
    #[must_use]
    pub fn cell(&self) -> &Cell {
        match &self.into {
            epoch::Poured::Open(cell) | epoch::Poured::Fresh(cell) => cell,
        }
    }
}

impl<S: Stored, L: Ledger> Offline<S, L> {
    /// What there is to be scored anew, for every category and candidate of the pipeline that is
    /// chosen.
    ///
    /// # Errors
    /// [`Error`] if the tables cannot be read.
    pub async fn pourings(&self, choice: &Choice) -> Result<Vec<Pouring>, Error> {
        let mut cells = self.cells().await?;
        let now = self.shadower.asker.clock.now();
        let mut pourings = Vec::new();
        for definition in &self.settings.definitions {
            let (category, candidate) = (&definition.category, &definition.candidate);
            if !choice.takes(category, candidate) {
                continue;
            }
            let Some(into) = epoch::pour(&cells, definition, now) else { continue };
            let (sources, left) = sources(&cells, definition, &into);
            let days = self.stored.days(candidate).await.map_err(Error::Record)?;
            if let (false, epoch::Poured::Fresh(cell)) = (sources.is_empty(), &into) {
                cells.push(cell.clone());
            }
            pourings.push(Pouring { into, sources, left, days });
        }
        Ok(pourings)
    }

    /// What a pouring would take, without doing it.
    ///
    /// # Errors
    /// [`Error`] if the tables cannot be read.
    pub async fn survey(&self, pouring: &Pouring) -> Result<Survey, Error> {
        let mut survey = Survey { cost: Some(NanoUsd::ZERO), ..Survey::default() };
        for day in &pouring.days {
            survey.draws += self.draws(pouring, *day).await?.len() as u64;
            for todo in self.todo(pouring, *day).await?.0 {
                survey.replies += 1;
                self.add(&mut survey, pouring, &todo);
            }
        }
        Ok(survey)
    }

    /// Does it, until it is done or told to stop; `told` is told of each reply. What is left is done
    /// by the next run.
    ///
    /// # Errors
    /// [`Error`] if tables or ledger fail; nothing is lost, run it again.
    pub async fn rescore(
        &self,
        pouring: &Pouring,
        stop: &CancellationToken,
        told: &(dyn Fn() + Sync),
    ) -> Result<Rescored, Error> {
        let mut done = Rescored::default();
        if let epoch::Poured::Fresh(cell) = &pouring.into {
            let cells = vec![CellRow::from(cell)];
            self.put(Added { cells, ..Added::default() }).await?;
        }
        for day in &pouring.days {
            let draws = self.draws(pouring, *day).await?;
            done.draws += draws.len() as u64;
            self.put(copied(pouring.cell(), *day, draws)).await?;
        }
        for day in &pouring.days {
            let (todo, gone) = self.todo(pouring, *day).await?;
            done.gone += gone;
            for chunk in todo.chunks(CHUNK_ROWS_MAX) {
                if stop.is_cancelled() {
                    return Ok(done);
                }
                self.learn().await?;
                let at_once = self.settings.limits.exchanges_max.max(1);
                let again = chunk.iter().map(|todo| Box::pin(self.again(pouring.cell(), todo)));
                let again: Vec<Again> =
                    stream::iter(again).buffered(at_once).inspect(|_| told()).try_collect().await?;
                let shadows = done.count(again);
                self.put(Added { shadows, ..Added::default() }).await?;
            }
        }
        Ok(done)
    }

    /// The draws of a day that the cell does not have yet.
    async fn draws(&self, pouring: &Pouring, day: Date) -> Result<Vec<AssignmentRow>, Error> {
        let cell = pouring.cell();
        let mut rows =
            self.stored.assignments(&cell.candidate, day).await.map_err(Error::Record)?;
        let held: HashSet<ExchangeId> = rows
            .iter()
            .filter(|row| row.cell.as_ref() == Some(&cell.cell))
            .map(|row| row.exchange_id)
            .collect();
        rows.retain(|row| {
            row.origin.is_none()
                && row.cell.as_ref().is_some_and(|cell| pouring.sources.contains(cell))
                && !held.contains(&row.exchange_id)
        });
        let now = self.shadower.asker.clock.now();
        let copy = |row: AssignmentRow| AssignmentRow {
            cell: Some(cell.cell.clone()),
            origin: Some(Origin::Rescore),
            decided_at: Some(now),
            ..row
        };
        Ok(rows.into_iter().map(copy).collect())
    }

    /// The replies of a day that the cell does not have yet, and how many of them have lost their
    /// call.
    async fn todo(&self, pouring: &Pouring, day: Date) -> Result<(Vec<Todo>, u64), Error> {
        let cell = pouring.cell();
        let shadows = self.stored.shadows(&cell.candidate, day).await.map_err(Error::Record)?;
        let (mut replies, mut controls) = (Vec::new(), HashMap::new());
        let (mut words, mut held) = (HashMap::<_, Vec<StoredScore>>::new(), HashSet::new());
        for row in shadows {
            if row.arm == exchange::Arm::Control {
                controls.insert(row.exchange_id, row);
                continue;
            }
            words.entry(row.exchange_id).or_default().extend(row.scores.iter().cloned());
            if row.cell.as_ref() == Some(&cell.cell) {
                held.insert(row.exchange_id);
            } else if row.origin.is_none()
                && row.cell.as_ref().is_some_and(|cell| pouring.sources.contains(cell))
            {
                replies.push(row);
            }
        }
        replies.retain(|row| !held.contains(&row.exchange_id));
        if replies.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let exchanges = self.stored.exchanges(&cell.category, day).await.map_err(Error::Record)?;
        let mut exchanges: HashMap<_, _> =
            exchanges.into_iter().map(|row| (row.exchange_id, row)).collect();
        let found = replies.len();
        let todo = replies.into_iter().filter_map(|reply| {
            let id = reply.exchange_id;
            let exchange = exchanges.remove(&id)?;
            let words = words.remove(&id).unwrap_or_default();
            Some(Todo { exchange, reply, control: controls.remove(&id), words })
        });
        let todo: Vec<Todo> = todo.collect();
        let gone = (found - todo.len()) as u64;
        Ok((todo, gone))
    }

    /// One reply, scored by the cell's definition.
    async fn again(&self, cell: &Cell, todo: &Todo) -> Result<Again, Error> {
        let models = &self.settings.models;
        let arm = Arm::Candidate(cell.clone());
        let (Some(job), Some(work)) =
            (todo.exchange.job(models, Vec::new()), self.settings.categories.get(&cell.category))
        else {
            return Ok(Again::Gone);
        };
        let asked = todo.reply.asked(models, job.dialect);
        let control = todo.control.as_ref().map(|row| row.asked(models, job.dialect).outcome);
        let control = control.as_ref().map(|it| it.as_ref().map(|answered| &answered.reply));
        let replies = verdict::Replies { call: &job.call, reference: job.subject(), control };
        let subject = match &asked.outcome {
            Ok(answered) => asked.subject(&answered.reply),
            Err(failed) => {
                let verdict = verdict::of_failure(work, &replies, failed);
                return Ok(self.scored((job, arm), asked, (verdict, false), todo));
            }
        };
        let scored = verdict::by_rules(work, &replies, &cell.candidate, subject);
        let verdict = match (scored.needs_judge, &work.judge) {
            (false, _) => (scored.verdict, false),
            (true, None) => (scored.undecided("the category has no judge"), false),
            (true, Some(judge)) => match known(&todo.words, judge) {
                Some(word) => (verdict::by_judge(scored, word), false),
                None if !self.takes(judge, todo) => return Ok(Again::Withheld),
                None => {
                    let asker = &self.shadower.asker;
                    let judge = Judge { asker, judge, deadline: work.deadline };
                    let word = Box::pin(judge.ask(&job, &cell.candidate, subject.reply)).await?;
                    (verdict::by_judge(scored, word), true)
                }
            },
        };
        Ok(self.scored((job, arm), asked, verdict, todo))
    }

    fn scored(
        &self,
        (job, arm): (crate::observe::Job, Arm),
        asked: crate::replay::Asked,
        (mut verdict, judged): (verdict::Verdict, bool),
        todo: &Todo,
    ) -> Again {
        // A scorer's word on a reply is in the tables once.
        verdict.scores.retain(|score| !todo.words.iter().any(|word| is_same(word, score)));
        Again::Scored { row: Box::new(self.shadower.row(&job, &arm, asked, verdict)), judged }
    }

    /// Whether the budget has room for the judge; what it takes is taken.
    fn takes(&self, judge: &JudgeWork, todo: &Todo) -> bool {
        let asker = &self.shadower.asker;
        asker.budget.take(asker.clock.now(), &self.expenses_of(judge, todo))
    }

    fn expenses_of(&self, judge: &JudgeWork, todo: &Todo) -> Vec<Expense> {
        let tokens = |known: Option<u64>| known.unwrap_or_default();
        let output = tokens(todo.exchange.output_tokens).max(tokens(todo.reply.output_tokens));
        let now = self.shadower.asker.clock.now();
        let input = tokens(todo.exchange.input_tokens);
        trial::judging(&self.settings, judge, now, (input, output))
    }

    fn add(&self, survey: &mut Survey, pouring: &Pouring, todo: &Todo) {
        let cell = pouring.cell();
        let Some(work) = self.settings.categories.get(&cell.category) else { return };
        let Some(judge) = self.judge_of(cell, work, todo) else { return };
        if known(&todo.words, judge).is_some() {
            survey.words_known += 1;
            return;
        }
        survey.judge_calls += 2 * u64::from(judge.repeats.max(1)) * judge.models().count() as u64;
        let cost = self.expenses_of(judge, todo).into_iter().map(|it| it.cost).sum();
        survey.cost = survey.cost.zip(cost).map(|(sum, cost): (NanoUsd, NanoUsd)| sum + cost);
    }

    /// The judge, where the rules leave it a question.
    fn judge_of<'a>(
        &self,
        cell: &Cell,
        work: &'a CategoryWork,
        todo: &Todo,
    ) -> Option<&'a JudgeWork> {
        let models = &self.settings.models;
        let job = todo.exchange.job(models, Vec::new())?;
        let asked = todo.reply.asked(models, job.dialect);
        let reply = &asked.outcome.as_ref().ok()?.reply;
        let replies = verdict::Replies { call: &job.call, reference: job.subject(), control: None };
        let scored = verdict::by_rules(work, &replies, &cell.candidate, asked.subject(reply));
        work.judge.as_ref().filter(|_| scored.needs_judge)
    }
}

/// The cells whose replies may be poured into another, and those whose may not.
fn sources(
    cells: &[Cell],
    definition: &policy::Definition,
    into: &epoch::Poured,
) -> (BTreeSet<String>, Vec<String>) {
    let (epoch::Poured::Open(target) | epoch::Poured::Fresh(target)) = into;
    let earlier = cells.iter().filter(|cell| {
        !cell.is_exploratory()
            && (&cell.category, &cell.candidate) == (&target.category, &target.candidate)
            && cell.cell != target.cell
    });
    let (may, may_not): (Vec<&Cell>, Vec<&Cell>) =
        earlier.partition(|cell| cell.replies_digest.as_ref() == Some(&definition.replies_digest));
    let name = |cell: &Cell| cell.cell.clone();
    (may.into_iter().map(name).collect(), may_not.into_iter().map(name).collect())
}

/// Draws under their new cell, with the block of the day, which promises what they were drawn with, for
/// an answer and for a label. A judge's word counts nothing beside those labels: what it is worth was
/// not known when they were drawn.
fn copied(cell: &Cell, day: Date, draws: Vec<AssignmentRow>) -> Added {
    let floor = draws.iter().map(|row| row.pi_floor).fold(1.0, f64::min);
    let kappa = draws.iter().filter_map(|row| row.audit_prob).reduce(f64::min);
    let block = BlockRow::from(&Block { kappa, ..Block::declare(cell, day, floor) });
    let blocks = if draws.is_empty() { Vec::new() } else { vec![block] };
    Added { blocks, assignments: draws, ..Added::default() }
}

impl Rescored {
    /// Counts what became of a chunk, and keeps its rows.
    fn count(&mut self, again: Vec<Again>) -> Vec<ShadowRow> {
        let mut rows = Vec::new();
        for again in again {
            match again {
                Again::Withheld => self.withheld += 1,
                Again::Gone => self.gone += 1,
                Again::Scored { row, judged } => {
                    self.replies += 1;
                    self.judged += u64::from(judged);
                    self.undecided += u64::from(row.loss.is_none());
                    rows.push(*row);
                }
            }
        }
        rows
    }
}
