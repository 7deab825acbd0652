//! What was recorded, as spans in the words of OpenTelemetry's conventions: for generative AI where a
//! dialect understood the call, for HTTP where it did not. Pure: the same exchange gives the same
//! span. Of a call and its reply go in: models, counts, why it ended; never what was said.

mod attributes;
mod name;

use crate::{Known, join, join::Place};
use attributes::{Attributes, cut};
use dialect::Dialect;
use exchange::{
    Call, Capture, ConversationSource, Exchange, ExchangeId, FinishReason, Reply, Timestamp, Usage,
};
use opentelemetry::{
    InstrumentationScope,
    trace::{Link, SpanContext, SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use policy::CallFacts;
use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// From this status on a reply is an error.
const ERROR_STATUS_MIN: u16 = 400;
/// Methods that may stand in a span by their name.
const METHODS: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
/// Stands for any other one.
const OTHER_METHOD: &str = "_OTHER";

/// One attempt at a call of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct OurCall {
    /// Its id in the ledger.
    pub id: ExchangeId,
    /// What it was made for: shadow, control or judge.
    pub purpose: &'static str,
    /// The provider that was asked.
    pub provider: String,
    /// The model that was asked, by its name in the pipeline.
    pub model: String,
    /// Counts the attempts, from 1.
    pub attempt: u32,
    /// When it was sent.
    pub started_at: Timestamp,
    /// Until its end.
    pub latency_us: u64,
    /// HTTP status of the reply, where one came.
    pub status: Option<u16>,
    /// What came of it; `None` where there was no reply of use.
    pub answer: Option<Answered>,
}

/// What a reply of use says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The model that says it answered.
    pub model: Option<String>,
    /// Why it stopped.
    pub finish_reason: Option<FinishReason>,
    /// What it says was used.
    pub usage: Option<Usage>,
}

impl From<&Reply> for Answered {
    fn from(reply: &Reply) -> Self {
        let Reply { model, finish_reason, usage, .. } = reply;
        Self { model: model.clone(), finish_reason: *finish_reason, usage: *usage }
    }
}

/// What makes one span differ from another, beside its attributes.
struct Frame {
    own: SpanContext,
    parent: Option<SpanContext>,
    name: String,
    start: Timestamp,
    latency_us: u64,
    error: Option<Cow<'static, str>>,
    links: Vec<Link>,
}

/// The span of a live exchange.
pub(crate) fn of_exchange(known: &Known, exchange: &Exchange, place: &Place) -> SpanData {
    let candidate = exchange.served.candidate.as_deref();
    let dialect = known.providers.get(&exchange.provider).map(|provider| provider.dialect);
    let unknown = || (dialect::opaque(), Reply::default());
    let (call, reply) = dialect.map_or_else(unknown, |dialect| dialect.read(exchange));
    let error = error_of(exchange, &reply);
    let answering = known.answering(&exchange.provider, candidate);
    let mut attributes = Attributes::default();
    let name = match dialect.zip(operation(exchange, &call)) {
        Some((dialect, operation)) => {
            attributes
                .text(name::OPERATION, operation)
                .text(name::PROVIDER, provider_name(dialect));
            generative(exchange, &call, &reply, &mut attributes);
            let model = call.model.as_ref();
            model.map_or_else(|| operation.to_owned(), |model| format!("{operation} {model}"))
        }
        None => {
            attributes.text(name::HTTP_METHOD, method(exchange));
            // By the convention for HTTP: there is no path of few values to put behind it.
            method(exchange).replace(OTHER_METHOD, "HTTP")
        }
    };
    if exchange.reply.status != 0 {
        attributes.push(name::HTTP_STATUS, i64::from(exchange.reply.status));
    }
    attributes
        .server(answering, known.providers.get(answering))
        .text(name::EXCHANGE, &exchange.id.to_string())
        .text(name::CATEGORY, &category(known, dialect, exchange, &call))
        .text(name::ROUTE, exchange.served.route.name())
        .text_if_any(name::CANDIDATE, candidate)
        .text(name::CAPTURE, exchange.capture.name());
    let frame = Frame {
        own: place.own.clone(),
        parent: place.parent.clone(),
        name,
        start: exchange.observed_at,
        latency_us: exchange.latency_us,
        error,
        links: Vec::new(),
    };
    span(frame, attributes)
}

/// The span of a call of ours, linked to that of the exchange that it was made for.
pub(crate) fn of_call(
    known: &Known,
    call: &OurCall,
    exchange: ExchangeId,
    live: &Place,
) -> SpanData {
    let provider = known.providers.get(&call.provider);
    let mut attributes = Attributes::default();
    attributes.text(name::OPERATION, CHAT);
    if let Some(provider) = provider {
        attributes.text(name::PROVIDER, provider_name(provider.dialect));
    }
    attributes.text(name::REQUEST_MODEL, &call.model);
    if let Some(answer) = &call.answer {
        answered(answer, &mut attributes);
    }
    if let Some(status) = call.status {
        attributes.push(name::HTTP_STATUS, i64::from(status));
    }
    attributes
        .server(&call.provider, provider)
        .text(name::EXCHANGE, &exchange.to_string())
        .text(name::PURPOSE, call.purpose)
        .push(name::ATTEMPT, i64::from(call.attempt));
    let frame = Frame {
        own: join::beside(exchange, call.id),
        parent: None,
        name: format!("{CHAT} {}", call.model),
        start: call.started_at,
        latency_us: call.latency_us,
        error: error_of_call(call),
        links: vec![Link::with_context(live.own.clone())],
    };
    span(frame, attributes)
}

