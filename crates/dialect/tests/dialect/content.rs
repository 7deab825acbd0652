//! Content codings.

use crate::golden::headers;
use dialect::{
    Dialect,
    content::{ContentError, decode, decode_prefix},
};
use flate2::{Compression, write};
use proptest::prelude::*;
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn bare_deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

/// A Brotli stream of one stored block (RFC 7932, section 9.2): a window of 16 bits, a metablock
/// that is not compressed, an empty last one.
fn brotli(text: &[u8]) -> Vec<u8> {
    assert!((1..=1 << 16).contains(&text.len()));
    let length = u32::try_from(text.len() - 1).unwrap();
    // Bits, lowest first: window 0 · not last 0 · four nibbles 00 · length - 1 in 16 bits · stored 1.
    let head = (length << 4) | (1 << 20);
    [&head.to_le_bytes()[..3], text, &[0b11]].concat()
}

fn check(coding: &str, body: &[u8], expected: &[u8]) {
    let headers = headers(&[("content-encoding", coding)]);
    assert_eq!(decode(&headers, body, 1 << 20).as_deref(), Ok(expected), "{coding}");
}

#[test]
fn every_coding_is_undone() {
    let text = b"{\"model\":\"m\"}";
    check("gzip", &gzip(text), text);
    check("X-GZIP", &gzip(text), text);
    check("deflate", &zlib(text), text);
    check("deflate", &bare_deflate(text), text);
    check("zstd", &zstd(text), text);
    check("br", &brotli(text), text);
    check("identity", text, text);
    check("gzip, zstd", &zstd(&gzip(text)), text);
    check("gzip", &[gzip(b"two "), gzip(b"members")].concat(), b"two members");
    check("gzip", b"", b"");
}

#[test]
fn codings_over_several_header_lines_are_one_list() {
    let body = zstd(&gzip(b"x"));
    let headers = headers(&[("content-encoding", "gzip"), ("content-encoding", "zstd")]);
    assert_eq!(decode(&headers, &body, 100).as_deref(), Ok(&b"x"[..]));
}

#[test]
fn bombs_are_refused() {
    let bomb = vec![0; 4 << 20];
    let cases = [("gzip", gzip(&bomb)), ("deflate", zlib(&bomb)), ("zstd", zstd(&bomb))];
    for (coding, body) in cases {
        assert!(body.len() < 8 << 10, "{coding} compresses it");
        let headers = headers(&[("content-encoding", coding)]);
        let result = decode(&headers, &body, 1 << 20);
        assert_eq!(result, Err(ContentError::TooLong { max: 1 << 20 }), "{coding}");
    }
    let plain = decode(&headers(&[]), &bomb, 1 << 20);
    assert_eq!(plain, Err(ContentError::TooLong { max: 1 << 20 }));
}

#[test]
fn unknown_nested_and_broken_codings_are_refused() {
    let refusal = |coding: &str, body: &[u8]| {
        decode(&headers(&[("content-encoding", coding)]), body, 1 << 20).unwrap_err()
    };
    assert_eq!(refusal("lzma", b"x"), ContentError::Unknown("lzma".into()));
    assert_eq!(refusal("gzip,gzip,gzip,gzip", b"x"), ContentError::TooMany);
    for coding in ["gzip", "deflate", "br", "zstd"] {
        assert!(matches!(refusal(coding, b"not this"), ContentError::Broken { .. }), "{coding}");
    }
    let whole = gzip(b"some text");
    assert_eq!(refusal("gzip", &whole[..whole.len() - 1]), ContentError::Broken { coding: "gzip" });
}

/// A reply that the client hung up on is read as far as it goes, and is not complete.
#[test]
fn a_cut_stream_still_says_what_was_written() {
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::default());
    for _ in 0..3 {
        encoder.write_all(chunk.as_bytes()).unwrap();
        encoder.flush().unwrap();
    }
    let cut = encoder.get_ref().clone();
    let headers = headers(&[("content-encoding", "gzip"), ("content-type", "text/event-stream")]);
    let reply = Dialect::OpenAi.read_reply(200, &headers, &cut);
    assert_eq!(reply.text.as_deref(), Some("word word word "));
    assert!(!reply.complete);
}

#[test]
fn calls_are_decoded_before_they_are_read() {
    let body = gzip(br#"{"model":"m","messages":[]}"#);
    let read = |coding: &str| {
        let headers = headers(&[("content-encoding", coding)]);
        Dialect::OpenAi.read_call("POST", "/v1/chat/completions", &headers, &body)
    };
    assert_eq!(read("gzip").model.as_deref(), Some("m"));
    assert_eq!(read("br").unreplayable, ["body"]);
}

proptest! {
    #[test]
    fn whatever_the_bytes_decoding_stays_within_its_limit(
        body in prop::collection::vec(any::<u8>(), 0..300),
        coding in prop_oneof!["gzip", "deflate", "br", "zstd", "gzip, br"],
    ) {
        let headers = headers(&[("content-encoding", &coding)]);
        let (decoded, _) = decode_prefix(&headers, &body, 1000);
        prop_assert!(decoded.len() <= 1000);
    }

    #[test]
    fn what_was_encoded_is_decoded(text in prop::collection::vec(any::<u8>(), 1..2000)) {
        check("gzip", &gzip(&text), &text);
        check("deflate", &zlib(&text), &text);
        check("zstd", &zstd(&text), &text);
        check("br", &brotli(&text), &text);
    }
}
