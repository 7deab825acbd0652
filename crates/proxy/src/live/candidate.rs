//! Asks a candidate, and sees what came of it before anything is told.

use super::held;
use crate::{
    answer::Answer,
    body::CallBody,
    capture::{CallSide, Came},
    forward, headers,
    refusal::Refusal,
    serve::{Call, Worker},
    steer::{Blocks, Rewrite, Seen, Telling},
};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tokio::time::Instant;

/// What came of asking a candidate.
pub(super) enum Asked {
    /// A reply, once its first byte is there.
    Answered(Box<Answer>),
    /// Nothing went out: nobody took it.
    NotSent,
    /// Any failure before that, and what had come of a reply. An error status is one too: it speaks of
    /// our rewrite, our key or our quota, never of the caller's.
    Failed(Option<Came>),
    /// A content policy stopped it, and the reference is to be asked.
    Blocked(Came),
}

/// Puts the rewritten call to the candidate.
pub(super) async fn ask(worker: &Worker, call: &Call, rewrite: &Rewrite) -> Asked {
    // Seeing what the reply is may not use up the time in which it is to begin.
    let seen_by = Instant::now() + worker.shared.limits.candidate_wait_max / 2;
    let answer = match send(worker, call, rewrite).await {
        Some(Ok(answer)) => answer,
        Some(Err(refusal)) if refusal.went_out() => return Asked::Failed(None),
        Some(Err(_)) | None => return Asked::NotSent,
    };
    let asked = if answer.status().is_success() {
        replied(worker, answer, rewrite, seen_by).await
    } else {
        refused(worker, answer, rewrite).await
    };
    match asked {
        Asked::Answered(answer) if answer.is_broken() => Asked::Failed(Some(answer.came())),
        asked => asked,
    }
}

/// The head of a reply; `None` where there is nowhere to send the call to.
async fn send(worker: &Worker, call: &Call, rewrite: &Rewrite) -> Option<Result<Answer, Refusal>> {
    let pool = worker.pool(&rewrite.provider)?;
    let side = CallSide::untaped();
    let mut request = Request::new(CallBody::whole(rewrite.body.clone(), &side));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = pool.upstream().uri(&rewrite.path).ok()?;
    forward::request_version(&mut request, call.parts.version);
    let mut head = headers::for_candidate(&call.parts.headers, pool.upstream().authority());
    for (name, value) in rewrite.headers {
        head.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Telling::Anew(_) = rewrite.telling {
        // What is read on the way must not be packed.
        head.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if let Some(key) = &rewrite.key {
        key.insert_into(&mut head);
    }
    *request.headers_mut() = head;
    let sent = pool.send(request, None).await;
    Some(sent.map(|(response, lease)| {
        Answer::begun(response, lease, side, &worker.reply_idle).without_our_account()
    }))
}

/// A reply, whole or in pieces, in the caller's words.
async fn replied(worker: &Worker, answer: Answer, rewrite: &Rewrite, seen_by: Instant) -> Asked {
    match &rewrite.telling {
        Telling::AsItComes if answer.is_document() => seen_whole(worker, answer, rewrite).await,
        Telling::AsItComes => seen_in_pieces(answer, rewrite, seen_by).await,
        Telling::Anew(retell) => match retell.stream() {
            None => match seen_whole(worker, answer, rewrite).await {
                Asked::Answered(answer) => told(answer.told_whole(retell.as_ref())),
                other @ (Asked::NotSent | Asked::Failed(_) | Asked::Blocked(_)) => other,
            },
            Some(stream) => match seen_in_pieces(answer, rewrite, seen_by).await {
                Asked::Answered(answer) => told(answer.told(stream, retell.head()).await),
                other @ (Asked::NotSent | Asked::Failed(_) | Asked::Blocked(_)) => other,
            },
        },
    }
}

fn told(answer: Result<Answer, Came>) -> Asked {
    match answer {
        Ok(answer) => Asked::Answered(Box::new(answer)),
        Err(came) => Asked::Failed(Some(came)),
    }
}

/// The reply, held back.
async fn seen_whole(worker: &Worker, answer: Answer, rewrite: &Rewrite) -> Asked {
    let answer = held(worker, answer).await;
    let seen = look_at(&answer, rewrite);
    judged(answer, seen, &rewrite.blocks)
}

/// The reply, with its first pieces at hand: nothing of it is told before the model has said something.
async fn seen_in_pieces(answer: Answer, rewrite: &Rewrite, seen_by: Instant) -> Asked {
    let mut look = rewrite.blocks.sight().pieces();
    let (answer, seen) = answer.watched(look.as_mut(), seen_by).await;
    judged(answer, seen, &rewrite.blocks)
}

fn judged(answer: Answer, seen: Seen, blocks: &Blocks) -> Asked {
    match (seen, blocks) {
        (Seen::Failure, _) => Asked::Failed(Some(answer.came())),
        (Seen::Block, Blocks::AskReference(_)) => Asked::Blocked(answer.came()),
        (Seen::Block, Blocks::Reported(_)) | (Seen::Nothing | Seen::Reply, _) => {
            Asked::Answered(Box::new(answer))
        }
    }
}

/// An error status, which some providers have for a block.
async fn refused(worker: &Worker, answer: Answer, rewrite: &Rewrite) -> Asked {
    let may_be_block = [StatusCode::BAD_REQUEST, StatusCode::FORBIDDEN].contains(&answer.status());
    if !may_be_block {
        return Asked::Failed(Some(answer.came()));
    }
    let answer = held(worker, answer).await;
    match (look_at(&answer, rewrite), &rewrite.blocks, &rewrite.telling) {
        (Seen::Nothing | Seen::Reply | Seen::Failure, _, _) => Asked::Failed(Some(answer.came())),
        (Seen::Block, Blocks::AskReference(_), _) => Asked::Blocked(answer.came()),
        (Seen::Block, Blocks::Reported(_), Telling::AsItComes) => Asked::Answered(Box::new(answer)),
        (Seen::Block, Blocks::Reported(_), Telling::Anew(retell)) => {
            Asked::Answered(Box::new(answer.block(retell.as_ref())))
        }
    }
}

/// What a reply is that was held back; one that is longer than that is not looked at.
fn look_at(answer: &Answer, rewrite: &Rewrite) -> Seen {
    let sight = rewrite.blocks.sight();
    let body = answer.whole_body();
    body.map_or(Seen::Nothing, |body| sight.whole(answer.status(), answer.headers(), &body))
}
