//! What holds of every reply, whatever its bytes. The fuzz target `reply` compiles this very file.

use crate::message::Message;
use dialect::{
    Dialect,
    content::{decode, decode_prefix},
};
use exchange::{Call, Reply};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

/// No more of a provider's words is kept as an error than this.
const ERROR_CHARS_MAX: usize = 500;
/// Less than a small bomb says.
const DECODED_BYTES_MAX: usize = 64 << 10;

/// It is read, as it is or compressed; nothing is made up, and no limit is passed.
pub(crate) fn reply_law(data: &[u8]) {
    let message = Message::read(data);
    let status = message.first_line.trim().parse().unwrap_or(200);
    decoding_law(&message);
    for dialect in Dialect::ALL {
        let reply = dialect.read_reply(status, &message.headers, message.body);
        reading_law(dialect, status, &reply);
        if !message.is_coded() {
            stream_law(dialect, status, &message, &reply);
            coding_law(dialect, status, &message, &reply);
        }
    }
}

fn reading_law(dialect: Dialect, status: u16, reply: &Reply) {
    assert!(status < 400 || reply.error.is_some(), "an error says so");
    let ended = reply.error.is_none() && reply.finish_reason.is_some();
    assert!(ended || !reply.complete, "{reply:?}");
    let error = reply.error.as_deref().unwrap_or_default();
    assert!(error.chars().count() <= ERROR_CHARS_MAX, "{error}");
    for text in [&reply.text, &reply.refusal, &reply.model] {
        assert!(text.as_deref() != Some(""), "an empty text is none");
    }
    let usage = dialect.usage_or_estimate(&Call::default(), reply);
    let cached = usage.cached_tokens.checked_add(usage.cache_write_tokens);
    assert!(cached.is_some_and(|cached| cached <= usage.input_tokens), "{usage:?}");
    assert!(usage.reasoning_tokens <= usage.output_tokens, "{usage:?}");
}

/// Decoding stays within its limit, and what fits is the same whatever the limit is.
fn decoding_law(message: &Message<'_>) {
    let (prefix, stopped) = decode_prefix(&message.headers, message.body, DECODED_BYTES_MAX);
    assert!(prefix.len() <= DECODED_BYTES_MAX);
    match decode(&message.headers, message.body, DECODED_BYTES_MAX) {
        Ok(decoded) => {
            assert_eq!((&decoded, &stopped), (&prefix, &None));
            let more = decode(&message.headers, message.body, 2 * DECODED_BYTES_MAX);
            assert_eq!(more.as_deref(), Ok(&*decoded));
        }
        Err(error) => assert_eq!(stopped, Some(error)),
    }
}

/// A whole stream says what its pieces say.
fn stream_law(dialect: Dialect, status: u16, message: &Message<'_>, reply: &Reply) {
    let kind = message.headers.get("content-type").unwrap_or_default();
    if status >= 400 || !kind.to_ascii_lowercase().starts_with("text/event-stream") {
        return;
    }
    let mut reader = dialect.stream();
    message.body.chunks(7).for_each(|piece| reader.push(piece));
    assert_eq!(&reader.finish(), reply);
}

/// Compressed it is the same reply, and cut it is never a whole one.
fn coding_law(dialect: Dialect, status: u16, message: &Message<'_>, reply: &Reply) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(message.body).expect("a vector takes all");
    let coded = encoder.finish().expect("a vector takes all");
    let headers = message.with("content-encoding", "gzip");
    assert_eq!(&dialect.read_reply(status, &headers, &coded), reply);
    let at = message.body.len() % coded.len();
    assert!(!dialect.read_reply(status, &headers, &coded[..at]).complete, "cut at {at}");
}
