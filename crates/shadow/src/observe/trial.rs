//! Which arms one exchange is put to: what the day's block declared, permissions, keys and budget
//! first, then the draw.

use super::Seen;
use crate::{
    CategoryWork, JudgeWork, Model, Purpose, Settings,
    budget::{Budget, Expense},
    metric,
    rows::assignment::AssignmentRow,
    wording::Said,
};
use confidence::Mode;
use exchange::{Arm, Call, NanoUsd, Timestamp, Usage, UsageSource};
use policy::{ArmOnTrial, Cell, Draw, Ineligible, Sampling, Withheld, assign::Content};

/// What a judge reads beyond call and replies: its instructions and the rubric.
const JUDGE_PROMPT_TOKENS: u64 = 600;
/// What a judge writes.
const JUDGE_REPLY_TOKENS: u64 = 150;
/// A judge is asked in both orders.
const JUDGE_ORDERS: i64 = 2;

/// A cell on a day.
pub(super) struct OnTrial {
    pub(super) cell: Cell,
    /// What the day's block promised of it.
    pub(super) pi_floor: f64,
    /// Whether it is known to be refuted.
    pub(super) refuted: bool,
}

/// What is decided about the arms before the draw, and what asking each of them is expected to cost.
#[derive(Default)]
struct Arms {
    arms: Vec<ArmOnTrial>,
    planned: Vec<Vec<Expense>>,
}

pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) budget: &'a Budget,
    pub(crate) work: &'a CategoryWork,
    pub(crate) now: Timestamp,
}

impl Context<'_> {
    /// What is decided for each cell and the control.
    pub(super) fn decide(&self, seen: &Seen, cells: Vec<OnTrial>) -> Vec<AssignmentRow> {
        let ineligible = self.ineligible(seen);
        let Arms { arms, planned } = self.arms(seen, cells, ineligible.is_some());
        let draw = Draw {
            salt: &self.settings.salt,
            category: &seen.category.name,
            exchange: seen.exchange.id,
            conversation: &seen.exchange.conversation.key,
            day: seen.exchange.observed_at.date(),
        };
        let decided = policy::assign(&draw, ineligible.as_ref(), &arms);
        for (_, expenses) in decided.iter().zip(&planned).filter(|(arm, _)| arm.sampled) {
            self.budget.expect(seen.exchange.observed_at, expenses);
        }
        let row =
            |assignment| AssignmentRow::new(seen.offset, &seen.exchange, &seen.call, assignment);
        let rows: Vec<AssignmentRow> = decided.into_iter().map(row).collect();
        rows.iter().for_each(count);
        rows
    }

    fn ineligible(&self, seen: &Seen) -> Option<Ineligible> {
        let controlled = self.work.mode == Mode::AA && self.work.control;
        let content = match (seen.exchange.redacted, controlled) {
            (false, _) => Content::Untouched,
            (true, true) => Content::AlteredWithControl,
            (true, false) => Content::Altered,
        };
        let why = policy::ineligible(&policy::assign::Observed {
            call: &seen.call,
            status: seen.exchange.reply.status,
            capture: seen.exchange.capture.of_reply(&seen.reply),
            served_by: seen.exchange.served.candidate.as_deref(),
            content,
        });
        // A status of success is no answer yet: a stream may have died, or carried an error.
        let broken = !seen.reply.complete || seen.reply.error.is_some();
        why.or_else(|| broken.then_some(Ineligible::ReferenceError))
    }

    /// The candidates, and behind them the control, which is asked wherever one of them is.
    /// Nothing is translated for an exchange that is put to nobody.
    fn arms(&self, seen: &Seen, cells: Vec<OnTrial>, nobody: bool) -> Arms {
        let mut spent = Vec::new();
        let control = self.work.control.then(|| self.withhold(seen, None, &mut spent));
        let needed = control.filter(|_| self.work.mode == Mode::AA).flatten();
        let of_control = spent.clone();
        let mut found = Arms::default();
        for OnTrial { cell, pi_floor, refuted } in cells {
            let before = spent.len();
            let unsaid = if nobody { None } else { self.unsaid(seen, &cell.candidate) };
            let withheld =
                refuted.then_some(Withheld::Refuted).or(needed).or_else(|| match unsaid {
                    Some(_) => None,
                    None => self.withhold(seen, Some(&cell.candidate), &mut spent),
                });
            found.planned.push(spent[before..].to_vec());
            found.arms.push(ArmOnTrial {
                arm: Arm::Candidate,
                candidate: Some(cell.candidate),
                cell: Some(cell.cell),
                sampling: self.work.sampling.within(pi_floor),
                pi_floor,
                unsaid,
                withheld,
            });
        }
        if let Some(withheld) = control {
            let control = control_of(&found.arms, withheld, self.work.sampling);
            found.arms.push(control);
            found.planned.push(of_control);
        }
        found
    }

    /// Why a call is not said to a candidate.
    fn unsaid(&self, seen: &Seen, candidate: &str) -> Option<Ineligible> {
        let (dialect, body) = (seen.dialect?, seen.body.as_ref()?);
        let said = Said { dialect, call: &seen.call, body };
        let models = &self.settings.models;
        said.obstacle(models, models.models.get(candidate)?, self.work)
    }

    /// Why a candidate (or, with `None`, the control) is not to be asked; else its cost is planned.
    fn withhold(
        &self,
        seen: &Seen,
        candidate: Option<&str>,
        planned: &mut Vec<Expense>,
    ) -> Option<Withheld> {
        let models = &self.settings.models;
        let provider = match candidate {
            None => seen.exchange.provider.as_str(),
            Some(name) => match models.models.get(name) {
                None => return Some(Withheld::NoKey),
                Some(model) if !self.takes(model, seen) => return Some(Withheld::Capability),
                Some(model) => &model.provider,
            },
        };
        let judges = if candidate.is_some() { self.judges() } else { Vec::new() };
        let mut providers = vec![provider];
        for judge in &judges {
            let Some(model) = models.models.get(*judge) else { return Some(Withheld::NoKey) };
            providers.push(&model.provider);
        }
        for provider in providers {
            if !self.work.allows(provider) {
                return Some(Withheld::Provider);
            }
            if models.client(provider).is_none() {
                return Some(Withheld::NoKey);
            }
        }
        let expenses = self.expenses(seen, candidate, judges);
        let all: Vec<Expense> = planned.iter().chain(&expenses).cloned().collect();
        if !self.budget.fits(seen.exchange.observed_at, self.now, &all) {
            return Some(Withheld::Budget);
        }
        planned.extend(expenses);
        None
    }

    fn takes(&self, model: &Model, seen: &Seen) -> bool {
        let tokens = |call: &Call| seen.dialect.map_or(0, |dialect| dialect.prompt_tokens(call));
        let provider = self.settings.models.providers.get(&model.provider);
        let instead = provider.zip(seen.dialect).and_then(|(provider, asked)| {
            provider.forms.instead(&seen.call, (asked, provider.dialect))
        });
        match instead {
            None => model.capabilities.takes(&seen.call, &tokens),
            Some(_) => model.capabilities.takes_translated(&seen.call, &tokens),
        }
    }

    fn judges(&self) -> Vec<&str> {
        let judge = self.work.judge.as_ref().filter(|_| self.work.mode.asks_judge());
        judge.into_iter().flat_map(JudgeWork::models).collect()
    }

    /// Expected to cost what the reference used, at the arm's own price.
    fn expenses(&self, seen: &Seen, candidate: Option<&str>, judges: Vec<&str>) -> Vec<Expense> {
        let output = seen.reply.usage.map_or(0, |usage| usage.output_tokens);
        let estimate = || seen.dialect.map_or(0, |dialect| dialect.prompt_tokens(&seen.call));
        let input = seen.reply.usage.map_or_else(estimate, |usage| usage.input_tokens);
        let cost = |model: &str| {
            let usage = estimated(input, output);
            let latency_us = seen.exchange.latency_us;
            self.settings.prices.cost(model, seen.exchange.observed_at, &usage, latency_us)
        };
        let reference = seen.call.model.as_deref().unwrap_or_default();
        let (purpose, model) = match candidate {
            Some(name) => (Purpose::Shadow, name),
            None => (Purpose::Control, reference),
        };
        let own = Expense { purpose, model: model.to_owned(), cost: cost(model) };
        let judge = self.work.judge.as_ref().filter(|_| !judges.is_empty());
        let at = seen.exchange.observed_at;
        let judged = judge.map(|judge| judging(self.settings, judge, at, (input, output)));
        std::iter::once(own).chain(judged.into_iter().flatten()).collect()
    }
}

