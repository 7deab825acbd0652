//! The wire form of an [`Event`]: published, never edited. A later form gets its own number, and the
//! earlier ones stay readable.
//!
//! Version 2 has one thing that version 1 cannot say: the `unused` reply of an exchange. An event is
//! written in the earliest version that can say it, so that most of a journal stays as it always was.
//!
//! ```text
//! "FS" | version (1, 2) | kind (1 exchange, 2 meter) | header length u32 LE | header (JSON)
//!      | per inline body, call before reply: length u64 LE | bytes
//! ```
//!
//! Bodies stay raw: JSON would cost a third more space, and bytes that are not text would not fit.

use crate::{
    Body, Capture, Conversation, Declared, Event, Exchange, ExchangeId, Headers, Meter, Origin,
    RawCall, RawReply, Served, Timestamp, Unused,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// No event is longer than this, so that a broken length cannot ask for all memory.
pub const EVENT_BYTES_MAX: usize = 256 << 20;

const MAGIC: &[u8; 2] = b"FS";
const VERSION_FIRST: u8 = 1;
const VERSION_UNUSED: u8 = 2;
const KIND_EXCHANGE: u8 = 1;
const KIND_METER: u8 = 2;
const PREFIX_BYTES: usize = 8;
/// Room for the header of a usual exchange, so that it is not moved while it is written.
const HEADER_BYTES_USUAL: usize = 2 << 10;

/// Why bytes are not an event of these versions.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The first bytes are not ours.
    #[error("not a foreshadow event: the record does not begin with `FS`")]
    Magic,
    /// Written by a newer Foreshadow.
    #[error("event version {0} is newer than this program reads (2): upgrade the worker first")]
    Version(u8),
    /// A kind that no version has.
    #[error("event kind {0} is unknown")]
    Kind(u8),
    /// The record ends too early, or goes on after its end.
    #[error("event is {have} bytes long where its lengths ask for {want}")]
    Length {
        /// Bytes that the lengths inside ask for.
        want: usize,
        /// Bytes that are there.
        have: usize,
    },
    /// The header is not the JSON that it should be.
    #[error("event header: {0}")]
    Header(#[from] serde_json::Error),
}

impl Event {
    /// Writes the event in the earliest form that can say it.
    ///
    /// # Errors
    /// [`WireError::Length`] if it would be longer than [`EVENT_BYTES_MAX`].
    pub fn to_bytes(&self) -> Result<Bytes, WireError> {
        match self {
            Self::Exchange(exchange) => {
                let mut header = Vec::with_capacity(HEADER_BYTES_USUAL);
                serde_json::to_writer(&mut header, &Header::of(exchange))?;
                let bodies = [&exchange.call.body, &exchange.reply.body];
                let version =
                    if exchange.unused.is_some() { VERSION_UNUSED } else { VERSION_FIRST };
                let bodies = bodies.into_iter().filter_map(Body::inline);
                frame([version, KIND_EXCHANGE], &header, bodies)
            }
            Self::Meter(meter) => {
                let header = serde_json::to_vec(meter)?;
                frame([VERSION_FIRST, KIND_METER], &header, std::iter::empty())
            }
        }
    }

    /// Reads an event; bodies share the memory of `bytes`.
    ///
    /// # Errors
    /// Any [`WireError`]: the bytes are foreign, newer, cut or altered.
    pub fn from_bytes(mut bytes: Bytes) -> Result<Self, WireError> {
        if bytes.len() < PREFIX_BYTES {
            return Err(WireError::Length { want: PREFIX_BYTES, have: bytes.len() });
        }
        if bytes.split_to(2) != MAGIC[..] {
            return Err(WireError::Magic);
        }
        match (bytes.get_u8(), bytes.get_u8()) {
            (VERSION_FIRST | VERSION_UNUSED, KIND_EXCHANGE) => read_exchange(bytes),
            (VERSION_FIRST | VERSION_UNUSED, KIND_METER) => {
                let header = take_header(&mut bytes)?;
                finished(&bytes)?;
                Ok(Self::Meter(serde_json::from_slice::<Meter>(&header)?))
            }
            (VERSION_FIRST | VERSION_UNUSED, kind) => Err(WireError::Kind(kind)),
            (version, _) => Err(WireError::Version(version)),
        }
    }
}

fn frame<'a>(
    version_and_kind: [u8; 2],
    header: &[u8],
    bodies: impl Iterator<Item = &'a Bytes> + Clone,
) -> Result<Bytes, WireError> {
    let length = bodies.clone().map(|body| 8 + body.len()).sum::<usize>() + header.len();
    let length = length + PREFIX_BYTES;
    let too_long = WireError::Length { want: length, have: EVENT_BYTES_MAX };
    let Ok(header_length) = u32::try_from(header.len()) else { return Err(too_long) };
    if length > EVENT_BYTES_MAX {
        return Err(too_long);
    }
    let mut out = BytesMut::with_capacity(length);
    out.put_slice(MAGIC);
    out.put_slice(&version_and_kind);
    out.put_u32_le(header_length);
    out.put_slice(header);
    for body in bodies {
        out.put_u64_le(body.len() as u64);
        out.put_slice(body);
    }
    Ok(out.freeze())
}

