//! The live path: a call goes to the provider that its path names, the reply comes back, and a copy of
//! both is left at the mirror.
//!
//! ```text
//! listen ─► serve ─┬─► forward ─────────────► pool ─► provider     pass-through: nothing is read
//!                  └─► live: ahead ─► plan ─► pool ─► candidate    a live category; fallback: reference
//! client ◄─ answer ◄─────────────────────────────┘
//!              └─ capture ─► Mirror::offer                          on end or drop, never awaited
//! ```
//!
//! It never parses, decompresses, redirects, retries what may have been acted on, reads the
//! environment, or waits for anything downstream of [`Mirror::offer`]. The policy, the categories and
//! the dialects are behind [`Steer`]; the journal is behind [`Mirror`]. A metrics recorder must be
//! installed before [`Proxy::run`], which looks its handles up once.
//!
//! # Where axum ends and hyper begins
//!
//! There is no axum here. A bare pass-through was put between raw sockets, case by case of the list
//! that linkerd2-proxy calls transparency (`tests/proxy/transparency.rs`), and what is needed to pass
//! lies below axum: `axum::serve` gives no hand on hyper's connection builder, and so none on the
//! spelling of header names, on the `date` that is added to replies, on the time a head may take, or
//! on the runtime that a connection lives on; its router has a say in paths that are the provider's.
//! hyper-util's pooled client is left out as well: it takes a request apart to normalise it, and hands
//! connections across threads. So: hyper's server, hyper's client connection, a pool of our own, and
//! one `current_thread` runtime for each core. axum serves the admin listener, where none of this
//! matters.
//!
//! # Which version of HTTP
//!
//! A client is told by its first bytes, or by what TLS agreed on (`listen::door`). A client of HTTP/1.1
//! is forwarded in HTTP/1.1, whatever its provider would rather speak, so that the spelling of names is
//! what it would have been without us. A client of HTTP/2 is forwarded in HTTP/2 where the provider
//! agrees on it in TLS or is known to speak it without ([`Http2`]), else in HTTP/1.1. So a head crosses
//! versions in one direction only, and its reply in the other (`headers::http2`): `:authority` becomes
//! `host`, cookies become one field, and of the reply what HTTP/2 forbids is dropped.
//!
//! A connection of HTTP/1.1 pays for this with one more read when it opens and nothing for a call. One
//! of HTTP/2 gets a clock of its own (`link::traffic`), because hyper lets it lie idle for ever.
//!
//! # Where a provider is
//!
//! Each new connection looks the name up again, by the system's resolver or one that is given
//! ([`Resolver`]), and tries the addresses one after the other, the families by turns; one that is
//! silent for [`Limits::next_address_after`] is not waited for alone (`pool::reach`). A connection that
//! is old takes no further call ([`Limits::connection_age_max`]; nginx calls it `keepalive_time`), so
//! that a provider which moves is followed however busy its connections are. Nothing here reads the
//! variables that name a proxy: there is none between us and a provider, unless the provider is said to be
//! behind one ([`Upstream::through`]).
//!
//! # Who stands still
//!
//! A body that neither comes nor ends, of a call or of a reply, and a client that does not read, would
//! hold two connections for ever: `patience` ends them, so that nothing looks finished, and counts each
//! under its limit ([`Limits`]). One byte in time is enough to go on. A stream of HTTP/2 whose client
//! does not read it is not ended: it takes [`Limits::http2_window_bytes`] and one of the client's
//! [`Limits::http2_streams_max`], and no more.
//!
//! # What hyper keeps, and how
//!
//! - The spelling of header names, with `preserve_header_case` on both sides: it travels in the
//!   message's extensions, which are therefore handed on. The order of fields, as long as none is
//!   removed in place (an `http::HeaderMap` fills a gap with its last field), so maps are rebuilt.
//! - Values byte for byte, 8-bit ones too (blanks around them go); reasons of a provider's own.
//! - Framing by length or in chunks; `content-length: 0`; the length of a reply to HEAD. Of a 304 it
//!   drops the length unless the body claims it, so ours claims it and sends nothing.
//! - A body that fails is closed without its end, so it looks dead. But what was read just before is
//!   thrown away unless it was flushed, so the failure waits for one more poll. A reply to HTTP/1.0
//!   that ends with its connection would look finished: that connection is reset.
//! - Of HTTP/2: trailers both ways, and replies that are nothing else; the flow of each stream, so that
//!   a slow reader holds up its own provider and nobody else; the reset of a stream, which cancels the
//!   call on the other side. A stream that is reset without an error it takes for one that ended; the
//!   body looks again (`body::Inflow`).
//!
//! # What hyper does not keep
//!
//! - Fields of one name stand together, at the place of the first. Fields of ours (`te`, stamps) come
//!   last, in lower case; so do trailers.
//! - Trailers of HTTP/1.1 pass only where `trailer` announces them, and down only where the client said
//!   `te: trailers`.
//! - Chunk boundaries and chunk extensions: each read becomes a chunk. A reply that ends with its
//!   connection is chunked for an HTTP/1.1 client.
//! - `1xx` replies: a 103 is dropped. A 100 is asked of the provider first (see `body::Gate`), and
//!   given to the client when its body is wanted. A client of HTTP/2 never gets one: it sends its body
//!   when it likes, as it may.
//! - The `content-length` of a 204 and the `transfer-encoding` of a reply to HEAD; one of two equal
//!   lengths; a length beside `transfer-encoding`, which we drop, because hyper throws such a reply away.
//! - What no path may have (RFC 3986): a raw `<`, `>`, `` ` ``, an 8-bit byte that is no UTF-8, `"` in a
//!   query are a 400, and what follows a `#` is cut off by the parser, before we see it.
//! - A call with a transfer coding besides `chunked`, which two readers may take for two things: 501.
//! - What it cannot parse it answers alone, without a body: 400, 414, 431. That is replaced by an error of
//!   ours (`downstream/bare.rs`), except for an HTTP/2 head of over twice the limit: a bare 431.
//! - A client of HTTP/1.1 that closes its sending side is taken for gone. A reset of
//!   a connection is passed on either way, where both connections carry this call alone.
//! - What an HTTP/2 client with a closed window has not taken yet when its provider dies: its stream is
//!   reset, and what waits for it is thrown away.
//! - Pushes, priorities, pings of either side, and extended CONNECT (WebSocket over HTTP/2).

mod answer;
mod body;
mod budget;
mod capture;
mod config;
mod downstream;
mod error;
mod forward;
mod guard;
mod headers;
mod link;
mod listen;
mod live;
pub mod meters;
mod mirror;
mod pages;
mod patience;
mod pool;
mod refusal;
mod resolve;
mod route;
mod serve;
mod steer;
mod transport;
mod tunnel;
mod upstream;

pub use capture::{Captured, UnusedReply};
pub use config::{Certificate, Config, Limits, Listen};
pub use error::Error;
pub use headers::{declared, recorded_call};
pub use listen::{Deps, Proxy, Running};
pub use mirror::{Mirror, NoMirror, Offer, Queue, QueueLimits, ShedReason, Tally};
pub use pages::small_pages;
pub use resolve::Resolver;
pub use steer::{
    Answered, Blocks, Bond, CallHead, Key, Look, Observation, Placed, Planned, Priced, Retell,
    RetellStream, Rewrite, Seen, Sight, Steer, Telling,
};
pub use upstream::{ErrorBody, Http2, Upstream};
