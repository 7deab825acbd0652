//! Calls of live categories: read ahead, plan, serve by the candidate or the reference, and say in
//! the reply who answered. A candidate that fails before its first byte is never noticed: the
//! reference answers the caller's own bytes under the caller's own credential.

use crate::{
    answer::Answer,
    body::{CallBody, Inflow, ReplyBody},
    budget::Share,
    capture::{CallSide, Opened},
    forward, headers,
    refusal::Refusal,
    serve::{Call, Client, Worker},
    steer::{Answered, Placed, Planned, Priced, Rewrite},
};
use ahead::{Ahead, read_ahead};
use bytes::Bytes;
use candidate::Asked;
use exchange::{Disuse, Route, Served};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::time::timeout;

mod ahead;
mod candidate;

/// A call that was read to its end.
struct LiveCall {
    call: Call,
    client: Client,
    opened: Opened,
    body: Bytes,
}

/// Whether a policy may have a say in the call.
pub(crate) fn concerns(worker: &Worker, call: &Call) -> bool {
    let steer = &worker.shared.steer;
    steer.is_live() && contained(|| steer.wants_body(&call.head())) == Some(true)
}

/// Serves a call that a policy may have a say in.
pub(crate) async fn serve(
    worker: &Worker,
    call: Call,
    client: Client,
    body: Inflow,
) -> Response<ReplyBody> {
    let opened = call.open_early(worker, &client);
    let bytes_max = worker.shared.limits.live_call_bytes_max;
    // Held until the reply begins: so long, at most, the call is in memory.
    let mut share = Share::of(&worker.shared.held);
    let body = match read_ahead(body, &client.side, bytes_max, &mut share).await {
        Ahead::Whole(body) => body,
        Ahead::TooLong(ahead, rest) => {
            worker.unread.call_bytes.increment(1);
            let body = CallBody::resumed(ahead, rest, &client.side);
            return unplanned(worker, call, client, opened, body).await;
        }
        Ahead::TooMuch(ahead, rest) => {
            worker.unread.total_bytes.increment(1);
            let body = CallBody::resumed(ahead, rest, &client.side);
            return unplanned(worker, call, client, opened, body).await;
        }
        Ahead::Broken => {
            let served = call.served_as_asked();
            return forward::refuse(worker, &Refusal::CallCut, opened, client, served);
        }
    };
    client.side.mark_sent();
    let steer = &worker.shared.steer;
    let planned = contained(|| steer.plan(&call.head(), &body));
    let live = LiveCall { call, client, opened, body };
    match planned.unwrap_or(Planned::PassThrough) {
        Planned::PassThrough => {
            let side = CallSide::untaped();
            let body = CallBody::whole(live.body, &side);
            unplanned(worker, live.call, live.client, live.opened, body).await
        }
        Planned::Reference(placed) => by_reference(worker, live, placed).await,
        Planned::Bound(placed, bond) => {
            live.client.pool.meters().bound(bond);
            by_reference(worker, live, placed).await
        }
        Planned::Candidate(placed, rewrite) => by_candidate(worker, live, placed, &rewrite).await,
    }
}

/// The reference answers a call of no live category, or one too long to be planned.
async fn unplanned(
    worker: &Worker,
    mut call: Call,
    client: Client,
    opened: Opened,
    body: CallBody,
) -> Response<ReplyBody> {
    let who = call.fingerprint(worker);
    let side = body.side();
    let answered = match forward::outgoing(worker, &mut call, &client, body) {
        Ok(request) => forward::ask(worker, &client, request, Some(&who)).await,
        Err(refusal) => Err(refusal),
    };
    let served = call.served_as_asked();
    match answered {
        Ok((response, lease)) => {
            let answer = Answer::begun(response, lease, side, &worker.reply_idle);
            answer.hand_over(opened, client, served, HeaderMap::new())
        }
        Err(refusal) => forward::refuse(worker, &refusal, opened, client, served),
    }
}

