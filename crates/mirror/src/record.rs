//! What becomes of one exchange before it is appended: it is read, stripped of credentials, redacted and
//! written down. This is most of the work, and none of it is done under a lock by the thread that runs in
//! idle time.

use crate::{Glance, Provider, Redact};
use bytes::Bytes;
use dialect::{Dialect, SoFar};
use exchange::{
    Body, Call, Conversation, Declared, Event, Exchange, ExchangeId, Origin, RawCall, Unused,
    WireError,
};
use journal::Entry;
use proxy::{Captured, UnusedReply};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What records are made with.
pub(crate) struct Recording {
    pub(crate) instance: String,
    pub(crate) providers: BTreeMap<String, Provider>,
    pub(crate) glance: Glance,
    pub(crate) redact: Redact,
}

/// An exchange that was taken from the queue.
pub(crate) struct Taken {
    pub(crate) offer_seq: u64,
    pub(crate) captured: Captured,
}

/// What came of one.
pub(crate) enum Made {
    /// Its record, and the event that the record holds.
    Record(Entry, Event),
    /// It has no wire form.
    Unwritable(WireError),
    /// What was read or redacted made somebody's code panic.
    Panicked,
}

impl Recording {
    pub(crate) fn make(&self, taken: &Taken) -> Made {
        // Redaction is the user's, and a dialect reads whatever a client sent: what they trip over
        // costs one exchange, not the thread.
        match catch_unwind(AssertUnwindSafe(|| record(self, taken))) {
            Ok(Ok((record, event))) => Made::Record(record, event),
            Ok(Err(error)) => Made::Unwritable(error),
            Err(_) => Made::Panicked,
        }
    }
}

fn record(recording: &Recording, taken: &Taken) -> Result<(Entry, Event), WireError> {
    let Taken { offer_seq, captured } = taken;
    let origin = Origin { proxy_instance: recording.instance.clone(), offer_seq: *offer_seq };
    let provider = recording.providers.get(captured.provider());
    let mut exchange = captured
        .to_exchange(origin, |id, declared, call| conversation(provider, id, declared, call));
    exchange.unused = captured.unused().map(|unused| Box::new(spent(recording, &exchange, unused)));
    strip(&mut exchange, provider);
    (recording.glance)(&exchange);
    exchange.redacted = (recording.redact)(&mut exchange);
    let key = Bytes::from(exchange.conversation.key.clone());
    let event = Event::Exchange(Box::new(exchange));
    let entry = Entry { key, payload: event.to_bytes()? };
    Ok((entry, event))
}

fn conversation(
    provider: Option<&Provider>,
    id: ExchangeId,
    declared: &Declared,
    raw: &RawCall,
) -> Conversation {
    let key = declared.conversation.as_deref().filter(|key| !key.is_empty());
    let call = match (key, provider, &raw.body) {
        (None, Some(provider), Body::Inline(body)) => read_history(provider.dialect, raw, body),
        // A declared conversation is taken as it is, whatever the body says.
        _ => Call::default(),
    };
    dialect::conversation(key, declared.tenant.as_deref(), &call, id)
}

/// Most calls stand alone, and show it without being read.
fn read_history(dialect: Dialect, raw: &RawCall, body: &[u8]) -> Call {
    if dialect.may_tell_conversation(&raw.method, &raw.path, &raw.headers, body) {
        dialect.read_call(&raw.method, &raw.path, &raw.headers, body)
    } else {
        Call::default()
    }
}

/// What is left of a reply that the client did not get: what it took, and none of what it says.
fn spent(recording: &Recording, exchange: &Exchange, unused: &UnusedReply) -> Unused {
    let providers = &recording.providers;
    let headers = proxy::recorded_call(&unused.headers());
    let (status, body, is_whole) = (unused.status(), unused.body(), unused.is_whole());
    let came = SoFar { status, headers: &headers, body, is_whole };
    let answering = providers.get(unused.provider());
    let call = || read_call(providers.get(&exchange.provider), &exchange.call);
    Unused {
        candidate: unused.candidate().to_owned(),
        why: unused.why(),
        status,
        usage: answering.and_then(|it| it.dialect.usage_so_far(&came, call)),
        latency_us: unused.latency_us(),
    }
}

fn read_call(provider: Option<&Provider>, raw: &RawCall) -> Call {
    match (provider, raw.body.inline()) {
        (Some(it), Some(body)) => it.dialect.read_call(&raw.method, &raw.path, &raw.headers, body),
        (None, _) | (_, None) => Call::default(),
    }
}

fn strip(exchange: &mut Exchange, provider: Option<&Provider>) {
    if let Some(provider) = provider {
        exchange.call.headers.0.retain(|(name, _)| *name != provider.key_header);
    }
    dialect::credentials::strip(&mut exchange.call.headers, &mut exchange.call.path);
    dialect::credentials::strip(&mut exchange.reply.headers, &mut String::new());
}
