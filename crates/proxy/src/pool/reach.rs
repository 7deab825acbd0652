//! One TCP connection to the first of a name's addresses that takes it.

use metrics::Counter;
use std::{
    io::{Error, ErrorKind, Result},
    net::SocketAddr,
    time::Duration,
};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

/// Tries the addresses in their order, the next one when the last has failed or has been silent for
/// `next_after`, which `silent` counts; those go on beside it. Whoever waits for this says for how long.
pub(super) async fn reach(
    addresses: &[SocketAddr],
    next_after: Duration,
    silent: &Counter,
) -> Result<TcpStream> {
    if let [only] = addresses {
        return TcpStream::connect(only).await;
    }
    let mut failed = Error::new(ErrorKind::NotFound, "its name has no address");
    let mut untried = addresses.iter().copied();
    let mut tried = JoinSet::new();
    loop {
        if let Some(address) = untried.next() {
            tried.spawn(TcpStream::connect(address));
        }
        let ended = if untried.len() == 0 {
            tried.join_next().await
        } else {
            let Ok(ended) = timeout(next_after, tried.join_next()).await else {
                silent.increment(1);
                continue;
            };
            ended
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => failed = error,
            Some(Err(error)) => failed = error.into(),
            None => return Err(failed),
        }
    }
}
