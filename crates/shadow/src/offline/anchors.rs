//! Pairs of replies that were judged, frozen, and put to their judge again.
//!
//! A set is drawn from the calls of a category that its judge has a word on, in both orders, and is
//! written before anybody is asked. From then on the very same texts go to the judge again and again,
//! twice each time, and past its memory: one that remembers cannot move. Each row carries the word
//! then beside the words now. A set is of one judge; another model or rubric has its own. A pair stays
//! where its call and replies are: what retention takes, the set loses.

use super::{Offline, StoredExchange, StoredScore, StoredShadow};
use crate::{
    Added, AssignmentRow, CategoryWork, Error, JudgeMemory, JudgeWork, Ledger, Origin, ScoreRow,
    ShadowRow, Stored, chance,
    judge::{Judge, Order, SCORER},
    observe::{Arm, Job, trial},
    replay::Asked,
    verdict::Verdict,
};
use exchange::{Arm as Side, Date, ExchangeId, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use policy::Withheld;
use score::{Kind, judge};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use tokio_util::sync::CancellationToken;

/// Pairs that are asked about at the same time, and whose rows are committed together.
const PAIRS_AT_ONCE_MAX: usize = 16;
/// A set is drawn from the newest days that hold so many times more.
const DRAWN_FROM_TIMES: usize = 20;
/// How often a pair is put in each order: once to compare with the word then, once to see what changes
/// though nothing moved.
const ASKED_AGAIN: u32 = 2;
/// What marks the word then among the trials of a row.
const FROZEN: &str = "frozen";

/// Which set is put to the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorSet {
    /// The newest one of that judge; where there is none, one is drawn.
    Kept,
    /// A new one.
    Fresh,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchored {
    /// The category has no judge.
    NotJudged,
    /// So many pairs have a whole word of the judge: too few, and none was frozen.
    Waiting(u64),
    /// It was asked.
    Asked(AnchorRun),
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorRun {
    /// When the set was drawn.
    pub frozen_at: Timestamp,
    /// The moment that all its rows carry.
    pub run_at: Timestamp,
    /// Pairs that the judge was asked about.
    pub asked: u64,
    /// Those that it was not, for want of budget, key or permission.
    pub withheld: u64,
}

/// Whose set.
struct Of<'a> {
    category: &'a str,
    work: &'a CategoryWork,
    judge: &'a JudgeWork,
    /// Digests of its models with the rubric.
    versions: Vec<String>,
}

/// A judged pair, as the tables have it.
struct Pair {
    exchange: StoredExchange,
    reply: StoredShadow,
    /// The judge's words on it.
    then: Vec<ScoreRow>,
    /// Stands for call and replies: the same question is asked once.
    question: u128,
}

impl Of<'_> {
    /// The end of the names of its pairs: the judge is part of what they are.
    fn ending(&self) -> String {
        let versions: Vec<&str> = self.versions.iter().map(String::as_str).collect();
        format!("#{:032x}", chance::of(&versions))
    }
}

impl<S: Stored, L: Ledger> Offline<S, L> {
    /// Puts a set of `pairs` of a category to its judge again, or as many of them as the budget allows
    /// and until told to stop; `told` is told of each pair.
    ///
    /// # Errors
    /// [`Error`] if tables or ledger fail.
    pub async fn anchors(
        &self,
        category: &str,
        (set, pairs): (AnchorSet, usize),
        (stop, told): (&CancellationToken, &(dyn Fn() + Sync)),
    ) -> Result<Anchored, Error> {
        let work = self.settings.categories.get(category);
        let Some((work, judge)) = work.and_then(|work| Some((work, work.judge.as_ref()?))) else {
            return Ok(Anchored::NotJudged);
        };
        let versions = judge.models().map(|model| judge::digest(model, &judge.rubric)).collect();
        let memory = Arc::new(JudgeMemory::none());
        let judge = &JudgeWork { repeats: ASKED_AGAIN, memory, ..judge.clone() };
        let of = Of { category, work, judge, versions };
        let mut frozen = match set {
            AnchorSet::Kept => self.newest(&of).await?,
            AnchorSet::Fresh => Vec::new(),
        };
        if frozen.is_empty() {
            let found = self.freeze(&of, pairs).await?;
            frozen = match found {
                Ok(frozen) => frozen,
                Err(found) => return Ok(Anchored::Waiting(found as u64)),
            };
        }
        self.ask_again(&of, &frozen, (stop, told)).await.map(Anchored::Asked)
    }

