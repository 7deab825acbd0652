//! The judge: shown both replies without their names, once in each order, because judges favour
//! what they read first.
//!
//! A word that cannot be read is asked for once more; then the judge has abstained, and there is no
//! verdict. What a judge says is never completed or guessed. What it was asked before in the very same
//! words, it is not asked again ([`JudgeMemory`]): the ledger has a row for that, which cost nothing.

mod memory;

pub use memory::{JudgeMemory, WORDS_MAX};

use crate::{
    Error, JudgeForm, JudgeWork, Ledger, Purpose,
    observe::Job,
    replay::{Ask, Asker},
    rows::score::ScoreRow,
    wording::Wording,
};
use exchange::{Arm, NanoUsd, Reply};
use futures::future;
use score::{
    Kind,
    judge::{self, JudgePrompt, JudgeWord, Preferred},
};
use std::time::Duration;

/// Times that a judge is asked about one order.
pub(crate) const JUDGE_TRIES_MAX: u32 = 2;

/// The name under which a judge's scores stand.
pub(crate) const SCORER: &str = "judge";
/// The name under which it stands which reply it likes better: one for the candidate, zero for the
/// reference, a half for neither.
const PREFERENCE: &str = "judge_preference";

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
pub(crate) enum Order {
    ReferenceFirst,
    CandidateFirst,
}

/// Two replies to one call, put to one judge for the how-manieth time.
struct Pair<'a> {
    job: &'a Job,
    candidate: &'a str,
    reply: &'a Reply,
    model: &'a str,
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
    /// Judges a candidate's reply beside the reference's: the mean over models, repeats and orders.
    /// One word that is missing is enough to abstain: which words are missing must not choose the
    /// loss.
    pub(crate) async fn ask(
        &self,
        job: &Job,
        candidate: &str,
        reply: &Reply,
    ) -> Result<Judged, Error> {
        let repeats = 1..=self.judge.repeats.max(1);
        let asked = self.judge.models().flat_map(|model| repeats.clone().map(move |n| (model, n)));
        let pairs = asked.map(|(model, repeat)| {
            Box::pin(self.pair(Pair { job, candidate, reply, model, repeat }))
        });
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
    async fn pair(&self, pair: Pair<'_>) -> Result<Judged, Error> {
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
        let prompt = match judge::prompt(&self.judge.rubric, &pair.job.call, first, second) {
            Ok(prompt) => prompt,
            Err(unjudgeable) => return Ok(Word { said: Err(unjudgeable.to_string()), cost: None }),
        };
        let key = memory::key(pair.model, &prompt, pair.repeat);
        if let Some(said) = self.judge.memory.recall(key) {
            let trial = format!("{} {} remembered", pair.candidate, pair.trial(order));
            self.asker.remembered(&self.ask_of(pair, &trial, &prompt)).await?;
            return Ok(Word { said: Ok(said), cost: Some(NanoUsd::ZERO) });
        }
        let word = self.asked(pair, order, &prompt).await?;
        if let Ok(said) = &word.said {
            self.judge.memory.keep(key, said);
        }
        Ok(word)
    }

    /// A word that cannot be read is asked for once more.
    async fn asked(
        &self,
        pair: &Pair<'_>,
        order: Order,
        prompt: &JudgePrompt,
    ) -> Result<Word, Error> {
        let mut word = Word { said: Err(String::new()), cost: None };
        for number in 1..=JUDGE_TRIES_MAX {
            let trial = format!("{} {} {number}", pair.candidate, pair.trial(order));
            let asked = self.asker.ask(self.ask_of(pair, &trial, prompt)).await?;
            if let Some(cost) = asked.cost {
                word.cost = Some(word.cost.unwrap_or_default() + cost);
            }
            word.said = match asked.outcome {
                // Its retries have been made already; a judge that cannot be reached has no word.
                Err(failed) => return Ok(Word { said: Err(failed.error), ..word }),
                Ok(answered) if answered.reply.block().is_some() => {
                    let why = "a content policy stopped it".to_owned();
                    return Ok(Word { said: Err(why), ..word });
                }
                Ok(answered) => judge::parse(answered.reply.text.as_deref().unwrap_or_default())
                    .map_err(|unparseable| unparseable.to_string()),
            };
            if word.said.is_ok() {
                break;
            }
        }
        Ok(word)
    }

    fn ask_of<'a>(&'a self, pair: &Pair<'a>, trial: &'a str, prompt: &JudgePrompt) -> Ask<'a> {
        let settings = &self.asker.settings;
        let model = settings.models.models.get(pair.model);
        let provider = model.map_or("", |model| model.provider.as_str());
        let wire_name = model.map_or("", |model| model.wire_name.as_str());
        let known = settings.models.providers.get(provider);
        let dialect = known.map_or(pair.job.dialect, |provider| provider.dialect);
        let by_schema = match self.judge.form {
            JudgeForm::AsKnown => dialect.takes_schema(wire_name),
            JudgeForm::Schema => true,
            JudgeForm::Words => false,
        };
        let schema = by_schema.then_some(&prompt.schema);
        Ask {
            purpose: Purpose::Judge,
            exchange: &pair.job.exchange,
            trial,
            provider,
            model: pair.model,
            wording: Ok(Wording {
                path: dialect.path(wire_name),
                body: dialect.judge_body(wire_name, &prompt.system, &prompt.user, schema),
                losses: Vec::new(),
            }),
            deadline: self.deadline,
        }
    }

    /// A score for each side, and which one is liked better. What the order cost stands with the
    /// candidate's.
    fn scores(&self, pair: &Pair<'_>, order: Order, word: &Word) -> Vec<ScoreRow> {
        let row = |arm: Arm, value: Option<f64>, cost_usd| ScoreRow {
            arm,
            candidate: (arm == Arm::Candidate).then(|| pair.candidate.to_owned()),
            scorer: SCORER.to_owned(),
            scorer_digest: judge::digest(pair.model, &self.judge.rubric),
            trial: Some(pair.trial(order)),
            kind: Kind::Judge.name(),
            value,
            abstained: value.is_none(),
            reason: Some(word.said.as_ref().map_or_else(Clone::clone, |said| said.reason.clone())),
            cost_usd,
        };
        let said = word.said.as_ref().ok();
        let first = said.map(|said| f64::from(said.first_acceptable));
        let second = said.map(|said| f64::from(said.second_acceptable));
        let (reference, candidate) = match order {
            Order::ReferenceFirst => (first, second),
            Order::CandidateFirst => (second, first),
        };
        let preferred = said.map(|said| order.for_candidate(said.preferred));
        let preference = ScoreRow {
            scorer: PREFERENCE.to_owned(),
            reason: None,
            ..row(Arm::Candidate, preferred, None)
        };
        vec![
            row(Arm::Candidate, candidate, word.cost),
            row(Arm::Reference, reference, None),
            preference,
        ]
    }
}

impl Order {
    /// One where the candidate's reply is liked better, zero where the reference's is.
    fn for_candidate(self, preferred: Preferred) -> f64 {
        match (self, preferred) {
            (_, Preferred::Tie) => 0.5,
            (Self::ReferenceFirst, Preferred::Second)
            | (Self::CandidateFirst, Preferred::First) => 1.0,
            (Self::ReferenceFirst, Preferred::First)
            | (Self::CandidateFirst, Preferred::Second) => 0.0,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ReferenceFirst => "reference_first",
            Self::CandidateFirst => "candidate_first",
        }
    }
}
