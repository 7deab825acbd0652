use crate::rows::millis;
use exchange::{Date, Exchange, ExchangeId, NanoUsd, Reply, Timestamp, Usage};
use serde::Serialize;

/// One mirrored live call: a row of `exchanges`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExchangeRow {
    /// UTC day of `observed_at`.
    pub date: Date,
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// When the proxy received the call.
    pub observed_at: Timestamp,
    /// The proxy process that saw it.
    pub proxy_instance: String,
    /// That process's count of accepted offers.
    pub offer_seq: u64,
    /// Who called, where that was declared.
    pub tenant: Option<String>,
    /// Key of the calls that belong together.
    pub conversation: String,
    /// What the key was taken from.
    pub conversation_source: &'static str,
    /// Interactive or batch, where that was declared.
    pub priority: Option<String>,
    /// The kind of call.
    pub category: String,
    /// What the category was taken from.
    pub category_source: &'static str,
    /// Fingerprint of the code that sent the call.
    pub call_site: Option<String>,
    /// The provider's wire format.
    pub dialect: &'static str,
    /// What was called, in the dialect's words.
    pub endpoint: String,
    /// The model that the caller asked for.
    pub model: Option<String>,
    /// The candidate that answered, where one did.
    pub served_by: Option<String>,
    /// How the call was served.
    pub route: &'static str,
    /// The policy that planned it.
    pub policy_version: u64,
    /// Whether a stream was asked for; null where the call was not understood.
    pub stream: Option<bool>,
    /// HTTP status of the reply; null where none came.
    pub status: Option<u16>,
    /// Why the reply ended.
    pub finish_reason: Option<&'static str>,
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens written to the provider's cache.
    pub cache_write_tokens: Option<u64>,
    /// Those of them that are kept for an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: Option<u64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Who counted.
    pub usage_source: Option<&'static str>,
    /// At which tariff it was served.
    pub service_tier: Option<&'static str>,
    /// What the call cost; null where no price is known.
    pub cost_usd: Option<NanoUsd>,
    /// A candidate that was asked as well, and whose reply the caller did not get.
    pub unused_candidate: Option<String>,
    /// Why not: `failed`, `blocked` or `abandoned`.
    pub unused_why: Option<&'static str>,
    /// HTTP status of that reply; null where none came.
    pub unused_status: Option<u16>,
    /// Tokens of its prompt; null where nobody knows.
    pub unused_input_tokens: Option<u64>,
    /// Tokens of that reply.
    pub unused_output_tokens: Option<u64>,
    /// Who counted them.
    pub unused_usage_source: Option<&'static str>,
    /// What that reply cost; null where nobody knows.
    pub unused_cost_usd: Option<NanoUsd>,
    /// Until the end of the reply, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Until the reply's first byte, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// Whether the copy is complete, truncated or aborted.
    pub capture: &'static str,
    /// Whether content was altered before the journal.
    pub redacted: bool,
    /// The journal record that the row came from.
    pub journal_offset: u64,
    /// The call's body, decoded; null where it is not text.
    pub request: Option<String>,
    /// The reply's body, decoded; null where it is not text.
    pub response: Option<String>,
}

/// What was read in an exchange, beside the exchange itself.
pub(crate) struct Reading<'a> {
    pub(crate) category: &'a policy::Category,
    pub(crate) dialect: &'static str,
    pub(crate) call: &'a exchange::Call,
    pub(crate) reply: &'a Reply,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost: Option<NanoUsd>,
    /// What the unused reply cost.
    pub(crate) unused_cost: Option<NanoUsd>,
    pub(crate) request: Option<String>,
    pub(crate) response: Option<String>,
}

impl ExchangeRow {
    pub(crate) fn new(offset: u64, exchange: &Exchange, read: Reading<'_>) -> Self {
        let understood = read.call.endpoint != dialect::OPAQUE;
        let usage = read.usage;
        let unused = exchange.unused.as_deref();
        let unused_usage = unused.and_then(|unused| unused.usage);
        Self {
            date: exchange.observed_at.date(),
            exchange_id: exchange.id,
            observed_at: exchange.observed_at,
            proxy_instance: exchange.origin.proxy_instance.clone(),
            offer_seq: exchange.origin.offer_seq,
            tenant: exchange.declared.tenant.clone(),
            conversation: exchange.conversation.key.clone(),
            conversation_source: exchange.conversation.source.name(),
            priority: exchange.declared.priority.clone(),
            category: read.category.name.clone(),
            category_source: read.category.source.name(),
            call_site: understood.then(|| policy::call_site(read.dialect, read.call)),
            dialect: read.dialect,
            endpoint: read.call.endpoint.clone(),
            model: read.call.model.clone(),
            served_by: exchange.served.candidate.clone(),
            route: exchange.served.route.name(),
            policy_version: exchange.served.policy_version,
            stream: understood.then_some(read.call.stream),
            status: (exchange.reply.status != 0).then_some(exchange.reply.status),
            finish_reason: read.reply.finish_reason.map(exchange::FinishReason::name),
            input_tokens: usage.map(|usage| usage.input_tokens),
            cached_tokens: usage.map(|usage| usage.cached_tokens),
            cache_write_tokens: usage.map(|usage| usage.cache_write_tokens),
            cache_write_1h_tokens: usage.map(|usage| usage.cache_write_1h_tokens),
            output_tokens: usage.map(|usage| usage.output_tokens),
            reasoning_tokens: usage.map(|usage| usage.reasoning_tokens),
            usage_source: usage.map(|usage| usage.source.name()),
            service_tier: usage.map(|usage| usage.tier.name()),
            cost_usd: read.cost,
            unused_candidate: unused.map(|unused| unused.candidate.clone()),
            unused_why: unused.map(|unused| unused.why.name()),
            unused_status: unused.map(|unused| unused.status).filter(|status| *status != 0),
            unused_input_tokens: unused_usage.map(|usage| usage.input_tokens),
            unused_output_tokens: unused_usage.map(|usage| usage.output_tokens),
            unused_usage_source: unused_usage.map(|usage| usage.source.name()),
            unused_cost_usd: read.unused_cost,
            latency_ms: Some(millis(exchange.latency_us)),
            ttft_ms: exchange.ttft_us.map(millis),
            capture: exchange.capture.of_reply(read.reply).name(),
            redacted: exchange.redacted,
            journal_offset: offset,
            request: read.request,
            response: read.response,
        }
    }
}
