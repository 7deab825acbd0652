//! From the queue to the journal, group by group.

use crate::{Means, Provider, TOPIC, books::Books};
use bytes::Bytes;
use dialect::{Dialect, SoFar};
use exchange::{
    Body, Call, Conversation, Declared, Event, Exchange, ExchangeId, Origin, RawCall, Timestamp,
    Unused,
};
use journal::Entry;
use proxy::{Captured, UnusedReply};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Exchanges that are taken at once: mostly all that wait, and few enough that nobody who wants to take
/// over waits long. Their appends are limited by bytes.
const GROUP_MAX: usize = 1_024;
/// Bytes of one append, unless a single exchange is longer. Small beside what a journal takes in one
/// piece, and no long exchange that a journal refuses takes others with it.
const GROUP_BYTES_MAX: usize = 8 << 20;

pub(crate) struct Drain {
    means: Means,
    books: Books,
    /// What is read and not appended yet. It is kept here so that whoever holds the lock next goes on
    /// with it: a thread that runs in idle time may be stopped for long between two exchanges.
    group: Vec<Entry>,
    group_bytes: usize,
    emptied: u64,
}

impl Drain {
    pub(crate) fn new(means: Means) -> Self {
        let books = Books::open(&means.instance, means.clock.now());
        Self { means, books, group: Vec::new(), group_bytes: 0, emptied: 0 }
    }

    /// Takes in one exchange, and appends the group when it is whole. Where none waits, the group is
    /// whole as it is, and the second is closed, if it is over; whether that was so.
    pub(crate) fn step(&mut self) -> bool {
        let is_empty = self.take(1) == 0;
        if is_empty || self.group.len() >= GROUP_MAX {
            self.append();
            let now = self.means.clock.now();
            if self.books.is_over(now) {
                self.close_second(now);
            }
        }
        self.emptied += u64::from(is_empty);
        is_empty
    }

    /// How often the queue was emptied.
    pub(crate) fn emptied(&self) -> u64 {
        self.emptied
    }

    /// Appends what waits by now; what comes meanwhile is not waited for.
    pub(crate) fn flush(&mut self) {
        let mut waiting = self.means.queue.len();
        while waiting > 0 {
            let taken = self.take(waiting.min(GROUP_MAX));
            self.append();
            // Nobody else takes meanwhile, so there was as much as was asked for.
            waiting = if taken == 0 { 0 } else { waiting - taken };
        }
        self.append();
        self.close_second(self.means.clock.now());
    }

    /// Takes up to `count_max` exchanges into the group, which is appended where it would be too long;
    /// how many there were.
    fn take(&mut self, count_max: usize) -> usize {
        let captured = self.means.queue.drain(count_max);
        let taken = captured.len();
        for (offer_seq, captured) in captured {
            let Some(record) = self.record_or_lose(offer_seq, captured) else { continue };
            if self.group_bytes + record.payload.len() > GROUP_BYTES_MAX {
                self.append();
            }
            self.group_bytes += record.payload.len();
            self.group.push(record);
        }
        taken
    }

    fn record_or_lose(&mut self, offer_seq: u64, captured: Captured) -> Option<Entry> {
        // Redaction is the user's, and a dialect reads whatever a client sent: what they trip over
        // costs one exchange, not the thread.
        let made = catch_unwind(AssertUnwindSafe(|| record(&self.means, offer_seq, captured)));
        match made {
            Ok(Ok((record, event))) => {
                if let Event::Exchange(exchange) = event {
                    (self.means.pass_on)(exchange);
                }
                return Some(record);
            }
            Ok(Err(error)) => self.lose("too_long", 1, &error),
            Err(_) => self.lose("panicked", 1, &"redaction or reading panicked"),
        }
        None
    }

    fn append(&mut self) {
        if self.group.is_empty() {
            return;
        }
        let mut group = std::mem::take(&mut self.group);
        self.group_bytes = 0;
        if let Err(error) = self.means.journal.append(TOPIC, &group) {
            let lost = error.lost(group.len()).len();
            self.lose(error.reason(), lost as u64, &error);
        }
        group.clear();
        self.group = group;
    }

    /// Once a second is enough in the program's log; the meters have every one.
    fn lose(&mut self, reason: &'static str, exchanges: u64, why: &dyn std::fmt::Display) {
        if self.books.lose(reason, exchanges) {
            tracing::error!(reason, %why, "exchanges are lost before the journal; the meters count them");
        }
    }

    fn close_second(&mut self, now: Timestamp) {
        self.books.close_second(now, self.means.queue.take_tallies());
        self.books.say(|meters| {
            // In one partition, so that whoever reads one that was sent again has seen it before.
            let key = Bytes::from(self.means.instance.clone());
            let entry = |meter: &Bytes| Entry { key: key.clone(), payload: meter.clone() };
            let meters: Vec<Entry> = meters.iter().map(entry).collect();
            let appended = self.means.journal.append(TOPIC, &meters);
            appended.err().map_or_else(Vec::new, |error| error.lost(meters.len()))
        });
    }
}

fn record(
    means: &Means,
    offer_seq: u64,
    mut captured: Captured,
) -> Result<(Entry, Event), exchange::WireError> {
    let origin = Origin { proxy_instance: means.instance.clone(), offer_seq };
    let provider = means.providers.get(captured.provider());
    let unused = captured.take_unused();
    let mut exchange = captured
        .into_exchange(origin, |id, declared, call| conversation(provider, id, declared, call));
    exchange.unused = unused.map(|unused| spent(means, &exchange, &unused));
    strip(&mut exchange, provider);
    (means.glance)(&exchange);
    exchange.redacted = (means.redact)(&mut exchange);
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
fn spent(means: &Means, exchange: &Exchange, unused: &UnusedReply) -> Unused {
    let headers = proxy::recorded_call(&unused.headers());
    let (status, body, is_whole) = (unused.status(), unused.body(), unused.is_whole());
    let came = SoFar { status, headers: &headers, body, is_whole };
    let answering = means.providers.get(unused.provider());
    let call = || read_call(means.providers.get(&exchange.provider), &exchange.call);
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
