//! `expect: 100-continue`: the body waits for the provider's word.

use http::{Request, StatusCode};
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
    word: oneshot::Receiver<()>,
    wait: Pin<Box<Sleep>>,
}

impl Gate {
    /// Sets the gate for `request`, whose body it is then put before.
    pub(crate) fn set<B>(request: &mut Request<B>, wait_max: Duration) -> Self {
        let (say, word) = oneshot::channel();
        let say = Mutex::new(Some(say));
        hyper::ext::on_informational(request, move |reply| {
            if reply.status() == StatusCode::CONTINUE {
                let say = say.lock().unwrap_or_else(PoisonError::into_inner).take();
                let _closed = say.map(|say| say.send(()));
            }
        });
        Self { word, wait: Box::pin(sleep(wait_max)) }
    }

    pub(crate) fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let said = Pin::new(&mut self.word).poll(context).is_ready();
        if said || self.wait.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
