//! Which arms one exchange is put to: permissions, keys and budget first, then the draw.

use super::Seen;
use crate::{
    CategoryWork, JudgeWork, Model, Purpose, Settings,
    budget::{Budget, Expense},
    metric,
    rows::assignment::AssignmentRow,
};
use confidence::Mode;
use exchange::{Arm, Call, NanoUsd, Timestamp, Usage, UsageSource};
use policy::{ArmOnTrial, Cell, Draw, Withheld, assign::Content};

/// What a judge reads beyond call and replies: its instructions and the rubric.
const JUDGE_PROMPT_TOKENS: u64 = 600;
/// What a judge writes.
const JUDGE_REPLY_TOKENS: u64 = 150;
/// A judge is asked in both orders.
const JUDGE_ORDERS: i64 = 2;

pub(crate) struct Context<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) budget: &'a Budget,
    pub(crate) work: &'a CategoryWork,
    pub(crate) now: Timestamp,
}

impl Context<'_> {
    /// What is decided for each cell (with the least probability of its block) and the control.
    pub(super) fn decide(&self, seen: &Seen, cells: Vec<(f64, Cell)>) -> Vec<AssignmentRow> {
        let ineligible = self.ineligible(seen);
        let pi = self.work.sampling.probability();
        let (arms, planned) = self.arms(seen, cells, pi);
        let draw = Draw {
            salt: &self.settings.salt,
            category: &seen.category.name,
            exchange: seen.exchange.id,
            conversation: &seen.exchange.conversation.key,
            day: seen.exchange.observed_at.date(),
            sampling: self.work.sampling,
        };
        let decided = policy::assign(&draw, ineligible.as_ref(), &arms);
        if decided.iter().any(|assignment| assignment.sampled) {
            self.budget.expect(seen.exchange.observed_at, &planned);
        }
        let row =
            |assignment| AssignmentRow::new(seen.offset, &seen.exchange, &seen.call, assignment);
        let rows: Vec<AssignmentRow> = decided.into_iter().map(row).collect();
        rows.iter().for_each(count);
        rows
    }

    fn ineligible(&self, seen: &Seen) -> Option<policy::Ineligible> {
        let controlled = self.work.mode == Mode::AA && self.work.control;
        let content = match (seen.exchange.redacted, controlled) {
            (false, _) => Content::Untouched,
            (true, true) => Content::AlteredWithControl,
            (true, false) => Content::Altered,
        };
        let why = policy::ineligible(&policy::assign::Observed {
            call: &seen.call,
            status: seen.exchange.reply.status,
            capture: seen.exchange.capture,
            served_by: seen.exchange.served.candidate.as_deref(),
            content,
        });
        // A status of success is no answer yet: a stream may have died, or carried an error.
        let broken = !seen.reply.complete || seen.reply.error.is_some();
        why.or_else(|| broken.then_some(policy::Ineligible::ReferenceError))
    }

    /// The arms with what withholds them, and what asking the others is expected to cost.
    fn arms(
        &self,
        seen: &Seen,
        cells: Vec<(f64, Cell)>,
        pi: f64,
    ) -> (Vec<ArmOnTrial>, Vec<Expense>) {
        let mut planned = Vec::new();
        let needs_control = self.work.mode == Mode::AA;
        let mut control = self.work.control.then(|| ArmOnTrial {
            arm: Arm::Control,
            candidate: None,
            cell: None,
            pi_floor: pi,
            withheld: self.withhold(seen, None, &mut planned),
        });
        let no_control = control.as_ref().and_then(|arm| arm.withheld).filter(|_| needs_control);
        let trial = |(pi_floor, cell): (f64, Cell)| ArmOnTrial {
            arm: Arm::Candidate,
            withheld: no_control
                .or_else(|| self.withhold(seen, Some(&cell.candidate), &mut planned)),
            candidate: Some(cell.candidate),
            cell: Some(cell.cell),
            pi_floor,
        };
        let mut arms: Vec<ArmOnTrial> = cells.into_iter().map(trial).collect();
        let nobody = arms.iter().all(|arm| arm.withheld.is_some());
        if let Some(control) = control.as_mut().filter(|_| nobody) {
            // With no candidate to compare, a control would be money for nothing.
            control.withheld =
                control.withheld.or_else(|| arms.first().and_then(|arm| arm.withheld));
        }
        arms.extend(control);
        (arms, planned)
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
        model.capabilities.takes(&seen.call, &tokens)
    }

    fn judges(&self) -> Vec<&str> {
        match self.work.mode {
            Mode::JP | Mode::JA | Mode::PPI => {
                self.work.judge.iter().flat_map(|judge| judge.models()).collect()
            }
            Mode::R | Mode::RP | Mode::H | Mode::AA => Vec::new(),
        }
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
    Usage {
        input_tokens,
        cached_tokens: 0,
        cache_write_tokens: 0,
        output_tokens,
        reasoning_tokens: 0,
        source: UsageSource::Estimated,
    }
}

fn count(row: &AssignmentRow) {
    metric::assigned(match row {
        AssignmentRow { ineligible_reason: Some(_), .. } => "ineligible",
        AssignmentRow { withheld_reason: Some(_), .. } => "withheld",
        AssignmentRow { sampled: true, .. } => "sampled",
        AssignmentRow { .. } => "not_sampled",
    });
}
