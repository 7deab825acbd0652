//! Content codings: what a body says, behind what went over the wire.
//!
//! Bodies are mirrored as they travelled; only their readers undo the coding, and only up to a
//! limit, because a kilobyte can ask for a gigabyte.

use brotli_decompressor::Decompressor;
use exchange::Headers;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::{borrow::Cow, io::Read};

/// No body is longer than this when its codings are undone.
pub const DECODED_BYTES_MAX: usize = 64 << 20;
/// No body has more codings than this, one inside the other.
pub const CODINGS_MAX: usize = 3;
/// The window that RFC 9659 allows for `zstd` over HTTP: 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const BROTLI_BUFFER_BYTES: usize = 4096;

/// Why a body's content coding could not be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The coding is not one that we know.
    #[error("content coding `{0}` is unknown: gzip, deflate, br and zstd are read")]
    Unknown(String),
    /// Codings are nested too deep.
    #[error("body has more than {CODINGS_MAX} content codings")]
    TooMany,
    /// The decoded body is longer than the limit.
    #[error("body is longer than {max} bytes when decoded")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// The bytes are not what their coding says, or end too early.
    #[error("body is not valid {coding}, or ends too early")]
    Broken {
        /// The coding.
        coding: &'static str,
    },
}

/// The body with the codings of its `content-encoding` header undone.
///
/// # Errors
/// Any [`ContentError`].
pub fn decode<'a>(
    headers: &Headers,
    body: &'a [u8],
    bytes_max: usize,
) -> Result<Cow<'a, [u8]>, ContentError> {
    match decode_prefix(headers, body, bytes_max) {
        (decoded, None) => Ok(decoded),
        (_, Some(error)) => Err(error),
    }
}

/// What can be decoded of a body that may be cut off, and what stopped it, if anything did.
///
/// A reply that the client hung up on still says what was paid for until then.
#[must_use]
pub fn decode_prefix<'a>(
    headers: &Headers,
    body: &'a [u8],
    bytes_max: usize,
) -> (Cow<'a, [u8]>, Option<ContentError>) {
    let codings = match codings(headers) {
        Ok(codings) => codings,
        Err(error) => return (Cow::Borrowed(&[]), Some(error)),
    };
    let (mut decoded, mut stopped) = (Cow::Borrowed(body), None);
    for coding in codings.into_iter().rev() {
        let (inner, error) = coding.undo(&decoded, bytes_max);
        decoded = Cow::Owned(inner);
        stopped = stopped.or(error);
    }
    if decoded.len() > bytes_max {
        return (Cow::Borrowed(&[]), Some(ContentError::TooLong { max: bytes_max }));
    }
    (decoded, stopped)
}

#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// In the order in which they were applied; an empty body has none, whatever its header says.
fn codings(headers: &Headers) -> Result<Vec<Coding>, ContentError> {
    let mut codings = Vec::new();
    let values = headers.0.iter().filter(|(name, _)| name == "content-encoding");
    for name in values.flat_map(|(_, value)| value.split(',')).map(str::trim) {
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => codings.push(Coding::Gzip),
            "deflate" => codings.push(Coding::Deflate),
            "br" => codings.push(Coding::Brotli),
            "zstd" => codings.push(Coding::Zstd),
            unknown => return Err(ContentError::Unknown(unknown.chars().take(32).collect())),
        }
        if codings.len() > CODINGS_MAX {
            return Err(ContentError::TooMany);
        }
    }
    Ok(codings)
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn undo(self, body: &[u8], bytes_max: usize) -> (Vec<u8>, Option<ContentError>) {
        if body.is_empty() {
            return (Vec::new(), None);
        }
        match self {
            Self::Gzip => self.read(MultiGzDecoder::new(body), bytes_max),
            // The standard means zlib by `deflate`; half the world sends the bare stream.
            Self::Deflate if is_zlib(body) => self.read(ZlibDecoder::new(body), bytes_max),
            Self::Deflate => self.read(DeflateDecoder::new(body), bytes_max),
            Self::Brotli => self.read(Decompressor::new(body, BROTLI_BUFFER_BYTES), bytes_max),
            Self::Zstd => match zstd(body) {
                Ok(decoder) => self.read(decoder, bytes_max),
                Err(_) => (Vec::new(), Some(ContentError::Broken { coding: self.name() })),
            },
        }
    }

    fn read(self, decoder: impl Read, bytes_max: usize) -> (Vec<u8>, Option<ContentError>) {
        let mut decoded = Vec::new();
        let result = decoder.take(bytes_max as u64 + 1).read_to_end(&mut decoded);
        if decoded.len() > bytes_max {
            return (Vec::new(), Some(ContentError::TooLong { max: bytes_max }));
        }
        let error = result.err().map(|_| ContentError::Broken { coding: self.name() });
        (decoded, error)
    }
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..]
        if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

fn zstd(body: &[u8]) -> std::io::Result<zstd::stream::read::Decoder<'_, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}
