//! The judge: shown both replies without their names, once in each order, because judges favour
//! what they read first.
//!
//! A word that cannot be read is asked for once more; then the judge has abstained, and there is no
//! verdict. What a judge says is never completed or guessed.

use crate::{
    Error, JudgeWork, Ledger, Purpose,
    observe::Job,
    replay::{Ask, Asked, Asker},
    rows::score::ScoreRow,
};
use exchange::{Arm, NanoUsd, Reply};
use futures::future;
use score::{
    Kind,
    judge::{self, JudgePrompt, JudgeWord},
};
use std::time::Duration;

/// Times that a judge is asked about one order.
pub(crate) const JUDGE_TRIES_MAX: u32 = 2;

/// The name under which a judge's scores stand.
const SCORER: &str = "judge";

pub(crate) struct Judge<'a, L> {
    pub(crate) asker: &'a Asker<L>,
    pub(crate) judge: &'a JudgeWork,
    pub(crate) deadline: Duration,
}

/// What a judge made of a pair of replies.
pub(crate) struct Judged {
    /// `None` where it abstained.
    pub(crate) losses: Option<Losses>,
    pub(crate) scores: Vec<ScoreRow>,
    pub(crate) reason: String,
}

/// The mean over both orders.
pub(crate) struct Losses {
    pub(crate) candidate: f64,
    pub(crate) reference: f64,
}

/// Which reply is read first.
#[derive(Clone, Copy)]
enum Order {
    ReferenceFirst,
    CandidateFirst,
}

/// Two replies to one call, for the how-manieth time.
struct Pair<'a> {
    job: &'a Job,
    candidate: &'a str,
    reply: &'a Reply,
    repeat: u32,
}

impl Pair<'_> {
    /// The trial's name in tables: its order, and its repeat where there are several.
    fn trial(&self, order: Order) -> String {
        match self.repeat {
            1 => order.name().to_owned(),
            repeat => format!("{} {repeat}", order.name()),
        }
    }
}

/// One order's outcome: the word, or why there is none; and what it cost.
struct Word {
    said: Result<JudgeWord, String>,
    cost: Option<NanoUsd>,
}

