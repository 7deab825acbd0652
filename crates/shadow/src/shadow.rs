//! The second half of a batch: each arm that was drawn is asked, its reply scored, and what the
//! scores add up to becomes one row.
//!
//! Every assignment that was sampled ends in one row here, whatever happens: a reply, or a failure
//! with whose it is.

use crate::{
    Error, Ledger, Purpose, Shadowed,
    judge::Judge,
    observe::{Arm, Job},
    replay::{Answered, Ask, Asked, Asker, Failed},
    rows::{millis, shadow::ShadowRow},
    verdict::{self, Verdict},
    wording::{Said, Wording},
};
use exchange::{Block, Reply};
use futures::{StreamExt, TryStreamExt, future, stream};
use policy::Cell;
use std::ops::Range;

pub(crate) struct Shadower<L> {
    pub(crate) asker: Asker<L>,
}

impl<L: Ledger> Shadower<L> {
    pub(crate) fn new(asker: Asker<L>) -> Self {
        Self { asker }
    }

    /// Asks for and scores all that a batch wants, in its order.
    pub(crate) async fn shadow(
        &self,
        offsets: Range<u64>,
        jobs: Vec<Job>,
    ) -> Result<Shadowed, Error> {
        let exchanges_max = self.asker.settings.limits.exchanges_max.max(1);
        let rows = stream::iter(jobs.into_iter().map(|job| Box::pin(self.exchange(job))));
        let rows: Vec<Vec<ShadowRow>> = rows.buffered(exchanges_max).try_collect().await?;
        Ok(Shadowed { offsets, shadows: rows.into_iter().flatten().collect() })
    }

    /// All arms are asked at once, so that none has later knowledge of the world than another.
    async fn exchange(&self, job: Job) -> Result<Vec<ShadowRow>, Error> {
        let asked = job.arms.iter().map(|arm| Box::pin(self.put(&job, arm)));
        let asked: Vec<Asked> = future::try_join_all(asked).await?;
        let control = job.arms.iter().zip(&asked).find_map(|(arm, asked)| match arm {
            Arm::Control => Some(asked.outcome.as_ref().map(|answered| &answered.reply)),
            Arm::Candidate(_) | Arm::Closed { .. } => None,
        });
        let verdicts = job
            .arms
            .iter()
            .zip(&asked)
            .map(|(arm, asked)| Box::pin(self.verdict(&job, arm, asked, control)));
        let verdicts = future::try_join_all(verdicts).await?;
        let arms = job.arms.iter().zip(asked).zip(verdicts);
        Ok(arms.map(|((arm, asked), verdict)| self.row(&job, arm, asked, verdict)).collect())
    }

    /// Puts the mirrored call to an arm.
    pub(crate) async fn put(&self, job: &Job, arm: &Arm) -> Result<Asked, Error> {
        let settings = &self.asker.settings;
        let said = Said::of(job);
        let (purpose, provider, model, wording) = match arm {
            Arm::Control => {
                let model = job.call.model.as_deref().unwrap_or_default();
                let path = job.dialect.unstreamed_path(&job.exchange.call.path);
                let wording = said.again(model).map(|wording| Wording { path, ..wording });
                (Purpose::Control, job.exchange.provider.as_str(), model, wording)
            }
            Arm::Candidate(Cell { candidate, .. }) => {
                let model = settings.models.models.get(candidate);
                let provider = model.map_or("", |model| model.provider.as_str());
                (Purpose::Shadow, provider, candidate.as_str(), said.to(&settings.models, model))
            }
            Arm::Closed { candidate, .. } => {
                let wording = Err("the cell was closed before its call was made".to_owned());
                (Purpose::Shadow, "", candidate.as_deref().unwrap_or_default(), wording)
            }
        };
        let deadline = settings.categories.get(&job.category).map(|work| work.deadline);
        let ask = Ask {
            purpose,
            exchange: &job.exchange,
            trial: model,
            provider,
            model,
            wording,
            deadline: deadline.unwrap_or_default(),
        };
        self.asker.ask(ask).await
    }

