//! The pipeline's own cases, put to the reference and to every candidate.
//!
//! They are neither traffic nor evidence: their rows belong to no cell, and say so (`golden`). What is
//! decided about them is written before anything is asked, as for calls as they pass. A reply's loss
//! is what the category's scorers and judge make of it by itself, never a difference, so that what a
//! model says today can be held against what it said before.

use super::{Offline, StoredExchange};
use crate::{
    Added, AssignmentRow, CategoryWork, Error, JudgeWork, Ledger, Origin, Purpose, ShadowRow,
    Stored,
    budget::Expense,
    chance,
    judge::Judge,
    observe::{Arm, Job, trial},
    replay::{Ask, Asked},
    verdict::{self, Verdict},
    wording::Said,
};
use bytes::Bytes;
use exchange::{ExchangeId, FinishReason, Reply, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use policy::{Cell, Withheld, epoch};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;
use upstream::Fault;

/// Cases that are asked about at the same time, and whose rows are committed together.
const CASES_AT_ONCE_MAX: usize = 16;
/// Tokens that a reply is expected to have, for the budget.
const REPLY_TOKENS: u64 = 500;
/// Characters of a digest that tell one definition of a case from another.
const DIGEST_CHARS: usize = 12;

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenCase {
    /// The category whose candidates, scorers and judge it is for.
    pub category: String,
    /// Its name in the category.
    pub name: String,
    /// The reference, by its name in the pipeline.
    pub model: String,
    /// The body of the call, as the reference's provider takes it.
    pub body: Bytes,
    /// What scorers read as the call's metadata. It is sent to nobody.
    pub metadata: BTreeMap<String, String>,
    /// An answer to compare with instead of the reference's.
    pub answer: Option<String>,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoldenRun {
    /// The moment that all its rows carry.
    pub run_at: Timestamp,
    /// Models asked, case by case.
    pub asked: u64,
    /// Those that were not, for want of budget, key or permission.
    pub withheld: u64,
}

/// A model that a case is put to, and why not.
struct Put {
    arm: exchange::Arm,
    /// For a candidate its cell, which is never opened; for the reference one of the same form.
    cell: Cell,
    withheld: Option<Withheld>,
}

impl<S: Stored, L: Ledger> Offline<S, L> {
    /// Puts every case to every model, or to as many as the budget allows and until told to stop;
    /// `told` is told of each case.
    ///
    /// # Errors
    /// [`Error`] if tables or ledger fail.
    pub async fn golden(
        &self,
        cases: &[GoldenCase],
        stop: &CancellationToken,
        told: &(dyn Fn() + Sync),
    ) -> Result<GoldenRun, Error> {
        let run_at = self.shadower.asker.clock.now();
        let mut run = GoldenRun { run_at, asked: 0, withheld: 0 };
        for cases in cases.chunks(CASES_AT_ONCE_MAX) {
            if stop.is_cancelled() {
                break;
            }
            self.learn().await?;
            let planned: Vec<_> =
                cases.iter().filter_map(|case| self.planned(case, run_at)).collect();
            let decided = planned.iter().flat_map(|(case, job, puts)| {
                puts.iter().map(|put| self.assignment(case, job, put))
            });
            let assignments: Vec<AssignmentRow> = decided.collect();
            run.withheld += assignments.iter().filter(|row| !row.sampled).count() as u64;
            self.put(Added { assignments, ..Added::default() }).await?;
            let asked = planned
                .into_iter()
                .map(|(case, job, puts)| Box::pin(async move { self.case(case, job, puts).await }));
            let rows: Vec<Vec<ShadowRow>> = stream::iter(asked)
                .buffered(CASES_AT_ONCE_MAX)
                .inspect(|_| told())
                .try_collect()
                .await?;
            let shadows: Vec<ShadowRow> = rows.into_iter().flatten().collect();
            run.asked += shadows.len() as u64;
            self.put(Added { shadows, ..Added::default() }).await?;
        }
        Ok(run)
    }

    /// The call of a case and whom it is put to; `None` where the pipeline no longer has its parts.
    fn planned(&self, case: &GoldenCase, run_at: Timestamp) -> Option<(GoldenCase, Job, Vec<Put>)> {
        let settings = &self.settings;
        let work = settings.categories.get(&case.category)?;
        let job = self.job(case, run_at)?;
        let mut puts = Vec::new();
        for definition in settings.definitions.iter().filter(|it| it.category == case.category) {
            let cell = epoch::explore(&[], definition, run_at);
            if puts.is_empty() {
                let reference = Cell { candidate: case.model.clone(), ..cell.clone() };
                let arm = exchange::Arm::Reference;
                let withheld = self.withhold(work, &job, (Purpose::Control, &case.model));
                puts.push(Put { arm, cell: reference, withheld });
            }
            let withheld = self.withhold(work, &job, (Purpose::Shadow, &cell.candidate));
            puts.push(Put { arm: exchange::Arm::Candidate, cell, withheld });
        }
        Some((case.clone(), job, puts))
    }

    fn job(&self, case: &GoldenCase, run_at: Timestamp) -> Option<Job> {
        let models = &self.settings.models;
        let provider = models.providers.get(&models.models.get(&case.model)?.provider)?;
        let moment = run_at.to_string();
        let parts = ["golden", &case.category, &case.name, &moment];
        let exchange = StoredExchange {
            exchange_id: ExchangeId::new(run_at, chance::of(&parts)),
            observed_at: run_at,
            conversation: String::new(),
            tenant: None,
            category: case.category.clone(),
            dialect: provider.dialect.name().to_owned(),
            model: Some(case.model.clone()),
            served_by: None,
            status: None,
            capture: "complete".to_owned(),
            redacted: false,
            input_tokens: None,
            output_tokens: None,
            cost_usd: None,
            latency_ms: None,
            journal_offset: 0,
            request: Some(std::str::from_utf8(&case.body).ok()?.to_owned()),
            response: Some(String::new()),
        };
        let mut job = exchange.job(models, Vec::new())?;
        job.call.metadata.extend(case.metadata.clone());
        if let Some(answer) = &case.answer {
            job.reply = said(answer);
        }
        Some(job)
    }

    /// Why a model is not to be asked; else what it is expected to cost is taken from the budget.
    fn withhold(
        &self,
        work: &CategoryWork,
        job: &Job,
        (purpose, model): (Purpose, &str),
    ) -> Option<Withheld> {
        let (settings, asker) = (&self.settings, &self.shadower.asker);
        let judge = work.judge.as_ref();
        let judges = judge.into_iter().flat_map(|judge| judge.models());
        if let Some(why) = self.forbidden(work, std::iter::once(model).chain(judges)) {
            return Some(why);
        }
        let now = asker.clock.now();
        let tokens = (job.dialect.prompt_tokens(&job.call), REPLY_TOKENS);
        let usage = trial::estimated(tokens.0, tokens.1);
        let cost = settings.prices.cost(model, now, &usage, 0);
        let own = Expense { purpose, model: model.to_owned(), cost };
        let judged = judge.map(|judge| trial::judging(settings, judge, now, tokens));
        let expenses: Vec<Expense> =
            std::iter::once(own).chain(judged.into_iter().flatten()).collect();
        (!asker.budget.take(now, &expenses)).then_some(Withheld::Budget)
    }

    fn assignment(&self, case: &GoldenCase, job: &Job, put: &Put) -> AssignmentRow {
        let asked = put.withheld.is_none();
        AssignmentRow {
            date: job.exchange.observed_at.date(),
            exchange_id: job.exchange.id,
            arm: put.arm,
            candidate: name_of(put),
            cell: None,
            conversation: format!("{}/{}#{}", case.category, case.name, self.digest(case)),
            tenant: None,
            observed_at: job.exchange.observed_at,
            pi: if asked { 1.0 } else { 0.0 },
            pi_floor: 1.0,
            sampled: asked,
            ineligible_reason: None,
            withheld_reason: put.withheld.map(|why| why.name().to_owned()),
            history_turns: job.call.assistant_turns,
            audit_prob: None,
            audited: None,
            journal_offset: 0,
            origin: Some(Origin::Golden),
            decided_at: Some(job.exchange.observed_at),
        }
    }

    /// What scores of a case depend on beside the model: scores under another digest are of another
    /// question.
    fn digest(&self, case: &GoldenCase) -> String {
        let work = self.settings.categories.get(&case.category);
        let judge = work.and_then(|work| work.judge.as_ref()).map_or_else(String::new, digest_of);
        let metadata = format!("{:?}", case.metadata);
        let body = String::from_utf8_lossy(&case.body);
        let parts: [&str; 6] = [
            &body,
            metadata.as_str(),
            case.answer.as_deref().unwrap_or_default(),
            work.map_or("", |work| work.scorers.digest()),
            work.map_or("", |work| work.mode.name()),
            &judge,
        ];
        let mut digest = format!("{:032x}", chance::of(&parts));
        digest.truncate(DIGEST_CHARS);
        digest
    }

    /// All models are asked at once, then each reply is scored.
    async fn case(
        &self,
        case: GoldenCase,
        mut job: Job,
        puts: Vec<Put>,
    ) -> Result<Vec<ShadowRow>, Error> {
        let Some(work) = self.settings.categories.get(&case.category) else {
            return Ok(Vec::new());
        };
        let puts: Vec<Put> = puts.into_iter().filter(|put| put.withheld.is_none()).collect();
        let asked = puts.iter().map(|put| Box::pin(self.ask_model(work, &job, put)));
        let asked: Vec<Asked> = futures::future::try_join_all(asked).await?;
        let mut rows = Vec::new();
        for (put, asked) in puts.iter().zip(asked) {
            let is_given = case.answer.is_some();
            let verdict = self.worth(work, &job, (put, is_given), &asked).await?;
            // From here on the candidates are compared with it, unless the case brings an answer.
            if let (exchange::Arm::Reference, false, Ok(answered)) =
                (put.arm, is_given, &asked.outcome)
            {
                job.reply = answered.reply.clone();
            }
            rows.push(self.golden_row(&job, put, asked, verdict));
        }
        Ok(rows)
    }

    async fn ask_model(&self, work: &CategoryWork, job: &Job, put: &Put) -> Result<Asked, Error> {
        let name = put.cell.candidate.as_str();
        let models = &self.settings.models;
        let model = models.models.get(name);
        let ask = Ask {
            purpose: match put.arm {
                exchange::Arm::Reference | exchange::Arm::Control => Purpose::Control,
                exchange::Arm::Candidate => Purpose::Shadow,
            },
            exchange: &job.exchange,
            trial: name,
            provider: model.map_or("", |model| model.provider.as_str()),
            model: name,
            wording: Said::of(job).to(models, model),
            deadline: work.deadline,
        };
        self.shadower.asker.ask(ask).await
    }

    /// What a reply is worth by itself, beside the case's answer or the reference's reply where
    /// scorers or judge compare.
    async fn worth(
        &self,
        work: &CategoryWork,
        job: &Job,
        (put, is_given): (&Put, bool),
        asked: &Asked,
    ) -> Result<Verdict, Error> {
        let name = put.cell.candidate.as_str();
        let answered = match &asked.outcome {
            Ok(answered) => &answered.reply,
            Err(failed) => {
                let reason = format!("{}: {}", failed.fault.name(), failed.error);
                let loss = match failed.fault {
                    Fault::Candidate | Fault::Provider => Some(1.0),
                    Fault::Ours => None,
                };
                return Ok(Verdict { loss, reason, ..Verdict::default() });
            }
        };
        let is_reference = put.arm == exchange::Arm::Reference;
        // A reference that failed left nothing behind; one is not compared with itself.
        let other = Some(&job.reply).filter(|reply| reply.complete && (is_given || !is_reference));
        if work.mode == confidence::Mode::AA {
            return Ok(agreement(work, job, (name, answered), other));
        }
        let scores = work.scorers.score_absolute(&job.call, answered);
        let said = score::verdict(&scores, &work.verdict);
        let loss = verdict::rules_loss(work, &scores, answered);
        let rows = verdict::rows(exchange::Arm::Candidate, Some(name), scores);
        let mut verdict = Verdict { loss, reason: said.reason, ..Verdict::default() };
        verdict.scores = rows;
        let (Some(judge), Some(rules)) = (&work.judge, loss.filter(|loss| *loss < 1.0)) else {
            return Ok(verdict);
        };
        let Some(_) = other else {
            // Rules that had nothing to say are no score.
            verdict.loss = loss.filter(|_| !verdict.scores.is_empty());
            verdict.reason = "there is nothing to judge it beside".to_owned();
            return Ok(verdict);
        };
        let judge = Judge { asker: &self.shadower.asker, judge, deadline: work.deadline };
        let word = Box::pin(judge.ask(job, name, answered)).await?;
        verdict.loss = word.losses.map(|losses| rules.max(losses.candidate));
        verdict.reason = word.reason;
        verdict.scores.extend(word.scores);
        Ok(verdict)
    }

    fn golden_row(&self, job: &Job, put: &Put, asked: Asked, verdict: Verdict) -> ShadowRow {
        let loss = verdict.loss;
        let row = self.shadower.row(job, &Arm::Candidate(put.cell.clone()), asked, verdict);
        ShadowRow {
            arm: put.arm,
            candidate: name_of(put),
            cell: None,
            loss_report: loss,
            tau: None,
            ..row
        }
    }
}

fn agreement(
    work: &CategoryWork,
    job: &Job,
    (name, reply): (&str, &Reply),
    other: Option<&Reply>,
) -> Verdict {
    let Some(other) = other else {
        let reason = "there is nothing to compare it with".to_owned();
        return Verdict { reason, ..Verdict::default() };
    };
    let scores = work.scorers.score_agreement(&job.call, reply, other);
    let said = score::verdict(&scores, &work.verdict);
    let mut verdict = Verdict { loss: said.loss, reason: said.reason, ..Verdict::default() };
    verdict.scores = verdict::rows(exchange::Arm::Candidate, Some(name), scores);
    verdict
}

/// The model on trial; none for the reference.
fn name_of(put: &Put) -> Option<String> {
    (put.arm == exchange::Arm::Candidate).then(|| put.cell.candidate.clone())
}

fn digest_of(judge: &JudgeWork) -> String {
    let digest = |model: &str| score::judge::digest(model, &judge.rubric);
    judge.models().map(digest).collect()
}

/// A reply that says `text` and no more.
fn said(text: &str) -> Reply {
    Reply {
        text: Some(text.to_owned()),
        finish_reason: Some(FinishReason::Stop),
        complete: true,
        ..Reply::default()
    }
}
