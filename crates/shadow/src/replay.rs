//! Calls of our own: to a candidate, to the reference a second time, to a judge.
//!
//! A call waits while the live path's quota at the same provider is low; it is then late, not lost.
//! Whatever comes back, every attempt is in the ledger before anything is made of it.

use crate::{
    Error, Ledger, Origin, Purpose, Settings,
    budget::Budget,
    chance, metric,
    rows::call::CallRow,
    rows::millis,
    wording::{self, Wording},
};
use dialect::Dialect;
use exchange::{Clock, Exchange, ExchangeId, Headers, NanoUsd, Reply, Timestamp, Usage};
use score::Subject;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::watch;
use upstream::{Answer, Attempt, Failure, Fault};

/// Providers whose live path needs what is left of their quota.
pub type LowQuota = BTreeSet<String>;

/// Hears of every attempt at a call of ours, when the ledger has it. It must return at once.
pub type Hear = Arc<dyn Fn(&Paid<'_>) + Send + Sync>;

/// One attempt at a call of ours.
#[derive(Clone, Copy, Debug)]
pub struct Paid<'a> {
    /// What it was made for.
    pub exchange: &'a Exchange,
    /// The attempt, as the ledger has it.
    pub row: &'a CallRow,
    /// The reply of use, where this attempt brought it.
    pub reply: Option<&'a Reply>,
}

/// Whom to ask what, and why.
pub(crate) struct Ask<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) exchange: &'a Exchange,
    /// Tells calls of one purpose for one exchange apart.
    pub(crate) trial: &'a str,
    pub(crate) provider: &'a str,
    /// The model's name in the pipeline, by which it is priced.
    pub(crate) model: &'a str,
    /// What it is asked, or why it cannot be.
    pub(crate) wording: Result<Wording, String>,
    pub(crate) deadline: Duration,
}

/// What came of it.
pub(crate) struct Asked {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) asked_at: Timestamp,
    pub(crate) answered_at: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: Result<Answered, Failed>,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost: Option<NanoUsd>,
    pub(crate) latency_us: Option<u64>,
    pub(crate) ttft_us: Option<u64>,
    pub(crate) response: Option<String>,
    /// What it was not asked as the caller said it.
    pub(crate) translation: Option<String>,
}

impl Asked {
    /// Its `reply`, and what that took.
    pub(crate) fn subject<'a>(&self, reply: &'a Reply) -> Subject<'a> {
        Subject { reply, latency_us: self.latency_us, cost: self.cost }
    }
}

/// A reply of use.
pub(crate) struct Answered {
    pub(crate) reply: Reply,
}

/// No reply of use.
#[derive(Clone, Debug)]
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) error: String,
}

/// The means to ask.
pub(crate) struct Asker<L> {
    pub(crate) settings: Arc<Settings>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) ledger: Arc<L>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) low_quota: watch::Receiver<LowQuota>,
    /// What the calls are for, if not for calls as they pass.
    pub(crate) origin: Option<Origin>,
    pub(crate) hear: Hear,
}

impl<L: Ledger> Asker<L> {
    /// Asks, and returns when every attempt is in the ledger.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Asked, Error> {
        let wording = match &ask.wording {
            Ok(wording) => wording,
            Err(why) => return Ok(self.not_asked(&ask, why)),
        };
        let Some((dialect, client)) = self.settings.models.client(ask.provider) else {
            return Ok(self.not_asked(&ask, "there is no key for the provider"));
        };
        self.wait_for_quota(ask.provider).await;
        let asked_at = self.clock.now();
        let seed = chance::of(&[ask.purpose.name(), &ask.exchange.id.to_string(), ask.trial]);
        let sent =
            client.call(&wording.path, wording.body.clone(), ask.deadline, seed as u64).await;
        let (mut asked, attempts) = match sent {
            Ok(answer) => self.answered(&ask, (dialect, wording), asked_at, answer),
            Err(failure) => self.refused(&ask, dialect, failure),
        };
        (asked.asked_at, asked.answered_at) = (asked_at, self.clock.now());
        let rows = rows(&ask, &asked, (attempts, self.origin));
        self.budget.spend(&rows);
        self.ledger.append(&rows).await.map_err(Error::Ledger)?;
        for row in &rows {
            let answered = asked.outcome.as_ref().ok().filter(|_| row.error.is_none());
            let reply = answered.map(|answered| &answered.reply);
            (self.hear)(&Paid { exchange: ask.exchange, row, reply });
        }
        metric::called(ask.purpose.name(), outcome_name(&asked.outcome));
        Ok(asked)
    }

    /// Notes that an answer was known already: a row of the ledger that cost nothing, attempt 0.
    pub(crate) async fn remembered(&self, ask: &Ask<'_>) -> Result<(), Error> {
        let known = Attempt {
            number: 0,
            started_at: self.clock.now(),
            status: None,
            error: None,
            latency_us: 0,
            ttft_us: None,
        };
        let asked = Asked { cost: Some(NanoUsd::ZERO), ..self.not_asked(ask, "") };
        self.ledger
            .append(&rows(ask, &asked, (vec![known], self.origin)))
            .await
            .map_err(Error::Ledger)
    }

    /// What stands for a call that was never made.
    pub(crate) fn not_asked(&self, ask: &Ask<'_>, why: &str) -> Asked {
        let now = self.clock.now();
        Asked {
            provider: ask.provider.to_owned(),
            model: ask.model.to_owned(),
            asked_at: now,
            answered_at: now,
            status: None,
            outcome: Err(Failed { fault: Fault::Ours, error: why.to_owned() }),
            usage: None,
            cost: None,
            latency_us: None,
            ttft_us: None,
            response: None,
            translation: ask.wording.as_ref().ok().and_then(|it| wording::told(&it.losses)),
        }
    }

    async fn wait_for_quota(&self, provider: &str) {
        let mut low_quota = self.low_quota.clone();
        // Nobody watches the live path any more: then there is nothing to stand back for.
        let _ = low_quota.wait_for(|low| !low.contains(provider)).await;
    }

    /// No reply of use, unless what came is the word of a content policy.
    fn refused(&self, ask: &Ask<'_>, dialect: Dialect, failure: Failure) -> (Asked, Vec<Attempt>) {
        let Failure { fault, status, error, body, attempts } = failure;
        let reply =
            dialect.read_reply(status.unwrap_or_default(), &Headers::default(), body.as_bytes());
        let mut asked = self.not_asked(ask, "");
        asked.status = status;
        asked.outcome = Err(Failed { fault, error });
        if reply.block().is_some() {
            asked.outcome = Ok(Answered { reply });
            asked.cost = Some(NanoUsd::ZERO);
            asked.latency_us = attempts.last().map(|attempt| attempt.latency_us);
            asked.response = Some(body);
        }
        (asked, attempts)
    }

    fn answered(
        &self,
        ask: &Ask<'_>,
        (dialect, wording): (Dialect, &Wording),
        asked_at: Timestamp,
        answer: Answer,
    ) -> (Asked, Vec<Attempt>) {
        let reply = dialect.read_reply(answer.status, &answer.headers, &answer.body);
        let usage = reply.usage.unwrap_or_else(|| {
            let call = dialect.read_call("POST", &wording.path, &Headers::default(), &wording.body);
            dialect.usage_or_estimate(&call, &reply)
        });
        let prices = &self.settings.prices;
        let asked = Asked {
            status: Some(answer.status),
            outcome: outcome(reply),
            usage: Some(usage),
            cost: prices.cost(ask.model, asked_at, &usage, answer.latency_us),
            latency_us: Some(answer.latency_us),
            ttft_us: answer.ttft_us,
            response: crate::observe::text(&answer.body),
            ..self.not_asked(ask, "")
        };
        (asked, answer.attempts)
    }
}