    /// The newest set of that judge, as far as retention has left it.
    async fn newest(&self, of: &Of<'_>) -> Result<Vec<AssignmentRow>, Error> {
        let mut rows = self.stored.anchors().await.map_err(Error::Record)?;
        let (beginning, ending) = (format!("{}/", of.category), of.ending());
        // What is asked about a set later says when, or why not; what was frozen is only there.
        rows.retain(|row| {
            !row.sampled
                && row.withheld_reason.is_none()
                && row.conversation.starts_with(&beginning)
                && row.conversation.ends_with(&ending)
        });
        let newest = rows.iter().filter_map(|row| row.decided_at).max();
        rows.retain(|row| row.decided_at == newest);
        Ok(rows)
    }

    /// Draws a set and writes it down: those whose questions have the smallest hashes. Where there are
    /// too few pairs, how many there are.
    async fn freeze(
        &self,
        of: &Of<'_>,
        pairs: usize,
    ) -> Result<Result<Vec<AssignmentRow>, usize>, Error> {
        let now = self.shadower.asker.clock.now();
        let (mut drawn, mut found) = (BTreeMap::new(), 0);
        for (day, candidates) in self.days_of(of).await? {
            for candidate in candidates {
                for pair in self.pairs(of, (&candidate, day), &|_| true).await? {
                    found += 1;
                    drawn.insert(pair.question, frozen(of, &pair, now));
                    if drawn.len() > pairs {
                        drawn.pop_last();
                    }
                }
            }
            if found >= DRAWN_FROM_TIMES.saturating_mul(pairs) {
                break;
            }
        }
        if drawn.len() < pairs {
            return Ok(Err(drawn.len()));
        }
        let pi = pairs as f64 / found as f64;
        let set = drawn.into_values().map(|row| AssignmentRow { pi, pi_floor: pi, ..row });
        let assignments: Vec<AssignmentRow> = set.collect();
        self.put(Added { assignments: assignments.clone(), ..Added::default() }).await?;
        Ok(Ok(assignments))
    }

    /// The days of a category's candidates, the newest first.
    async fn days_of(&self, of: &Of<'_>) -> Result<Vec<(Date, Vec<String>)>, Error> {
        let mut days: BTreeMap<i32, Vec<String>> = BTreeMap::new();
        let own = self.settings.definitions.iter().filter(|it| it.category == of.category);
        for definition in own {
            let candidate = &definition.candidate;
            for day in self.stored.days(candidate).await.map_err(Error::Record)? {
                days.entry(day.0).or_default().push(candidate.clone());
            }
        }
        Ok(days.into_iter().rev().map(|(day, candidates)| (Date(day), candidates)).collect())
    }

    /// The pairs of a candidate's day that have a whole word of the judge, as far as they are wanted.
    async fn pairs(
        &self,
        of: &Of<'_>,
        (candidate, day): (&str, Date),
        wanted: &(dyn Fn(ExchangeId) -> bool + Sync),
    ) -> Result<Vec<Pair>, Error> {
        let shadows = self.stored.shadows(candidate, day).await.map_err(Error::Record)?;
        let (mut words, mut replies) = (HashMap::<_, Vec<StoredScore>>::new(), HashMap::new());
        let own = shadows.into_iter().filter(|row| row.arm == Side::Candidate);
        for row in own.filter(|row| row.cell.is_some() && wanted(row.exchange_id)) {
            words.entry(row.exchange_id).or_default().extend(row.scores.iter().cloned());
            replies.entry(row.exchange_id).or_insert(row);
        }
        if replies.is_empty() {
            return Ok(Vec::new());
        }
        let exchanges = self.stored.exchanges(of.category, day).await.map_err(Error::Record)?;
        let pair = |exchange: StoredExchange| {
            let reply = replies.remove(&exchange.exchange_id)?;
            let words = words.remove(&exchange.exchange_id).unwrap_or_default();
            self.pair(of, (exchange, reply), &words)
        };
        Ok(exchanges.into_iter().filter_map(pair).collect())
    }

