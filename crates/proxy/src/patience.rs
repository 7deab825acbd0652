//! How long we wait for one side to move before it is given up.
//!
//! A body may have thousands of chunks, and most of them come at once. So there is one timer for a
//! body at most, made when it first has to wait, and set anew only when it has to wait again; what
//! moves without waiting costs a flag.

use metrics::Counter;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};

/// A limit on standing still, and the count of those that it ended.
pub(crate) struct Rule {
    idle_max: Duration,
    cut: Counter,
}

impl Rule {
    pub(crate) fn new(idle_max: Duration, cut: Counter) -> Arc<Self> {
        Arc::new(Self { idle_max, cut })
    }

    pub(crate) fn idle_max(&self) -> Duration {
        self.idle_max
    }
}

/// What is left of it for one side.
pub(crate) struct Patience {
    rule: Arc<Rule>,
    wait: Option<Pin<Box<Sleep>>>,
    is_waiting: bool,
}

impl Patience {
    pub(crate) fn new(rule: &Arc<Rule>) -> Self {
        Self { rule: Arc::clone(rule), wait: None, is_waiting: false }
    }

    /// It moved.
    pub(crate) fn moved(&mut self) {
        self.is_waiting = false;
    }

    /// It stands still: ready when it has done so for too long, which is then counted.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let idle_max = self.rule.idle_max;
        let wait = self.wait.get_or_insert_with(|| {
            self.is_waiting = true;
            Box::pin(sleep(idle_max))
        });
        if !self.is_waiting {
            self.is_waiting = true;
            wait.as_mut().reset(Instant::now() + idle_max);
        }
        ready!(wait.as_mut().poll(context));
        self.is_waiting = false;
        self.rule.cut.increment(1);
        Poll::Ready(())
    }
}
