//! The caller's trace, and where a span of ours stands in it.
//!
//! A caller says in `traceparent` which span of its own the call belongs to, and whether its trace is
//! kept. Our span is a child of that one. Without such a word, or with one that is not well-formed, a
//! trace of our own begins: tracing never fails a call. Every id is derived from the exchange's, so
//! that whoever tells of the same exchange elsewhere (the worker, perhaps in another process, perhaps
//! after a crash) comes to the same ids.

use exchange::{ExchangeId, Headers};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::{
    propagation::TraceContextPropagator,
    trace::{SamplingDecision, ShouldSample},
};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const TRACEPARENT_BYTES: usize = 55;
/// What other tracing systems are to pass on at least; a caller's state that is longer stays behind.
const TRACESTATE_BYTES_MAX: usize = 512;
/// In every UUID of version 7 the same: the two bits before the last 62, which are chance.
const FIXED_BITS: u32 = 2;
/// What makes a 7, the version of an exchange's id, an 8.
const VERSION_7_TO_8: u128 = (7 ^ 8) << 76;

/// Where the span of an exchange stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// The span itself.
    pub(crate) own: SpanContext,
    /// The caller's span, where it named one.
    pub(crate) parent: Option<SpanContext>,
}

/// The place of an exchange's span, or `None` where there is to be none.
pub(crate) fn place(
    id: ExchangeId,
    headers: &Headers,
    sampler: &dyn ShouldSample,
) -> Option<Place> {
    let parent = parent(headers);
    let trace_id = parent.as_ref().map_or_else(|| trace_id(id), SpanContext::trace_id);
    let context = parent
        .clone()
        .map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
    // A sampler by share reads the last 64 bits as a number, two of which are not chance here.
    let chance =
        parent.as_ref().map_or_else(|| TraceId::from(id.as_u128() << FIXED_BITS), |_| trace_id);
    let asked = sampler.should_sample(Some(&context), chance, "", &SpanKind::Client, &[], &[]);
    match asked.decision {
        SamplingDecision::Drop | SamplingDecision::RecordOnly => return None,
        SamplingDecision::RecordAndSample => {}
    }
    let state = parent.as_ref().map_or(TraceState::NONE, |parent| parent.trace_state().clone());
    let own = SpanContext::new(trace_id, span_id(id), TraceFlags::SAMPLED, false, state);
    Some(Place { own, parent })
}

/// The place of a call of ours: in a trace with the others that were made for the same exchange, and
/// with no others, so that what is done off the live path lengthens no trace of a caller.
pub(crate) fn beside(exchange: ExchangeId, call: ExchangeId) -> SpanContext {
    let trace_id = TraceId::from(exchange.as_u128() ^ VERSION_7_TO_8);
    SpanContext::new(trace_id, span_id(call), TraceFlags::SAMPLED, false, TraceState::NONE)
}

/// The exchange's own id, which can be looked for in both places.
fn trace_id(id: ExchangeId) -> TraceId {
    TraceId::from(id.as_u128())
}

/// The half of the id that is chance.
fn span_id(id: ExchangeId) -> SpanId {
    SpanId::from(id.as_u128() as u64)
}

/// The caller's span, if the call names one, and one only, in the form of the standard.
fn parent(headers: &Headers) -> Option<SpanContext> {
    let mut named = headers.0.iter().filter(|(name, _)| name == TRACEPARENT);
    let (Some((_, traceparent)), None) = (named.next(), named.next()) else { return None };
    if !is_well_formed(traceparent) {
        return None;
    }
    let carrier = Carrier { traceparent, tracestate: tracestate(headers) };
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    let span = context.span().span_context().clone();
    span.is_valid().then_some(span)
}

/// The library takes shorter numbers and signs, of which the standard knows nothing.
fn is_well_formed(traceparent: &str) -> bool {
    let bytes = traceparent.as_bytes();
    let is_part = |(at, byte): (usize, &u8)| match at {
        2 | 35 | 52 => *byte == b'-',
        _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
    };
    let head = bytes.get(..TRACEPARENT_BYTES);
    // A later version may say more behind another dash; this one may not.
    let may_go_on = !traceparent.starts_with("00") && bytes.get(TRACEPARENT_BYTES) == Some(&b'-');
    head.is_some_and(|head| head.iter().enumerate().all(is_part))
        && (bytes.len() == TRACEPARENT_BYTES || may_go_on)
}

/// Several fields are one list.
fn tracestate(headers: &Headers) -> String {
    let fields = headers.0.iter().filter(|(name, _)| name == TRACESTATE);
    let state = fields.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(",");
    if state.len() > TRACESTATE_BYTES_MAX { String::new() } else { state }
}

struct Carrier<'a> {
    traceparent: &'a str,
    tracestate: String,
}

impl Extractor for Carrier<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(self.traceparent),
            TRACESTATE => Some(&self.tracestate),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}