    /// `None` where the judge has no whole word on it, or could not be asked again.
    fn pair(
        &self,
        of: &Of<'_>,
        (exchange, reply): (StoredExchange, StoredShadow),
        words: &[StoredScore],
    ) -> Option<Pair> {
        let models = &self.settings.models;
        let job = exchange.job(models, Vec::new())?;
        let asked = reply.asked(models, job.dialect);
        let (ours, theirs) = (&job.reply, &asked.outcome.as_ref().ok()?.reply);
        let put = |first, second| judge::prompt(&of.judge.rubric, &job.call, first, second).ok();
        let (one, other) = (put(ours, theirs)?, put(theirs, ours)?);
        // Of replies that are alike both orders are one question.
        let orders: &[Order] = match one.user == other.user {
            true => &[Order::ReferenceFirst],
            false => &[Order::ReferenceFirst, Order::CandidateFirst],
        };
        let then = said(words, &of.versions, orders)?;
        let question = chance::of(&["anchor", &self.settings.salt, &one.system, &one.user]);
        Some(Pair { exchange, reply, then, question })
    }

    async fn ask_again(
        &self,
        of: &Of<'_>,
        frozen: &[AssignmentRow],
        (stop, told): (&CancellationToken, &(dyn Fn() + Sync)),
    ) -> Result<AnchorRun, Error> {
        let run_at = self.shadower.asker.clock.now();
        let frozen_at = frozen.first().and_then(|row| row.decided_at).unwrap_or(run_at);
        let mut run = AnchorRun { frozen_at, run_at, asked: 0, withheld: 0 };
        let mut by_day: BTreeMap<(i32, &str), HashSet<ExchangeId>> = BTreeMap::new();
        for row in frozen {
            let candidate = row.candidate.as_deref().unwrap_or_default();
            by_day.entry((row.date.0, candidate)).or_default().insert(row.exchange_id);
        }
        for ((day, candidate), ids) in by_day {
            let wanted = |id| ids.contains(&id);
            let pairs = self.pairs(of, (candidate, Date(day)), &wanted).await?;
            for pairs in pairs.chunks(PAIRS_AT_ONCE_MAX) {
                if stop.is_cancelled() {
                    return Ok(run);
                }
                self.learn().await?;
                let decided = pairs.iter().map(|pair| (pair, self.withhold_again(of, pair)));
                let decided: Vec<(&Pair, Option<Withheld>)> = decided.collect();
                let assignments =
                    decided.iter().map(|(pair, why)| put_again(of, pair, (&run, *why))).collect();
                self.put(Added { assignments, ..Added::default() }).await?;
                let mut asked = Vec::new();
                for (pair, _) in decided.iter().filter(|(_, why)| why.is_none()) {
                    asked.push(Box::pin(self.judged(of, pair, run_at)));
                }
                let shadows: Vec<Option<ShadowRow>> = stream::iter(asked)
                    .buffered(PAIRS_AT_ONCE_MAX)
                    .inspect(|_| told())
                    .try_collect()
                    .await?;
                let shadows: Vec<ShadowRow> = shadows.into_iter().flatten().collect();
                run.asked += shadows.len() as u64;
                run.withheld += decided.iter().filter(|(_, why)| why.is_some()).count() as u64;
                self.put(Added { shadows, ..Added::default() }).await?;
            }
        }
        Ok(run)
    }

    /// Why the judge is not to be asked; else what it is expected to cost is taken from the budget.
    fn withhold_again(&self, of: &Of<'_>, pair: &Pair) -> Option<Withheld> {
        if let Some(why) = self.forbidden(of.work, of.judge.models()) {
            return Some(why);
        }
        let asker = &self.shadower.asker;
        let now = asker.clock.now();
        let tokens = |known: Option<u64>| known.unwrap_or_default();
        let output = tokens(pair.exchange.output_tokens).max(tokens(pair.reply.output_tokens));
        let tokens = (tokens(pair.exchange.input_tokens), output);
        let expenses = trial::judging(&self.settings, of.judge, now, tokens);
        (!asker.budget.take(now, &expenses)).then_some(Withheld::Budget)
    }

    /// What the judge says now, beside what it said then.
    async fn judged(
        &self,
        of: &Of<'_>,
        pair: &Pair,
        run_at: Timestamp,
    ) -> Result<Option<ShadowRow>, Error> {
        let models = &self.settings.models;
        let Some(job) = named_anew(pair, run_at).job(models, Vec::new()) else { return Ok(None) };
        let asker = &self.shadower.asker;
        let asked = pair.reply.asked(models, job.dialect);
        let Ok(answered) = &asked.outcome else { return Ok(None) };
        let candidate = pair.reply.candidate.as_deref().unwrap_or_default();
        let judge = Judge { asker, judge: of.judge, deadline: of.work.deadline };
        let word = Box::pin(judge.ask(&job, candidate, &answered.reply)).await?;
        let mut verdict = Verdict { reason: word.reason, ..Verdict::default() };
        if let Some(losses) = word.losses {
            verdict.loss = Some(losses.candidate);
            verdict.reference_loss = Some(losses.reference);
        }
        verdict.scores = pair.then.iter().cloned().chain(word.scores).collect();
        Ok(Some(self.anchor_row(&job, (candidate, asked), verdict)))
    }