fn read_exchange(mut bytes: Bytes) -> Result<Event, WireError> {
    let header = serde_json::from_slice::<Header<'_>>(&take_header(&mut bytes)?)?;
    let call_body = take_body(header.call_body, &mut bytes)?;
    let reply_body = take_body(header.reply_body, &mut bytes)?;
    finished(&bytes)?;
    Ok(Event::Exchange(Box::new(Exchange {
        id: header.id,
        observed_at: header.observed_at,
        origin: header.origin.into_owned(),
        provider: header.provider.into_owned(),
        declared: header.declared.into_owned(),
        conversation: header.conversation.into_owned(),
        call: RawCall {
            method: header.method.into_owned(),
            path: header.path.into_owned(),
            headers: header.call_headers.into_owned(),
            body: call_body,
        },
        reply: RawReply {
            status: header.status,
            headers: header.reply_headers.into_owned(),
            body: reply_body,
        },
        capture: header.capture,
        served: header.served.into_owned(),
        unused: header.unused.map(|unused| Box::new(unused.into_owned())),
        latency_us: header.latency_us,
        ttft_us: header.ttft_us,
        redacted: header.redacted,
    })))
}

fn take_header(bytes: &mut Bytes) -> Result<Bytes, WireError> {
    take(bytes, 4).map(|mut length| length.get_u32_le() as usize).and_then(|n| take(bytes, n))
}

fn take_body(body: BodyPlace<'_>, bytes: &mut Bytes) -> Result<Body, WireError> {
    match body {
        BodyPlace::External { key, digest, length } => {
            Ok(Body::External { key: key.into_owned(), digest: digest.into_owned(), length })
        }
        BodyPlace::Inline => {
            let length = take(bytes, 8)?.get_u64_le();
            take(bytes, usize::try_from(length).unwrap_or(usize::MAX)).map(Body::Inline)
        }
    }
}

fn take(bytes: &mut Bytes, count: usize) -> Result<Bytes, WireError> {
    if bytes.len() < count {
        return Err(WireError::Length { want: count, have: bytes.len() });
    }
    Ok(bytes.split_to(count))
}

fn finished(rest: &Bytes) -> Result<(), WireError> {
    if rest.is_empty() { Ok(()) } else { Err(WireError::Length { want: 0, have: rest.len() }) }
}

/// The JSON header of an exchange. Its fields are the published format: `schemas/exchange.v1.json`, and
/// `exchange.v2.json` where there is an `unused` reply. Written, it borrows the exchange; read, it owns
/// what it holds.
#[derive(Serialize, Deserialize)]
struct Header<'e> {
    id: ExchangeId,
    observed_at: Timestamp,
    origin: Cow<'e, Origin>,
    provider: Cow<'e, str>,
    declared: Cow<'e, Declared>,
    conversation: Cow<'e, Conversation>,
    method: Cow<'e, str>,
    path: Cow<'e, str>,
    call_headers: Cow<'e, Headers>,
    call_body: BodyPlace<'e>,
    status: u16,
    reply_headers: Cow<'e, Headers>,
    reply_body: BodyPlace<'e>,
    capture: Capture,
    served: Cow<'e, Served>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unused: Option<Cow<'e, Unused>>,
    latency_us: u64,
    ttft_us: Option<u64>,
    redacted: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BodyPlace<'e> {
    Inline,
    External { key: Cow<'e, str>, digest: Cow<'e, str>, length: u64 },
}

impl<'e> BodyPlace<'e> {
    fn of(body: &'e Body) -> Self {
        match body {
            Body::Inline(_) => Self::Inline,
            Body::External { key, digest, length } => Self::External {
                key: Cow::Borrowed(key),
                digest: Cow::Borrowed(digest),
                length: *length,
            },
        }
    }
}

impl<'e> Header<'e> {
    fn of(exchange: &'e Exchange) -> Self {
        Self {
            id: exchange.id,
            observed_at: exchange.observed_at,
            origin: Cow::Borrowed(&exchange.origin),
            provider: Cow::Borrowed(&exchange.provider),
            declared: Cow::Borrowed(&exchange.declared),
            conversation: Cow::Borrowed(&exchange.conversation),
            method: Cow::Borrowed(&exchange.call.method),
            path: Cow::Borrowed(&exchange.call.path),
            call_headers: Cow::Borrowed(&exchange.call.headers),
            call_body: BodyPlace::of(&exchange.call.body),
            status: exchange.reply.status,
            reply_headers: Cow::Borrowed(&exchange.reply.headers),
            reply_body: BodyPlace::of(&exchange.reply.body),
            capture: exchange.capture,
            served: Cow::Borrowed(&exchange.served),
            unused: exchange.unused.as_deref().map(Cow::Borrowed),
            latency_us: exchange.latency_us,
            ttft_us: exchange.ttft_us,
            redacted: exchange.redacted,
        }
    }
}