/// The control: it sees what the candidate that is asked most sees, and so what every one sees. With
/// no candidate to compare it would be money for nothing.
fn control_of(
    candidates: &[ArmOnTrial],
    withheld: Option<Withheld>,
    sampling: Sampling,
) -> ArmOnTrial {
    let could = |arm: &&ArmOnTrial| arm.unsaid.is_none() && arm.withheld.is_none();
    let asked = candidates.iter().filter(could);
    let most = asked.map(|arm| arm.sampling.conversations).max();
    let nobody = if most.is_none() { candidates.first() } else { None };
    let conversations = most.unwrap_or(sampling.conversations);
    let sampling = Sampling { conversations, ..sampling };
    ArmOnTrial {
        arm: Arm::Control,
        candidate: None,
        cell: None,
        sampling,
        pi_floor: sampling.probability(),
        unsaid: nobody.and_then(|arm| arm.unsaid.clone()),
        withheld: withheld.or_else(|| nobody?.withheld),
    }
}

/// What it is expected to cost to have a pair of replies of `output` tokens each judged.
pub(crate) fn judging(
    settings: &Settings,
    judge: &JudgeWork,
    at: Timestamp,
    (input, output): (u64, u64),
) -> Vec<Expense> {
    let usage = estimated(input + 2 * output + JUDGE_PROMPT_TOKENS, JUDGE_REPLY_TOKENS);
    let times = JUDGE_ORDERS * i64::from(judge.repeats.max(1));
    let one = |model: &str| {
        let once = settings.prices.cost(model, at, &usage, 0);
        let cost = once.map(|cost| NanoUsd(cost.0.saturating_mul(times)));
        Expense { purpose: Purpose::Judge, model: model.to_owned(), cost }
    };
    judge.models().map(one).collect()
}

/// What a call of so many tokens is taken to use.
pub(crate) fn estimated(input_tokens: u64, output_tokens: u64) -> Usage {
    Usage { input_tokens, output_tokens, ..Usage::none(UsageSource::Estimated) }
}

fn count(row: &AssignmentRow) {
    metric::assigned(match row {
        AssignmentRow { ineligible_reason: Some(_), .. } => "ineligible",
        AssignmentRow { withheld_reason: Some(_), .. } => "withheld",
        AssignmentRow { sampled: true, .. } => "sampled",
        AssignmentRow { .. } => "not_sampled",
    });
}
