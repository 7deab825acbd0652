//! Rows of the tables, read back into what they were made of.

use crate::{
    Models, Origin,
    observe::{Arm, Job},
    replay::{Asked, Failed, outcome},
};
use bytes::Bytes;
use dialect::Dialect;
use exchange::{
    Body, Call, Capture, Conversation, ConversationSource, Declared, Exchange, ExchangeId, Headers,
    NanoUsd, Origin as Proxy, RawCall, RawReply, Reply, Route, Served, ServiceTier, Timestamp,
    Usage, UsageSource,
};
use serde::Deserialize;
use upstream::Fault;

/// An exchange, as far as the table `exchanges` keeps it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredExchange {
    /// Its name.
    pub exchange_id: ExchangeId,
    /// When the proxy received the call.
    pub observed_at: Timestamp,
    /// Key of the calls that belong together.
    pub conversation: String,
    /// Who called.
    pub tenant: Option<String>,
    /// The kind of call.
    pub category: String,
    /// The provider's wire format.
    pub dialect: String,
    /// The model that was asked for.
    pub model: Option<String>,
    /// The candidate that answered, where one did.
    pub served_by: Option<String>,
    /// HTTP status of the reply.
    pub status: Option<u16>,
    /// Complete, truncated or aborted.
    pub capture: String,
    /// Whether content was altered before the journal.
    pub redacted: bool,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the reply.
    pub output_tokens: Option<u64>,
    /// What the reply cost.
    pub cost_usd: Option<NanoUsd>,
    /// Until the end of the reply, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The journal record that it came from.
    pub journal_offset: u64,
    /// The call's body.
    pub request: Option<String>,
    /// The reply's body.
    pub response: Option<String>,
}

/// A shadow reply, as far as the table `shadows` keeps it; verdicts are made anew.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredShadow {
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Control or candidate.
    pub arm: exchange::Arm,
    /// The model on trial; none for a control.
    pub candidate: Option<String>,
    /// The cell that it speaks for; none for a control.
    pub cell: Option<String>,
    /// When the arm was asked.
    pub asked_at: Timestamp,
    /// When its reply was complete.
    pub answered_at: Option<Timestamp>,
    /// HTTP status of the reply.
    pub status: Option<u16>,
    /// Whose fault a failure is.
    pub fault: Option<String>,
    /// What failed.
    pub error: Option<String>,
    /// The provider that was asked.
    pub provider: Option<String>,
    /// The model that was asked.
    pub model: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens written to the provider's cache.
    pub cache_write_tokens: Option<u64>,
    /// Those of them that are kept for an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Tokens of the reply.
    pub output_tokens: Option<u64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Who counted.
    pub usage_source: Option<String>,
    /// At which tariff it was served.
    pub service_tier: Option<String>,
    /// What the reply cost.
    pub cost_usd: Option<NanoUsd>,
    /// Until the end of the reply, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Until the reply's first byte, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// The loss that it was given, by the scorers of its cell.
    pub loss: Option<f64>,
    /// The reply's body.
    pub response: Option<String>,
    /// What the model was not asked as the caller said it.
    pub translation: Option<String>,
    /// What scorers said.
    #[serde(default)]
    pub scores: Vec<StoredScore>,
    /// What it was made for, if not for the call as it passed.
    pub origin: Option<Origin>,
}

/// One scorer's word, as the table keeps it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StoredScore {
    /// Whose reply was scored.
    pub arm: exchange::Arm,
    /// The model on trial; none for another arm's reply.
    pub candidate: Option<String>,
    /// The scorer's name.
    pub scorer: String,
    /// Digest of its definition.
    pub scorer_digest: String,
    /// Which order or repeat.
    pub trial: Option<String>,
    /// Schema, rule or judge.
    pub kind: String,
    /// The score; none where it abstained.
    pub value: Option<f64>,
    /// Why it said so.
    pub reason: Option<String>,
}

impl StoredExchange {
    /// The exchange to work on; `None` where its format is unknown or its bodies were not kept.
    pub(crate) fn job(&self, models: &Models, arms: Vec<Arm>) -> Option<Job> {
        let dialect: Dialect = self.dialect.parse().ok()?;
        let (request, response) = (self.request.as_ref()?, self.response.as_ref()?);
        let body = Bytes::copy_from_slice(request.as_bytes());
        let headers = Headers::default();
        let mut call = dialect.read_body(&body);
        // Where the path names the model, a body alone does not.
        call.model = call.model.or_else(|| self.model.clone());
        let status = self.status.unwrap_or_default();
        let reply = dialect.read_reply(status, &headers, response.as_bytes());
        let exchange = Box::new(self.exchange(models, dialect, &call, body.clone()));
        let category = self.category.clone();
        Some(Job {
            offset: self.journal_offset,
            exchange,
            dialect,
            category,
            call,
            reply,
            cost: self.cost_usd,
            body,
            arms,
        })
    }

