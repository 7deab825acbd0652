//! A connection that changed its protocol (101): bytes both ways until either side ends. It is
//! counted and not mirrored, because what flows there are no calls.

use crate::{
    body::{ReplyBody, Rest},
    capture::{Opened, Replying},
    headers::{self, Upgrading},
    serve::{Client, Worker},
};
use exchange::Route;
use http::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use tokio::io::copy_bidirectional;

/// Passes the 101 on, and joins the two connections as soon as both have switched.
pub(crate) fn open(
    worker: &Worker,
    opened: Opened,
    client: Client,
    mut response: Response<Incoming>,
) -> Response<ReplyBody> {
    opened.discard();
    client.pool.meters().tunnels.increment(1);
    client.pool.meters().answered(Route::Reference, response.status());
    if let Some(below) = client.upgrade {
        let above = hyper::upgrade::on(&mut response);
        worker.calls.spawn(async move {
            let (Ok(below), Ok(above)) = tokio::join!(below, above) else { return };
            let (mut below, mut above) = (TokioIo::new(below), TokioIo::new(above));
            if let Err(error) = copy_bidirectional(&mut below, &mut above).await {
                tracing::debug!(%error, "a tunnel broke off");
            }
        });
    }
    let (parts, _) = response.into_parts();
    let body = ReplyBody::new(VecDeque::new(), Rest::End, Replying::unobserved(), client.in_flight);
    let mut passed = Response::new(body);
    *passed.status_mut() = parts.status;
    *passed.headers_mut() = headers::for_client(parts.headers, Upgrading::Yes);
    *passed.extensions_mut() = parts.extensions;
    passed
}
