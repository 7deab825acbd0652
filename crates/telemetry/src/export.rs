//! From the queue to the collector, batch by batch, on a thread of its own.
//!
//! A collector that is gone costs the batches that it does not take, which are counted, and nothing
//! else: while an export is under way the queue fills and then drops. Nothing is kept for later.

use crate::{
    Known,
    metric::{self, Dropped},
    queue::{Exit, Seen},
    span,
};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};
use thread_priority::ThreadPriority;
use tokio::{
    runtime::Runtime,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

/// Spans of one export.
pub const BATCH_MAX: usize = 512;
/// How long what was left may be exported once the end has come.
pub const FLUSH_MAX: Duration = Duration::from_secs(5);
/// How long a batch gathers spans before it goes with fewer.
const GATHER: Duration = Duration::from_secs(1);

/// What the thread works with.
pub(crate) struct Exporting {
    pub(crate) known: Known,
    pub(crate) exporter: SpanExporter,
    pub(crate) exit: Exit,
}

pub(crate) struct Export {
    means: Exporting,
    /// The batch that gathers.
    spans: Vec<SpanData>,
    /// Spans of the batch that is being sent.
    under_way: usize,
    /// What was last said of the collector in the log.
    collector: Collector,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Collector {
    Takes,
    Refuses,
}

/// Whether there may be another batch.
enum Gathered {
    Full,
    Last,
}

impl Export {
    pub(crate) fn new(means: Exporting) -> Self {
        Self { means, spans: Vec::new(), under_way: 0, collector: Collector::Takes }
    }

    /// The thread's life. After the word to stop it goes on for [`FLUSH_MAX`] at most.
    pub(crate) fn run(mut self, runtime: Runtime, stop: &CancellationToken) {
        // What is not granted costs the live path a little time, not a span.
        if let Err(error) = ThreadPriority::Min.set_for_current() {
            tracing::debug!(?error, "traces are made at the priority of the live threads");
        }
        runtime.block_on(async {
            let too_late = async {
                stop.cancelled().await;
                sleep(FLUSH_MAX).await;
            };
            tokio::select! {
                () = Box::pin(self.work(stop)) => {}
                () = too_late => {}
            }
        });
        let left = self.under_way + self.spans.len() + self.means.exit.len();
        if left > 0 {
            metric::dropped(Dropped::Shutdown, left);
            tracing::warn!(spans = left, "the collector had not taken all spans at the end");
        }
        // A name that is still being looked up must not hold up the end.
        runtime.shutdown_background();
    }

    async fn work(&mut self, stop: &CancellationToken) {
        loop {
            let gathered = self.gather(stop).await;
            self.send().await;
            match gathered {
                Gathered::Full => {}
                Gathered::Last => return,
            }
        }
    }

    /// Fills the batch. After the word to stop with what was left before it, without waiting for more.
    async fn gather(&mut self, stop: &CancellationToken) -> Gathered {
        let ripe = Instant::now() + GATHER;
        while self.spans.len() < BATCH_MAX {
            tokio::select! {
                waiting = self.means.exit.recv() => match waiting {
                    Some(waiting) => self.make(&waiting.seen),
                    None => return Gathered::Last,
                },
                () = sleep_until(ripe), if !self.spans.is_empty() => break,
                () = stop.cancelled(), if !self.means.exit.is_closed() => self.means.exit.close(),
            }
        }
        Gathered::Full
    }

    /// A dialect reads whatever was sent: what it trips over costs one span, not the thread.
    fn make(&mut self, seen: &Seen) {
        let known = &self.means.known;
        let made = catch_unwind(AssertUnwindSafe(|| match seen {
            Seen::Exchange(exchange, place) => span::of_exchange(known, exchange, place),
            Seen::Call(call, exchange, live) => span::of_call(known, call, *exchange, live),
        }));
        match made {
            Ok(span) => self.spans.push(span),
            Err(_) => metric::dropped(Dropped::Panicked, 1),
        }
    }

    async fn send(&mut self) {
        let batch = std::mem::take(&mut self.spans);
        if batch.is_empty() {
            return;
        }
        self.under_way = batch.len();
        let sent = Box::pin(self.means.exporter.export(batch)).await;
        let spans = std::mem::take(&mut self.under_way);
        let collector = match &sent {
            Ok(()) => {
                metric::exported(spans);
                Collector::Takes
            }
            Err(_) => {
                metric::dropped(Dropped::Export, spans);
                Collector::Refuses
            }
        };
        // Once is enough in the program's log; the metric has every span.
        match (std::mem::replace(&mut self.collector, collector), sent) {
            (Collector::Takes, Err(error)) => {
                tracing::warn!(%error, "the collector takes no spans; they are dropped and counted");
            }
            (Collector::Refuses, Ok(())) => tracing::info!("the collector takes spans again"),
            (Collector::Takes, Ok(())) | (Collector::Refuses, Err(_)) => {}
        }
    }
}
