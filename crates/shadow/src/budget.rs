//! What may still be spent, paced over the day so that the evening is seen too.
//!
//! Two questions before each draw. The pace: what the day's draws were *expected* to cost, against
//! the share of the cap that belongs to the day so far; it goes by the exchange's own moment and by
//! estimates, so that the same journal gives the same draws. The cap: what calls of the day really
//! cost, by the ledger. Spending never makes a drawn exchange be dropped: it makes the next one not
//! be drawn.

use crate::{Caps, Purpose, Spent, rows::call::CallRow};
use exchange::{DAY_US, Date, NanoUsd, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// The share of a cap that may be spent ahead of the day's pace.
pub const BURST_SHARE: f64 = 1.0 / 24.0;

/// Days whose sums are kept: more than a backlog spans, and bounded.
const DAYS_MAX: usize = 32;

/// One line of an estimate: what for, of which model, how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expense {
    pub(crate) purpose: Purpose,
    pub(crate) model: String,
    /// `None` where no price is known.
    pub(crate) cost: Option<NanoUsd>,
}

/// What was spent in a day out of the same budget by another process, as far as it is known here:
/// by the worker, as commands see it, and by commands, as the worker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The day, UTC.
    pub day: Date,
    /// What was spent in it.
    pub spent: Vec<Spent>,
}

pub(crate) struct Budget {
    caps: Caps,
    sums: Mutex<BTreeMap<Date, Sums>>,
    elsewhere: watch::Receiver<Elsewhere>,
}

#[derive(Default)]
struct Sums {
    expected: BTreeMap<Pot, NanoUsd>,
    spent: BTreeMap<Pot, NanoUsd>,
}

/// What a cap is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pot {
    Total,
    Control,
    Judge,
    Candidate(String),
}

impl Budget {
    pub(crate) fn new(caps: Caps, elsewhere: watch::Receiver<Elsewhere>) -> Self {
        Self { caps, sums: Mutex::default(), elsewhere }
    }

    /// Starts from what a day has cost already, for a worker that takes over.
    pub(crate) fn resume(&self, day: Date, spent: &[Spent]) {
        self.on(day, |sums| {
            for Spent { purpose, model, cost } in spent {
                for pot in pots(*purpose, model) {
                    add(&mut sums.expected, pot.clone(), *cost);
                    add(&mut sums.spent, pot, *cost);
                }
            }
        });
    }

    /// Whether all of `expenses` fit, at the moment `at` of an exchange.
    pub(crate) fn fits(&self, at: Timestamp, now: Timestamp, expenses: &[Expense]) -> bool {
        let mut asked = BTreeMap::new();
        for expense in expenses {
            for pot in pots(expense.purpose, &expense.model) {
                match (self.cap(&pot), expense.cost) {
                    (None, _) => {}
                    (Some(_), None) => return false,
                    (Some(_), Some(cost)) => add(&mut asked, pot, cost),
                }
            }
        }
        asked.into_iter().all(|(pot, cost)| {
            let cap = self.cap(&pot).unwrap_or(NanoUsd(i64::MAX));
            let expected = self.on(at.date(), |sums| get(&sums.expected, &pot));
            let spent = self.on(now.date(), |sums| get(&sums.spent, &pot));
            let spent = spent + self.elsewhere(now.date(), &pot);
            expected + cost <= paced(cap, at) && spent + cost <= cap
        })
    }

    /// Takes `expenses` out of what may be spent by `now`, if all of them fit: for calls that could
    /// as well wait. The day's pace then holds for what is spent elsewhere, too.
    pub(crate) fn take(&self, now: Timestamp, expenses: &[Expense]) -> bool {
        let keeps_pace = expenses.iter().all(|expense| {
            pots(expense.purpose, &expense.model).into_iter().all(|pot| {
                let Some(cap) = self.cap(&pot) else { return true };
                let expected = self.on(now.date(), |sums| get(&sums.expected, &pot));
                let taken = expected + self.elsewhere(now.date(), &pot);
                taken + expense.cost.unwrap_or_default() <= paced(cap, now)
            })
        });
        let fits = keeps_pace && self.fits(now, now, expenses);
        if fits {
            self.expect(now, expenses);
        }
        fits
    }

    fn elsewhere(&self, day: Date, pot: &Pot) -> NanoUsd {
        let elsewhere = self.elsewhere.borrow();
        let spent = elsewhere.spent.iter().filter(|_| elsewhere.day == day);
        spent.filter(|it| pots(it.purpose, &it.model).contains(pot)).map(|it| it.cost).sum()
    }

    /// Counts what a draw is expected to cost.
    pub(crate) fn expect(&self, at: Timestamp, expenses: &[Expense]) {
        self.on(at.date(), |sums| {
            for expense in expenses {
                for pot in pots(expense.purpose, &expense.model) {
                    add(&mut sums.expected, pot, expense.cost.unwrap_or_default());
                }
            }
        });
    }

    /// Counts what calls really cost.
    pub(crate) fn spend(&self, calls: &[CallRow]) {
        for call in calls {
            self.on(call.date, |sums| {
                for pot in pots(call.purpose, &call.model) {
                    add(&mut sums.spent, pot, call.cost_usd.unwrap_or_default());
                }
            });
        }
    }

    fn cap(&self, pot: &Pot) -> Option<NanoUsd> {
        match pot {
            Pot::Total => self.caps.total,
            Pot::Control => self.caps.control,
            Pot::Judge => self.caps.judge,
            Pot::Candidate(name) => self.caps.candidates.get(name).copied(),
        }
    }

    fn on<T>(&self, day: Date, f: impl FnOnce(&mut Sums) -> T) -> T {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(sums.entry(day).or_default());
        while sums.len() > DAYS_MAX {
            sums.pop_first();
        }
        result
    }
}

fn pots(purpose: Purpose, model: &str) -> [Pot; 2] {
    let own = match purpose {
        Purpose::Shadow => Pot::Candidate(model.to_owned()),
        Purpose::Control => Pot::Control,
        Purpose::Judge => Pot::Judge,
    };
    [Pot::Total, own]
}

/// The part of a cap that may be spent by this moment of the day.
fn paced(cap: NanoUsd, at: Timestamp) -> NanoUsd {
    let elapsed = at.0.rem_euclid(DAY_US) as f64 / DAY_US as f64;
    let share = (elapsed + BURST_SHARE).min(1.0);
    NanoUsd((cap.0 as f64 * share) as i64)
}

fn get(sums: &BTreeMap<Pot, NanoUsd>, pot: &Pot) -> NanoUsd {
    sums.get(pot).copied().unwrap_or_default()
}

fn add(sums: &mut BTreeMap<Pot, NanoUsd>, pot: Pot, cost: NanoUsd) {
    let sum = sums.entry(pot).or_default();
    *sum = *sum + cost;
}