    /// What is made of a candidate's reply; nothing of a control's, which only serves the others.
    pub(crate) async fn verdict(
        &self,
        job: &Job,
        arm: &Arm,
        asked: &Asked,
        control: Option<Result<&Reply, &Failed>>,
    ) -> Result<Verdict, Error> {
        let work = self.asker.settings.categories.get(&job.category);
        let (Arm::Candidate(cell), Some(work)) = (arm, work) else {
            return Ok(Verdict::default());
        };
        let replies = verdict::Replies { call: &job.call, reference: job.subject(), control };
        let scored = match &asked.outcome {
            Err(failed) => return Ok(verdict::of_failure(work, &replies, failed)),
            Ok(Answered { reply }) => {
                verdict::by_rules(work, &replies, &cell.candidate, asked.subject(reply))
            }
        };
        match (&asked.outcome, scored.needs_judge, &work.judge) {
            (Ok(answered), true, Some(judge)) => {
                let judge = Judge { asker: &self.asker, judge, deadline: work.deadline };
                let word = judge.ask(job, &cell.candidate, &answered.reply).await?;
                Ok(verdict::by_judge(scored, word))
            }
            (_, true, None) => Ok(scored.undecided("the category has no judge")),
            (Ok(_) | Err(_), false, _) | (Err(_), true, Some(_)) => Ok(scored.verdict),
        }
    }

    pub(crate) fn row(&self, job: &Job, arm: &Arm, asked: Asked, verdict: Verdict) -> ShadowRow {
        let (arm, candidate, cell_id, cell) = match arm {
            Arm::Control => (exchange::Arm::Control, None, None, None),
            Arm::Candidate(cell) => {
                let candidate = Some(cell.candidate.clone());
                (exchange::Arm::Candidate, candidate, Some(cell.cell.clone()), Some(cell))
            }
            Arm::Closed { candidate, cell } => {
                (exchange::Arm::Candidate, candidate.clone(), cell.clone(), None)
            }
        };
        let reply = asked.outcome.as_ref().ok().map(|answered| &answered.reply);
        let failed = asked.outcome.as_ref().err();
        ShadowRow {
            date: job.exchange.observed_at.date(),
            exchange_id: job.exchange.id,
            arm,
            candidate,
            cell: cell_id,
            asked_at: asked.asked_at,
            answered_at: Some(asked.answered_at),
            status: asked.status,
            fault: failed.map(|failed| failed.fault.name()),
            error: failed.map(|failed| failed.error.clone()),
            provider: Some(asked.provider).filter(|name| !name.is_empty()),
            model: Some(asked.model).filter(|name| !name.is_empty()),
            input_tokens: asked.usage.map(|usage| usage.input_tokens),
            cached_tokens: asked.usage.map(|usage| usage.cached_tokens),
            cache_write_tokens: asked.usage.map(|usage| usage.cache_write_tokens),
            cache_write_1h_tokens: asked.usage.map(|usage| usage.cache_write_1h_tokens),
            output_tokens: asked.usage.map(|usage| usage.output_tokens),
            reasoning_tokens: asked.usage.map(|usage| usage.reasoning_tokens),
            usage_source: asked.usage.map(|usage| usage.source.name()),
            service_tier: asked.usage.map(|usage| usage.tier.name()),
            cost_usd: asked.cost,
            latency_ms: asked.latency_us.map(millis),
            ttft_ms: asked.ttft_us.map(millis),
            finish_reason: reply.and_then(|reply| reply.finish_reason).map(|why| why.name()),
            blocked: reply.and_then(Reply::block).map(Block::name),
            loss_report: cell.and_then(|cell| verdict.loss_report(cell.mode)),
            loss: verdict.loss,
            reference_loss: verdict.reference_loss,
            control_loss: verdict.control_loss,
            loss_lo: cell.map(|cell| cell.loss_lo),
            loss_hi: cell.map(|cell| cell.loss_hi),
            decided_at: verdict.loss.map(|_| self.asker.clock.now()),
            verdict_reason: Some(verdict.reason).filter(|reason| !reason.is_empty()),
            mode: cell.map(|cell| cell.mode.name()),
            tau: cell.map(|cell| cell.tau),
            acceptable: verdict.loss.map(|loss| loss < verdict::UNACCEPTABLE_LOSS),
            journal_offset: job.offset,
            response: asked.response,
            translation: asked.translation,
            scores: verdict.scores,
            origin: self.asker.origin,
        }
    }
}
