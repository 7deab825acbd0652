//! Connections that carry many calls at once. One is enough, until its provider takes no more calls on
//! it; then there is another.

use crate::{body::Retold, config::Limits, meters::ProviderMeters};
use hyper::client::conn::http2::SendRequest;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{self, Notify},
    time::Instant,
};

/// One provider's HTTP/2 connections on one thread.
pub(crate) struct Lines {
    open: Mutex<Vec<Arc<Line>>>,
    /// The provider agreed on HTTP/1.1 when it was last offered both.
    chose_http1: AtomicBool,
    /// Held while a connection is made: whoever comes meanwhile waits for it and shares it.
    dialling: sync::Mutex<()>,
    lines_max: usize,
    streams_max: usize,
    idle_age_max: Duration,
    connection_age_max: Duration,
    meters: Arc<ProviderMeters>,
}

/// How many calls a provider takes at once on a connection. hyper tells it to the task that drives the
/// connection alone, so that task is asked to look.
pub(crate) struct Allowance {
    streams: AtomicUsize,
    look: Notify,
}

struct Line {
    sender: SendRequest<Retold>,
    allowance: Arc<Allowance>,
    made: Instant,
    usage: Mutex<Usage>,
}

struct Usage {
    streams: usize,
    /// When a stream last ended.
    since: Instant,
    /// It is to take no further call.
    is_retired: bool,
}

/// A call's place on a connection; given back when it is dropped.
pub(crate) struct Slot(Arc<Line>);

impl Lines {
    pub(crate) fn new(limits: &Limits, meters: &Arc<ProviderMeters>) -> Self {
        Self {
            open: Mutex::default(),
            chose_http1: AtomicBool::new(false),
            dialling: sync::Mutex::const_new(()),
            lines_max: limits.http2_connections_max,
            streams_max: usize::try_from(limits.http2_streams_max).unwrap_or(usize::MAX),
            idle_age_max: limits.idle_age_max,
            connection_age_max: limits.connection_age_max,
            meters: Arc::clone(meters),
        }
    }

    /// A place on a connection that is there. Where no further connection may be made, the call waits
    /// its turn on the emptiest.
    pub(crate) fn free(&self) -> Option<Slot> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|line| line.is_usable(self));
        let free = open.iter().find(|line| line.usage().streams < line.limit(self.streams_max));
        if let Some(line) = free {
            return Some(Slot::on(line));
        }
        if open.len() < self.lines_max {
            return None;
        }
        open.iter().min_by_key(|line| line.usage().streams).map(Slot::on)
    }

    pub(crate) fn add(&self, sender: SendRequest<Retold>, allowance: Arc<Allowance>) -> Slot {
        let made = Instant::now();
        let usage = Usage { streams: 0, since: made, is_retired: false };
        let line = Arc::new(Line { sender, allowance, made, usage: Mutex::new(usage) });
        let slot = Slot::on(&line);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        slot
    }

    pub(crate) fn dialling(&self) -> &sync::Mutex<()> {
        &self.dialling
    }

    pub(crate) fn chose_http1(&self) -> bool {
        self.chose_http1.load(Ordering::Relaxed)
    }

    pub(crate) fn note_http1(&self, chosen: bool) {
        self.chose_http1.store(chosen, Ordering::Relaxed);
    }
}

impl Allowance {
    pub(crate) fn new(streams: usize) -> Arc<Self> {
        Arc::new(Self { streams: AtomicUsize::new(streams), look: Notify::new() })
    }

    /// Somebody wants to know how many it is by now.
    pub(crate) async fn asked(&self) {
        self.look.notified().await;
    }

    pub(crate) fn note(&self, streams: usize) {
        self.streams.store(streams, Ordering::Relaxed);
    }
}

impl Line {
    /// Whether it may take a further call, and counts the limit that forbids it.
    fn is_usable(&self, lines: &Lines) -> bool {
        let usage = self.usage();
        if usage.is_retired || self.sender.is_closed() {
            return false;
        }
        let bounds = &lines.meters.bounds;
        let past = if self.made.elapsed() > lines.connection_age_max {
            &bounds.connection_age
        } else if usage.streams == 0 && usage.since.elapsed() > lines.idle_age_max {
            &bounds.idle_age
        } else {
            return true;
        };
        past.increment(1);
        false
    }

    /// Calls that it may carry: the provider says how many it takes, and we how many we read at once.
    fn limit(&self, streams_max: usize) -> usize {
        self.allowance.streams.load(Ordering::Relaxed).min(streams_max)
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn on(line: &Arc<Line>) -> Self {
        line.usage().streams += 1;
        line.allowance.look.notify_one();
        Self(Arc::clone(line))
    }

    pub(crate) fn sender(&self) -> SendRequest<Retold> {
        self.0.sender.clone()
    }

    /// The reply has begun: by now the provider has said what it takes.
    pub(crate) fn answered(&self) {
        self.0.allowance.look.notify_one();
    }

    /// Its connection takes no further call; those on it go on.
    pub(crate) fn retire(&self) {
        self.0.usage().is_retired = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.streams -= 1;
        usage.since = Instant::now();
    }
}