    /// Nothing of the reply is kept a second time, and nothing of what it cost.
    fn anchor_row(
        &self,
        job: &Job,
        (candidate, asked): (&str, Asked),
        verdict: Verdict,
    ) -> ShadowRow {
        let asked = Asked {
            asked_at: job.exchange.observed_at,
            answered_at: self.shadower.asker.clock.now(),
            usage: None,
            cost: None,
            latency_us: None,
            ttft_us: None,
            response: None,
            ..asked
        };
        // It speaks for no cell.
        let arm = Arm::Closed { candidate: Some(candidate.to_owned()), cell: None };
        self.shadower.row(job, &arm, asked, verdict)
    }
}

/// A pair that is frozen: a row beside those of its call, by its own name.
fn frozen(of: &Of<'_>, pair: &Pair, frozen_at: Timestamp) -> AssignmentRow {
    let Pair { exchange, reply, .. } = pair;
    AssignmentRow {
        date: exchange.observed_at.date(),
        exchange_id: exchange.exchange_id,
        arm: Side::Candidate,
        candidate: reply.candidate.clone(),
        cell: None,
        conversation: format!("{}/{}{}", of.category, exchange.exchange_id, of.ending()),
        tenant: None,
        observed_at: exchange.observed_at,
        pi: 0.0,
        pi_floor: 0.0,
        sampled: false,
        ineligible_reason: None,
        withheld_reason: None,
        history_turns: 0,
        audit_prob: None,
        audited: None,
        journal_offset: 0,
        origin: Some(Origin::Anchor),
        decided_at: Some(frozen_at),
    }
}

/// The same pair when it is put to the judge again.
fn put_again(
    of: &Of<'_>,
    pair: &Pair,
    (run, withheld): (&AnchorRun, Option<Withheld>),
) -> AssignmentRow {
    let named = named_anew(pair, run.run_at);
    AssignmentRow {
        date: named.observed_at.date(),
        exchange_id: named.exchange_id,
        observed_at: named.observed_at,
        pi: if withheld.is_none() { 1.0 } else { 0.0 },
        pi_floor: 1.0,
        sampled: withheld.is_none(),
        withheld_reason: withheld.map(|why| why.name().to_owned()),
        ..frozen(of, pair, run.frozen_at)
    }
}

/// The exchange of a pair under a name of this run, so that no row of it is taken for one of the call.
fn named_anew(pair: &Pair, run_at: Timestamp) -> StoredExchange {
    let id = pair.exchange.exchange_id.to_string();
    let candidate = pair.reply.candidate.as_deref().unwrap_or_default();
    let chance = chance::of(&["anchor", &id, candidate, &run_at.to_string()]);
    StoredExchange {
        exchange_id: ExchangeId::new(run_at, chance),
        observed_at: run_at,
        journal_offset: 0,
        ..pair.exchange.clone()
    }
}

/// What every model of the judge said first in each order, of both replies; `None` where a word is
/// missing.
fn said(words: &[StoredScore], versions: &[String], orders: &[Order]) -> Option<Vec<ScoreRow>> {
    let mut said = Vec::new();
    for version in versions {
        for order in orders {
            for arm in [Side::Candidate, Side::Reference] {
                let word = words.iter().find(|word| {
                    (word.arm, word.scorer.as_str()) == (arm, SCORER)
                        && word.scorer_digest == *version
                        && word.trial.as_deref() == Some(order.name())
                        && word.value.is_some()
                })?;
                said.push(ScoreRow {
                    arm,
                    candidate: word.candidate.clone(),
                    scorer: SCORER.to_owned(),
                    scorer_digest: version.clone(),
                    trial: Some(format!("{} {FROZEN}", order.name())),
                    kind: Kind::Judge.name(),
                    value: word.value,
                    abstained: false,
                    reason: word.reason.clone(),
                    cost_usd: None,
                });
            }
        }
    }
    Some(said)
}