const CHAT: &str = "chat";

/// What the conventions call the operation; `None` where they have no word for it.
fn operation(exchange: &Exchange, call: &Call) -> Option<&'static str> {
    let path = exchange.call.path.split(['?', '#']).next().unwrap_or_default();
    let ends_so = path.trim_end_matches('/').ends_with(&call.endpoint.replace('.', "/"));
    let is_asked = exchange.call.method == "POST" && ends_so;
    match call.endpoint.as_str() {
        "chat.completions" | "responses" | "messages" => Some(CHAT).filter(|_| is_asked),
        "generateContent" => Some("generate_content"),
        "completions" => Some("text_completion").filter(|_| is_asked),
        "embeddings" => Some("embeddings").filter(|_| is_asked),
        _ => None,
    }
}

/// What the conventions call the providers that speak a dialect.
fn provider_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gcp.gemini",
    }
}

fn generative(exchange: &Exchange, call: &Call, reply: &Reply, attributes: &mut Attributes) {
    attributes
        .text_if_any(name::REQUEST_MODEL, call.model.as_deref())
        .push(name::REQUEST_STREAM, call.stream);
    if call.response_format.as_ref().is_some_and(|format| format.starts_with("json")) {
        attributes.text(name::OUTPUT_TYPE, "json");
    }
    match exchange.conversation.source {
        ConversationSource::Header | ConversationSource::Dialect => {
            attributes.text(name::CONVERSATION, &exchange.conversation.key);
        }
        // These are ours, and say nothing that a caller would look for.
        ConversationSource::Digest | ConversationSource::Exchange => {}
    }
    answered(&Answered::from(reply), attributes);
    if let Some(ttft_us) = exchange.ttft_us.filter(|_| call.stream) {
        attributes.push(name::TIME_TO_FIRST_CHUNK, ttft_us as f64 / 1e6);
    }
}

fn answered(answer: &Answered, attributes: &mut Attributes) {
    attributes.text_if_any(name::RESPONSE_MODEL, answer.model.as_deref());
    if let Some(finish) = answer.finish_reason {
        attributes.texts(name::FINISH_REASONS, finish.name());
    }
    if let Some(usage) = &answer.usage {
        attributes.usage(usage);
    }
}

/// By the same function as on the live path and in the tables.
fn category(known: &Known, dialect: Option<Dialect>, exchange: &Exchange, call: &Call) -> String {
    let category = known.categorizer.categorize(&CallFacts {
        declared: &exchange.declared,
        provider: &exchange.provider,
        dialect: dialect.map_or(dialect::OPAQUE, Dialect::name),
        path: &exchange.call.path,
        headers: &exchange.call.headers,
        call: Some(call),
        prompt_tokens: &|call| dialect.map_or(0, |dialect| dialect.prompt_tokens(call)),
    });
    category.name
}

/// A class of error, of few values: a status, or one of these words. Its text stays out. A copy that
/// the mirror's own limit cut looks like a reply that broke off, and so is no error here.
fn error_of(exchange: &Exchange, reply: &Reply) -> Option<Cow<'static, str>> {
    match (exchange.reply.status, exchange.capture.of_reply(reply)) {
        (status @ ERROR_STATUS_MIN.., _) => Some(status.to_string().into()),
        (_, Capture::Aborted) => Some("client_gone".into()),
        (_, Capture::Complete | Capture::Truncated) => {
            reply.error.as_ref().map(|_| "provider_error".into())
        }
    }
}

fn error_of_call(call: &OurCall) -> Option<Cow<'static, str>> {
    match (&call.answer, call.status) {
        (Some(_), _) => None,
        (None, Some(status @ ERROR_STATUS_MIN..)) => Some(status.to_string().into()),
        (None, Some(_)) => Some("unusable_reply".into()),
        (None, None) => Some("no_reply".into()),
    }
}

fn method(exchange: &Exchange) -> &'static str {
    METHODS.into_iter().find(|known| *known == exchange.call.method).unwrap_or(OTHER_METHOD)
}

fn span(frame: Frame, mut attributes: Attributes) -> SpanData {
    let start_time = time(frame.start);
    attributes.text_if_any(name::ERROR_TYPE, frame.error.as_deref());
    let mut links = SpanLinks::default();
    links.links = frame.links;
    SpanData {
        span_context: frame.own,
        parent_span_id: frame.parent.as_ref().map_or(SpanId::INVALID, SpanContext::span_id),
        parent_span_is_remote: frame.parent.is_some(),
        span_kind: SpanKind::Client,
        name: cut(&frame.name).into(),
        start_time,
        end_time: start_time + Duration::from_micros(frame.latency_us),
        attributes: attributes.into_vec(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links,
        status: frame.error.map_or(Status::Unset, |_| Status::error("")),
        instrumentation_scope: InstrumentationScope::builder("foreshadow")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build(),
    }
}

/// Before 1970 there were no exchanges.
fn time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or_default())
}
