//! Pass-through: the caller's bytes go to the provider that it named, and that provider's bytes come
//! back. Nothing is read but the two heads, and of those only what framing and routing need.

use crate::{
    answer::Answer,
    body::{CallBody, Gate, Inflow, ReplyBody},
    capture::{Opened, Replying},
    guard::Fingerprint,
    headers::{self, Upgrading},
    pool::Lease,
    refusal::Refusal,
    serve::{Call, Client, Worker, answer_refusal},
    tunnel,
};
use exchange::Served;
use http::{HeaderMap, Request, Response, StatusCode, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use std::{mem, sync::Arc};

/// Forwards a call that no policy has a say in.
pub(crate) async fn pass(
    worker: &Worker,
    mut call: Call,
    client: Client,
    body: Inflow,
) -> Response<ReplyBody> {
    let who = worker.shared.steer.is_live().then(|| call.fingerprint(worker));
    let body = CallBody::streaming(body, &client.side);
    let request = outgoing(worker, &mut call, &client, body);
    let served = call.served_as_asked();
    let opened = call.open(worker, &client);
    let answered = match request {
        Ok(request) => ask(worker, &client, request, who.as_ref()).await,
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok((response, lease)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            drop(lease);
            tunnel::open(worker, opened, client, response)
        }
        Ok((response, lease)) => {
            let side = Arc::clone(&client.side);
            let answer = Answer::begun(response, lease, side, &worker.reply_idle);
            answer.hand_over(opened, client, served, HeaderMap::new())
        }
        Err(refusal) => refuse(worker, &refusal, opened, client, served),
    }
}

/// The caller's own call, as its provider gets it.
pub(crate) fn outgoing(
    worker: &Worker,
    call: &mut Call,
    client: &Client,
    body: CallBody,
) -> Result<Request<CallBody>, Refusal> {
    let upstream = call.pool.upstream();
    let uri = upstream.uri(&call.path).map_err(|_| Refusal::Path)?;
    let upgrading = if client.upgrade.is_some() { Upgrading::Yes } else { Upgrading::No };
    let mut request = Request::new(body);
    *request.method_mut() = call.parts.method.clone();
    *request.uri_mut() = uri;
    request_version(&mut request, call.parts.version);
    *request.headers_mut() =
        headers::for_upstream(&call.parts.headers, upstream.authority(), upgrading);
    // Here lies the spelling of the header names, which hyper writes again.
    *request.extensions_mut() = mem::take(&mut call.parts.extensions);
    if expects(&call.parts.headers) && !request.body().is_end_stream() {
        let waited = &client.pool.meters().bounds.expect_wait;
        let gate = Gate::set(&mut request, worker.shared.limits.expect_wait_max, waited);
        request.body_mut().hold(gate);
    }
    Ok(request)
}

/// Asks the provider that the caller named, and remembers what it thinks of the credential.
pub(crate) async fn ask(
    worker: &Worker,
    client: &Client,
    request: Request<CallBody>,
    who: Option<&Fingerprint>,
) -> Result<(Response<Incoming>, Lease), Refusal> {
    let (response, lease) = client.pool.send(request, client.link.reset().cloned()).await?;
    let status = response.status();
    if status == StatusCode::SWITCHING_PROTOCOLS && client.upgrade.is_none() {
        return Err(Refusal::Died { provider: client.pool.upstream().name().to_owned() });
    }
    if let Some(who) = who {
        let shared = &worker.shared;
        if status.is_success() {
            shared.guard.admit(who, shared.clock.now());
        } else if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            shared.guard.revoke(who);
        }
    }
    Ok((response, lease))
}

/// Answers with an error of our own, which the mirror sees as the cut reply that it is. Where the
/// client itself never ended its call, it is told so, if it still listens, and the mirror sees an aborted
/// call.
pub(crate) fn refuse(
    worker: &Worker,
    refusal: &Refusal,
    opened: Opened,
    mut client: Client,
    served: Served,
) -> Response<ReplyBody> {
    if let Some(refusal) = client.side.refusal() {
        client.note_answer(served.route, refusal.status());
        drop(opened);
        let body = refusal.body_at(client.pool.upstream());
        let replying = Replying::unobserved();
        return answer_refusal(worker, (&refusal, body), replying, client.in_flight);
    }
    client.note_answer(served.route, refusal.status());
    let mut replying = opened.answered(refusal.status(), &refusal.headers(), served);
    let body = refusal.body_at(client.pool.upstream());
    replying.chunk(&body);
    replying.cut();
    answer_refusal(worker, (refusal, body), replying, client.in_flight)
}

/// Says whether the client speaks HTTP/2: only then does the provider get it.
pub(crate) fn request_version(request: &mut Request<CallBody>, client: Version) {
    if client == Version::HTTP_2 {
        *request.version_mut() = client;
    }
}

fn expects(headers: &HeaderMap) -> bool {
    let value = headers.get(header::EXPECT);
    value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
