//! A provider's reply on its way to the client: its head as it came, and how far its body was read.

use crate::{
    body::{Inflow, ReplyBody, Rest, Source},
    budget::Share,
    capture::{CallSide, Came, Head, Opened},
    headers::{self, Upgrading},
    meters::UnreadMeters,
    patience::Rule,
    pool::Lease,
    serve::Client,
    steer::{Look, Retell, RetellStream, Seen},
};
use bytes::{Bytes, BytesMut};
use exchange::Served;
use http::{Extensions, HeaderMap, Response, StatusCode, header};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::{collections::VecDeque, future::poll_fn, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// No more of a reply is read ahead to see whether a content policy stopped it: one that it stops at its
/// start has a head with what the provider's filters found, and nothing else.
const WATCHED_BYTES_MAX: usize = 64 << 10;
/// How long after its first piece that may take.
const WATCHED_MAX: Duration = Duration::from_secs(1);

/// The reply of whoever answered.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    extensions: Extensions,
    ahead: VecDeque<Frame<Bytes>>,
    rest: Rest,
    announced: Option<u64>,
    share: Option<Share>,
}

impl Answer {
    /// A reply whose head has arrived. `side` tells when the call has gone out entirely; `idle` is how
    /// long its body may stand still.
    pub(crate) fn begun(
        response: Response<Incoming>,
        lease: Lease,
        side: Arc<CallSide>,
        idle: &Arc<Rule>,
    ) -> Self {
        let (parts, incoming) = response.into_parts();
        let incoming = Inflow::new(incoming, parts.version, idle);
        let bare = parts.status == StatusCode::NOT_MODIFIED && incoming.is_end_stream();
        Self {
            status: parts.status,
            announced: if bare { length(&parts.headers) } else { None },
            headers: parts.headers,
            extensions: parts.extensions,
            ahead: VecDeque::new(),
            rest: Rest::Upstream(Box::new(Source::new(incoming, lease, side))),
            share: None,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether the whole reply is one JSON document: the kind that is held back to be priced.
    pub(crate) fn is_document(&self) -> bool {
        let kind = self.headers.get(header::CONTENT_TYPE);
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
    }

    /// Whether the provider broke off before anything was handed to the client.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.rest, Rest::Broken)
    }

    /// Reads the first frame of the body.
    pub(crate) async fn first_frame(mut self) -> Self {
        self.read_frame().await;
        self
    }

    /// Reads the body, as far as `bytes_max`, or as `share` can hold it.
    pub(crate) async fn held(
        mut self,
        bytes_max: usize,
        mut share: Share,
        unread: &UnreadMeters,
    ) -> Self {
        let mut bytes = 0;
        while let Some(more) = self.read_frame().await {
            bytes += more;
            let past = if bytes > bytes_max {
                &unread.reply_bytes
            } else if share.take(more) {
                continue;
            } else {
                &unread.total_bytes
            };
            if !self.rest.has_ended() {
                past.increment(1);
            }
            break;
        }
        self.share = Some(share);
        self
    }

    /// Reads ahead until `look` has seen what the reply is, but not for long, and not past `ends`: of one
    /// that is slow or long it stays open, and of one that is packed. A reply that ends before it said
    /// anything is a failure.
    pub(crate) async fn watched(mut self, look: &mut dyn Look, ends: Instant) -> (Self, Seen) {
        let mut bytes = 0;
        let mut more = self.read_frame().await;
        if self.headers.contains_key(header::CONTENT_ENCODING) {
            return (self, Seen::Nothing);
        }
        let ends = ends.min(Instant::now() + WATCHED_MAX);
        while let Some(read) = more {
            bytes += read;
            let part = self.ahead.back().and_then(Frame::data_ref);
            match part.map_or(Seen::Nothing, |part| look.push(part)) {
                Seen::Nothing if bytes <= WATCHED_BYTES_MAX => {}
                seen @ (Seen::Nothing | Seen::Reply | Seen::Block | Seen::Failure) => {
                    return (self, seen);
                }
            }
            more = match timeout_at(ends, self.read_frame()).await {
                Ok(more) => more,
                Err(_) => return (self, Seen::Nothing),
            };
        }
        (self, Seen::Failure)
    }

    /// A reply of our own making: the candidate's block, as its caller's dialect says it.
    pub(crate) fn block(self, retell: &dyn Retell) -> Self {
        let ahead = VecDeque::from([Frame::data(retell.block())]);
        let headers = retell.head();
        Self { status: StatusCode::OK, headers, ahead, rest: Rest::End, ..self }
    }

    /// The body, if it has been read to its end.
    pub(crate) fn whole_body(&self) -> Option<Bytes> {
        self.rest.has_ended().then(|| self.body_so_far())
    }

    /// What has come of it by now, for who has to say what it took.
    pub(crate) fn came(&self) -> Came {
        Came {
            status: self.status,
            head: Head::of(&self.headers),
            body: self.body_so_far(),
            is_whole: self.rest.has_ended(),
        }
    }

    fn body_so_far(&self) -> Bytes {
        let mut body = BytesMut::new();
        for chunk in self.ahead.iter().filter_map(Frame::data_ref) {
            body.extend_from_slice(chunk);
        }
        body.freeze()
    }

    /// Drops from the head what speaks of our account at a candidate's provider.
    pub(crate) fn without_our_account(mut self) -> Self {
        self.headers = headers::without_our_account(&self.headers);
        self
    }

    /// The reply told anew, once it is here to its end; what had come where it is not, or cannot be
    /// told.
    pub(crate) fn told_whole(self, retell: &dyn Retell) -> Result<Self, Came> {
        let body = self.whole_body();
        let Some(told) = body.and_then(|body| retell.whole(self.status, &self.headers, &body))
        else {
            return Err(self.came());
        };
        let ahead = VecDeque::from([Frame::data(told)]);
        // Its provider's own fields speak of other bytes.
        Ok(Self { headers: retell.head(), ahead, rest: Rest::End, ..self })
    }

    /// The reply told anew while it comes, from its first byte that says something; what had come where
    /// none of it does.
    pub(crate) async fn told(
        self,
        mut stream: Box<dyn RetellStream>,
        head: HeaderMap,
    ) -> Result<Self, Came> {
        let parts = self.ahead.iter().filter_map(Frame::data_ref).map(|part| stream.push(part));
        let mut ahead: VecDeque<Bytes> = parts.collect();
        let is_broken = self.is_broken();
        let (heard, headers) = (self.ahead, self.headers);
        let rest = match self.rest {
            Rest::Upstream(source) => Rest::Upstream(Box::new(source.told(stream))),
            Rest::End => {
                ahead.push_back(stream.finish());
                Rest::End
            }
            Rest::Broken => Rest::Broken,
        };
        let ahead = ahead.into_iter().filter(|part| !part.is_empty()).map(Frame::data).collect();
        let told = Self { headers: head, ahead, rest, ..self };
        let told = if told.ahead.is_empty() { told.first_frame().await } else { told };
        if is_broken || told.ahead.is_empty() {
            return Err(Self { ahead: heard, headers, ..told }.came());
        }
        Ok(told)
    }

    /// Hands the reply over, with `stamps` of ours in its head.
    pub(crate) fn hand_over(
        self,
        opened: Opened,
        mut client: Client,
        served: Served,
        stamps: HeaderMap,
    ) -> Response<ReplyBody> {
        client.note_answer(served.route, self.status);
        let replying = opened.answered(self.status, &self.headers, served);
        let mut head = client.link.head(headers::for_client(self.headers, Upgrading::No));
        head.extend(stamps);
        let body = ReplyBody::new(self.ahead, self.rest, replying, client.in_flight);
        // HTTP/2 says by a flag that no body comes, and keeps the length of a 304 by itself.
        let announced = self.announced.filter(|_| !client.link.is_http2());
        let body = body.announcing(announced).breaking(client.link.breaking()).sharing(self.share);
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = head;
        *response.extensions_mut() = self.extensions;
        response
    }

    /// Reads a frame; its bytes, or `None` at the end or the break.
    async fn read_frame(&mut self) -> Option<usize> {
        let Rest::Upstream(source) = &mut self.rest else { return None };
        if source.has_ended() {
            return None;
        }
        match poll_fn(|context| source.poll_frame(context)).await {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                self.ahead.push_back(frame);
                Some(bytes)
            }
            Some(Err(_)) => {
                self.rest = Rest::Broken;
                None
            }
            None => {
                if let Rest::Upstream(source) = std::mem::replace(&mut self.rest, Rest::End) {
                    source.give_back();
                }
                None
            }
        }
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