/// The outcome's name in metrics.
fn outcome_name(outcome: &Result<Answered, Failed>) -> &'static str {
    match outcome {
        Ok(answered) if answered.reply.block().is_some() => "blocked",
        Ok(_) => "answered",
        Err(failed) => failed.fault.name(),
    }
}

/// A reply that says nothing is the model's failure, like one that cannot be read. What a content policy
/// stopped is neither: it is an outcome of its own, whichever way the provider says it.
pub(crate) fn outcome(reply: Reply) -> Result<Answered, Failed> {
    if reply.block().is_some() {
        return Ok(Answered { reply });
    }
    let candidate = |error: String| Err(Failed { fault: Fault::Candidate, error });
    if let Some(error) = reply.error {
        return candidate(format!("the reply is an error: {error}"));
    }
    if !reply.complete {
        return candidate("the reply cannot be read to its end".to_owned());
    }
    if reply.text.is_none() && reply.tool_calls.is_empty() {
        return candidate("the reply says nothing".to_owned());
    }
    Ok(Answered { reply })
}

/// A row for each attempt. What an answer cost is its own attempt's; a refused call is not billed;
/// of one that was cut off nobody knows.
fn rows(
    ask: &Ask<'_>,
    asked: &Asked,
    (attempts, origin): (Vec<Attempt>, Option<Origin>),
) -> Vec<CallRow> {
    let row = |attempt: Attempt| {
        let answering = attempt.error.is_none();
        let usage = asked.usage.filter(|_| answering);
        let refused = attempt.status.is_some_and(|status| status >= 300);
        let unread = asked.outcome.as_ref().err().filter(|_| answering);
        let number = attempt.number.to_string();
        let parts = [ask.purpose.name(), &ask.exchange.id.to_string(), ask.trial, &number];
        CallRow {
            date: attempt.started_at.date(),
            call_id: ExchangeId::new(attempt.started_at, chance::of(&parts)),
            exchange_id: Some(ask.exchange.id),
            purpose: ask.purpose,
            model: ask.model.to_owned(),
            provider: ask.provider.to_owned(),
            attempt: attempt.number,
            started_at: attempt.started_at,
            status: attempt.status,
            error: attempt.error.or_else(|| unread.map(|failed| failed.error.clone())),
            input_tokens: usage.map(|usage| usage.input_tokens),
            cached_tokens: usage.map(|usage| usage.cached_tokens),
            cache_write_tokens: usage.map(|usage| usage.cache_write_tokens),
            cache_write_1h_tokens: usage.map(|usage| usage.cache_write_1h_tokens),
            output_tokens: usage.map(|usage| usage.output_tokens),
            reasoning_tokens: usage.map(|usage| usage.reasoning_tokens),
            usage_source: usage.map(|usage| usage.source.name().to_owned()),
            service_tier: usage.map(|usage| usage.tier.name().to_owned()),
            cost_usd: if answering { asked.cost } else { refused.then_some(NanoUsd::ZERO) },
            latency_ms: Some(millis(attempt.latency_us)),
            ttft_ms: attempt.ttft_us.map(millis),
            journal_offset: None,
            origin,
        }
    };
    attempts.into_iter().map(row).collect()
}