async fn by_candidate(
    worker: &Worker,
    mut live: LiveCall,
    mut placed: Placed,
    rewrite: &Rewrite,
) -> Response<ReplyBody> {
    let shared = &worker.shared;
    let meters = live.client.pool.meters();
    if !shared.guard.allows(&live.call.fingerprint(worker), shared.clock.now()) {
        meters.guard_refusals.increment(1);
        placed.served.route = Route::Reference;
        placed.served.candidate = None;
        return by_reference(worker, live, placed).await;
    }
    live.opened
        .asking(placed.served.candidate.clone().unwrap_or_default(), rewrite.provider.clone());
    let asked = candidate::ask(worker, &live.call, rewrite);
    let asked = timeout(shared.limits.candidate_wait_max, asked).await;
    match asked.unwrap_or(Asked::Failed(None)) {
        Asked::Answered(answer) => {
            live.opened.not_in_vain();
            return finish(worker, live, *answer, &placed.served, &rewrite.model);
        }
        Asked::NotSent => {
            live.opened.not_in_vain();
            meters.fallbacks.increment(1);
        }
        Asked::Failed(came) => {
            live.opened.in_vain(Disuse::Failed, came);
            meters.fallbacks.increment(1);
        }
        Asked::Blocked(came) => {
            live.opened.in_vain(Disuse::Blocked, Some(came));
            meters.blocked.increment(1);
        }
    }
    placed.served.route = Route::Fallback;
    placed.served.candidate = None;
    by_reference(worker, live, placed).await
}

async fn by_reference(worker: &Worker, live: LiveCall, placed: Placed) -> Response<ReplyBody> {
    let LiveCall { mut call, client, opened, body } = live;
    let who = call.fingerprint(worker);
    let side = CallSide::untaped();
    let sending = CallBody::whole(body.clone(), &side);
    let answered = match forward::outgoing(worker, &mut call, &client, sending) {
        Ok(request) => forward::ask(worker, &client, request, Some(&who)).await,
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok((response, lease)) => {
            let answer = Answer::begun(response, lease, side, &worker.reply_idle);
            let answer = if answer.is_document() { held(worker, answer).await } else { answer };
            let live = LiveCall { call, client, opened, body };
            finish(worker, live, answer, &placed.served, &placed.reference_model)
        }
        Err(refusal) => forward::refuse(worker, &refusal, opened, client, placed.served),
    }
}

/// Holds a document back, as far as the limits allow.
async fn held(worker: &Worker, answer: Answer) -> Answer {
    let share = Share::of(&worker.shared.held);
    answer.held(worker.shared.limits.live_reply_bytes_max, share, &worker.unread).await
}

/// Stamps the reply with who answered, and what it cost where it is whole.
fn finish(
    worker: &Worker,
    live: LiveCall,
    answer: Answer,
    served: &Served,
    model: &str,
) -> Response<ReplyBody> {
    let mut stamps = HeaderMap::new();
    stamp(&mut stamps, headers::REPLY_EXCHANGE, &live.call.id.to_string());
    stamp(&mut stamps, headers::REPLY_CATEGORY, served.category.as_deref().unwrap_or_default());
    stamp(&mut stamps, headers::REPLY_MODEL, model);
    stamp(&mut stamps, headers::REPLY_ROUTE, served.route.name());
    if let Some(priced) = price(worker, &live, &answer, served) {
        stamp(&mut stamps, headers::REPLY_COST, &priced.cost.to_string());
        stamp(&mut stamps, headers::REPLY_SAVING, &priced.saving.to_string());
    }
    answer.hand_over(live.opened, live.client, served.clone(), stamps)
}

fn price(worker: &Worker, live: &LiveCall, answer: &Answer, served: &Served) -> Option<Priced> {
    if !answer.is_document() {
        return None;
    }
    let body = answer.whole_body()?;
    let answered = Answered {
        call: &live.call.head(),
        call_body: &live.body,
        served,
        unused: live.opened.unused(),
        status: answer.status(),
        headers: answer.headers(),
        body: &body,
    };
    contained(|| worker.shared.steer.price(&answered)).flatten()
}

fn stamp(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A steer that panics has nothing to say.
fn contained<T>(ask: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(ask)).ok()
}
