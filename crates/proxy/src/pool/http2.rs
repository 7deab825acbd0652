//! A call of a client that speaks HTTP/2: to a provider that speaks it too it goes as it is, to another
//! as HTTP/1.1.

use crate::{
    body::{CallBody, Retold},
    headers,
    pool::{Lease, Lines, Pool, Taken, connect::Dialled, is_safe, lines::Slot},
    refusal::Refusal,
};
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use hyper::body::Incoming;
use std::{error::Error, sync::Arc};
use tokio::time::timeout;

/// Where a call goes out.
enum Way {
    /// On a connection of its own.
    Alone(Taken),
    /// As a stream among others.
    Stream(Slot),
}

/// Sends the call and waits for the head of the reply.
///
/// One that the provider has provably not acted on — it never left, or was refused unread — is sent
/// once more; so is one that is safe and has no body, whatever became of it.
pub(super) async fn send(
    pool: &Arc<Pool>,
    request: Request<CallBody>,
) -> Result<(Response<Incoming>, Lease), Refusal> {
    let slot = match way(pool).await? {
        Way::Alone(taken) => return pool.send_alone(taken, as_http1(request), None).await,
        Way::Stream(slot) => slot,
    };
    let call = Call::of(request, pool)?;
    let failed = match call.try_send(pool, &slot).await {
        Ok(response) => return Ok((response, Lease::Stream(slot))),
        Err(failed) => failed,
    };
    let body = match failed {
        Failed::Late => return Err(pool.late()),
        Failed::Died if !call.is_safe => return Err(pool.died()),
        Failed::Unread | Failed::Died => call.body.take_back().ok_or_else(|| pool.died())?,
    };
    slot.retire();
    drop(slot);
    pool.meters.retries.increment(1);
    match way(pool).await? {
        Way::Alone(taken) => pool.send_alone(taken, call.into_http1(body), None).await,
        Way::Stream(slot) => {
            let call = Call { body: Retold::new(body, 0), ..call };
            match call.try_send(pool, &slot).await {
                Ok(response) => Ok((response, Lease::Stream(slot))),
                Err(Failed::Late) => Err(pool.late()),
                Err(Failed::Died | Failed::Unread) => Err(pool.died()),
            }
        }
    }
}

/// A place on a connection that is there, else on a new one; what the provider speaks, TLS says.
async fn way(pool: &Arc<Pool>) -> Result<Way, Refusal> {
    if !pool.connector.upstream().may_speak_http2() {
        return pool.lease().await.map(Way::Alone);
    }
    let lines = &pool.lines;
    if let Some(slot) = lines.free() {
        return Ok(Way::Stream(slot));
    }
    if lines.chose_http1() {
        return match pool.reused().await {
            Some(taken) => Ok(Way::Alone(taken)),
            None => dial(pool, lines).await,
        };
    }
    let waiting = timeout(pool.connector.wait_max(), lines.dialling().lock());
    let Ok(dialling) = waiting.await else { return Err(pool.connector.late()) };
    if let Some(slot) = lines.free() {
        return Ok(Way::Stream(slot));
    }
    if lines.chose_http1() {
        drop(dialling);
        return dial(pool, lines).await;
    }
    dial(pool, lines).await
}

async fn dial(pool: &Arc<Pool>, lines: &Lines) -> Result<Way, Refusal> {
    let dialled = pool.connector.connect_either().await?;
    lines.note_http1(matches!(dialled, Dialled::Http1(_)));
    Ok(match dialled {
        Dialled::Http1(connection) => Way::Alone(Taken::fresh(connection, pool)),
        Dialled::Http2(sender, allowance) => Way::Stream(lines.add(sender, allowance)),
    })
}

/// A call that goes out as a stream, and perhaps once more.
struct Call {
    method: Method,
    /// Without the provider's origin.
    path: Uri,
    uri: Uri,
    headers: HeaderMap,
    body: Retold,
    is_safe: bool,
}

/// Why there is no reply.
enum Failed {
    /// The provider has not acted on the call, and says so; or it never left.
    Unread,
    /// The stream or its connection died.
    Died,
    /// The provider took too long.
    Late,
}

impl Call {
    fn of(request: Request<CallBody>, pool: &Pool) -> Result<Self, Refusal> {
        let is_safe = is_safe(&request);
        let (parts, mut body) = request.into_parts();
        // Nobody hears a 100 on a stream: the client sends its body when it likes.
        body.release();
        Ok(Self {
            method: parts.method,
            uri: pool.upstream().with_origin(&parts.uri).map_err(|_| Refusal::Path)?,
            path: parts.uri,
            headers: parts.headers,
            body: Retold::new(body, pool.again_bytes_max),
            is_safe,
        })
    }

    async fn try_send(&self, pool: &Pool, slot: &Slot) -> Result<Response<Incoming>, Failed> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = headers::in_http2(&self.headers);
        match timeout(pool.head_wait_max, slot.sender().try_send_request(request)).await {
            Ok(Ok(response)) => {
                self.body.forget();
                slot.answered();
                Ok(response)
            }
            Ok(Err(mut failed)) => match failed.take_message() {
                Some(_unsent) => Err(Failed::Unread),
                None if is_unread(&failed.into_error()) => Err(Failed::Unread),
                None => Err(Failed::Died),
            },
            Err(_elapsed) => Err(Failed::Late),
        }
    }

    fn into_http1(self, body: CallBody) -> Request<CallBody> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path;
        *request.headers_mut() = self.headers;
        as_http1(request)
    }
}

/// The provider says that it has not acted on the call: it refused the stream, or goes away and names
/// an earlier one as its last (a stream that it has begun to read ends otherwise).
fn is_unread(error: &hyper::Error) -> bool {
    let reason = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
    reason.is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (error.is_go_away() || refused)
    })
}

fn as_http1(mut request: Request<CallBody>) -> Request<CallBody> {
    *request.version_mut() = Version::HTTP_11;
    let head = std::mem::take(request.headers_mut());
    *request.headers_mut() = headers::in_http1(head);
    request
}
