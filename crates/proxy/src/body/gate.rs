//! `expect: 100-continue`: the body waits for the provider's word.

use http::{Request, StatusCode};
use metrics::Counter;
use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Sleep, sleep},
};

/// Holds a body back until the provider says `100 Continue` or the wait is over. A provider that
/// refuses at once is heard before any byte of the body was asked of the client.
pub(crate) struct Gate {
    word: Option<oneshot::Receiver<()>>,
    wait: Pin<Box<Sleep>>,
    /// Counts a wait that was in vain.
    waited: Counter,
}

impl Gate {
    /// Sets the gate for `request`, whose body it is then put before. `waited` counts a wait
    /// that was in vain.
    pub(crate) fn set<B>(request: &mut Request<B>, wait_max: Duration, waited: &Counter) -> Self {
        let (say, word) = oneshot::channel();
        let say = Mutex::new(Some(say));
        hyper::ext::on_informational(request, move |reply| {
            if reply.status() == StatusCode::CONTINUE {
                let say = say.lock().unwrap_or_else(PoisonError::into_inner).take();
                let _closed = say.map(|say| say.send(()));
            }
        });
        Self { word: Some(word), wait: Box::pin(sleep(wait_max)), waited: waited.clone() }
    }

    pub(crate) fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(word) = &mut self.word {
            match Pin::new(word).poll(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(()),
                // A final reply came instead: it is no invitation.
                Poll::Ready(Err(_)) => self.word = None,
                Poll::Pending => {}
            }
        }
        if self.wait.as_mut().poll(context).is_ready() {
            self.waited.increment(1);
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