impl<L: Ledger> Judge<'_, L> {
    /// Judges a candidate's reply beside the reference's. One word that is missing is enough to
    /// abstain: which words are missing must not choose the loss.
    pub(crate) async fn ask(
        &self,
        job: &Job,
        candidate: &str,
        reply: &Reply,
    ) -> Result<Judged, Error> {
        let repeats = 1..=self.judge.repeats.max(1);
        let pairs = repeats.map(|repeat| Box::pin(self.pair(job, candidate, reply, repeat)));
        let pairs = future::try_join_all(pairs).await?;
        let mut judged = Judged { losses: None, scores: Vec::new(), reason: String::new() };
        let (mut losses, mut abstained) = (Vec::new(), None);
        for pair in pairs {
            judged.scores.extend(pair.scores);
            match pair.losses {
                Some(pair) => losses.push(pair),
                None => abstained = Some(pair.reason.clone()),
            }
            judged.reason = pair.reason;
        }
        if let Some(reason) = abstained {
            return Ok(Judged { reason, ..judged });
        }
        let mean =
            |of: fn(&Losses) -> f64| losses.iter().map(of).sum::<f64>() / losses.len() as f64;
        judged.losses = Some(Losses {
            candidate: mean(|losses| losses.candidate),
            reference: mean(|losses| losses.reference),
        });
        Ok(judged)
    }

    /// Both orders.
    async fn pair(
        &self,
        job: &Job,
        candidate: &str,
        reply: &Reply,
        repeat: u32,
    ) -> Result<Judged, Error> {
        let pair = Pair { job, candidate, reply, repeat };
        let (reference_first, candidate_first) = futures::try_join!(
            Box::pin(self.order(&pair, Order::ReferenceFirst)),
            Box::pin(self.order(&pair, Order::CandidateFirst)),
        )?;
        let mut scores = self.scores(&pair, Order::ReferenceFirst, &reference_first);
        scores.extend(self.scores(&pair, Order::CandidateFirst, &candidate_first));
        let (losses, reason) = match (reference_first.said, candidate_first.said) {
            (Ok(one), Ok(other)) => {
                let reason = format!("{} / {}", one.reason, other.reason);
                let losses = judge::combine(&one, &other);
                (Some(Losses { reference: losses.0, candidate: losses.1 }), reason)
            }
            (Err(why), _) | (_, Err(why)) => (None, format!("the judge abstained: {why}")),
        };
        Ok(Judged { losses, scores, reason })
    }

    async fn order(&self, pair: &Pair<'_>, order: Order) -> Result<Word, Error> {
        let (first, second) = match order {
            Order::ReferenceFirst => (&pair.job.reply, pair.reply),
            Order::CandidateFirst => (pair.reply, &pair.job.reply),
        };
        let mut word = Word { said: Err(String::new()), cost: None };
        let prompt = match judge::prompt(&self.judge.rubric, &pair.job.call, first, second) {
            Ok(prompt) => prompt,
            Err(unjudgeable) => return Ok(Word { said: Err(unjudgeable.to_string()), ..word }),
        };
        for number in 1..=JUDGE_TRIES_MAX {
            let trial = format!("{} {} {number}", pair.candidate, pair.trial(order));
            let asked = self.once(pair.job, &trial, &prompt).await?;
            if let Some(cost) = asked.cost {
                word.cost = Some(word.cost.unwrap_or_default() + cost);
            }
            word.said = match asked.outcome {
                // Its retries have been made already; a judge that cannot be reached has no word.
                Err(failed) => return Ok(Word { said: Err(failed.error), ..word }),
                Ok(answered) => judge::parse(answered.reply.text.as_deref().unwrap_or_default())
                    .map_err(|unparseable| unparseable.to_string()),
            };
            if word.said.is_ok() {
                break;
            }
        }
        Ok(word)
    }

    async fn once(&self, job: &Job, trial: &str, prompt: &JudgePrompt) -> Result<Asked, Error> {
        let settings = &self.asker.settings;
        let model = settings.models.models.get(&self.judge.model);
        let provider = model.map_or("", |model| model.provider.as_str());
        let wire_name = model.map_or("", |model| model.wire_name.as_str());
        let dialect = settings.models.providers.get(provider).map_or(job.dialect, |p| p.dialect);
        let ask = Ask {
            purpose: Purpose::Judge,
            exchange: &job.exchange,
            trial,
            provider,
            model: &self.judge.model,
            path: dialect.path(),
            body: dialect.judge_body(wire_name, &prompt.system, &prompt.user, &prompt.schema),
            deadline: self.deadline,
        };
        self.asker.ask(ask).await
    }

    /// A score for each side. What the order cost stands with the candidate's.
    fn scores(&self, pair: &Pair<'_>, order: Order, word: &Word) -> Vec<ScoreRow> {
        let row = |arm: Arm, acceptable: Option<bool>, cost_usd| ScoreRow {
            arm,
            candidate: (arm == Arm::Candidate).then(|| pair.candidate.to_owned()),
            scorer: SCORER.to_owned(),
            scorer_digest: judge::digest(&self.judge.model, &self.judge.rubric),
            trial: Some(pair.trial(order)),
            kind: Kind::Judge.name(),
            value: acceptable.map(|acceptable| if acceptable { 1.0 } else { 0.0 }),
            abstained: acceptable.is_none(),
            reason: Some(word.said.as_ref().map_or_else(Clone::clone, |said| said.reason.clone())),
            cost_usd,
        };
        let said = word.said.as_ref().ok();
        let first = said.map(|said| said.first_acceptable);
        let second = said.map(|said| said.second_acceptable);
        let (reference, judged) = match order {
            Order::ReferenceFirst => (first, second),
            Order::CandidateFirst => (second, first),
        };
        vec![row(Arm::Candidate, judged, word.cost), row(Arm::Reference, reference, None)]
    }
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::ReferenceFirst => "reference_first",
            Self::CandidateFirst => "candidate_first",
        }
    }
}