    /// What the table does not keep (header fields, the path) is what a shadow call has anyway.
    fn exchange(&self, models: &Models, dialect: Dialect, call: &Call, body: Bytes) -> Exchange {
        let provider = self.model.as_ref().and_then(|model| models.models.get(model));
        let response = self.response.clone().unwrap_or_default();
        Exchange {
            id: self.exchange_id,
            observed_at: self.observed_at,
            origin: Proxy { proxy_instance: String::new(), offer_seq: 0 },
            provider: provider.map(|model| model.provider.clone()).unwrap_or_default(),
            declared: Declared { tenant: self.tenant.clone(), ..Declared::default() },
            conversation: Conversation {
                key: self.conversation.clone(),
                source: ConversationSource::Exchange,
            },
            call: RawCall {
                method: "POST".to_owned(),
                path: dialect.replay_path(call, call.model.as_deref().unwrap_or_default()),
                headers: Headers::default(),
                body: Body::Inline(body),
            },
            reply: RawReply {
                status: self.status.unwrap_or_default(),
                headers: Headers::default(),
                body: Body::Inline(Bytes::from(response)),
            },
            capture: match self.capture.as_str() {
                "complete" => Capture::Complete,
                "aborted" => Capture::Aborted,
                _ => Capture::Truncated,
            },
            served: Served {
                route: Route::Reference,
                category: None,
                candidate: self.served_by.clone(),
                policy_version: 0,
            },
            unused: None,
            latency_us: micros(self.latency_ms).unwrap_or_default(),
            ttft_us: None,
            redacted: self.redacted,
        }
    }
}

impl StoredShadow {
    /// What came of asking, as it was when it was asked.
    pub(crate) fn asked(&self, models: &Models, otherwise: Dialect) -> Asked {
        let provider = self.provider.as_ref().and_then(|name| models.providers.get(name));
        let dialect = provider.map_or(otherwise, |provider| provider.dialect);
        Asked {
            provider: self.provider.clone().unwrap_or_default(),
            model: self.model.clone().unwrap_or_default(),
            asked_at: self.asked_at,
            answered_at: self.answered_at.unwrap_or(self.asked_at),
            status: self.status,
            outcome: self.reply(dialect).and_then(outcome),
            usage: self.usage(),
            cost: self.cost_usd,
            latency_us: micros(self.latency_ms),
            ttft_us: micros(self.ttft_ms),
            response: self.response.clone(),
            translation: self.translation.clone(),
        }
    }

    fn reply(&self, dialect: Dialect) -> Result<Reply, Failed> {
        let failed = |fault| {
            let error = self.error.clone().unwrap_or_default();
            Err(Failed { fault, error })
        };
        match self.fault.as_deref() {
            Some("candidate") => failed(Fault::Candidate),
            Some("provider") => failed(Fault::Provider),
            Some(_) => failed(Fault::Ours),
            None => match &self.response {
                Some(text) => {
                    let status = self.status.unwrap_or_default();
                    Ok(dialect.read_reply(status, &Headers::default(), text.as_bytes()))
                }
                None => Err(Failed {
                    fault: Fault::Ours,
                    error: "the text of the reply was not kept".to_owned(),
                }),
            },
        }
    }

    fn usage(&self) -> Option<Usage> {
        Some(Usage {
            input_tokens: self.input_tokens?,
            cached_tokens: self.cached_tokens.unwrap_or_default(),
            cache_write_tokens: self.cache_write_tokens.unwrap_or_default(),
            cache_write_1h_tokens: self.cache_write_1h_tokens.unwrap_or_default(),
            output_tokens: self.output_tokens?,
            reasoning_tokens: self.reasoning_tokens.unwrap_or_default(),
            tier: ServiceTier::named(self.service_tier.as_deref()),
            source: match self.usage_source.as_deref() {
                Some("reported") => UsageSource::Reported,
                Some(_) | None => UsageSource::Estimated,
            },
        })
    }
}

fn micros(millis: Option<f64>) -> Option<u64> {
    millis.map(|millis| (millis * 1_000.0).round() as u64)
}
