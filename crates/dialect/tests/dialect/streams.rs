//! Streams cut anywhere, and server-sent events by the letter of their standard.

use crate::{golden, laws};
use dialect::{Dialect, sse};
use proptest::prelude::*;
use std::fs;

/// How each form says that a stream has ended.
const ENDS: [&str; 5] =
    ["[DONE]", "message_stop", "\"finishReason\"", "response.completed", "response.incomplete"];

fn cases() -> Vec<(String, Dialect, Vec<u8>)> {
    let case = |path: std::path::PathBuf| {
        let dialect = golden::dialect(&golden::json(&path.with_extension("expect")));
        (path.display().to_string(), dialect, fs::read(&path).unwrap())
    };
    golden::files("replies", ".sse").into_iter().map(case).collect()
}

/// Exhaustive, not sampled: a cut that breaks is often one inside a character or a line end.
#[test]
fn every_golden_stream_cut_at_every_byte_gives_the_same_reply() {
    for (name, dialect, stream) in cases() {
        let whole = laws::read(dialect, [&stream[..]]);
        for at in 0..=stream.len() {
            let (head, tail) = stream.split_at(at);
            assert_eq!(laws::read(dialect, [head, tail]), whole, "{name} cut at {at}");
        }
        assert_eq!(laws::read(dialect, stream.chunks(1)), whole, "{name} byte by byte");
    }
}

/// No prefix of a stream may pass for the whole: that is how a dead upstream becomes a good reply.
#[test]
fn no_proper_prefix_of_a_whole_stream_is_complete() {
    for (name, dialect, stream) in cases() {
        let place = |end: &&str| stream.windows(end.len()).position(|it| it == end.as_bytes());
        let end = ENDS.iter().filter_map(place).min();
        for at in 0..end.unwrap_or(stream.len()) {
            assert!(!laws::read(dialect, [&stream[..at]]).complete, "{name} up to {at}");
        }
    }
}

#[test]
fn line_ends_of_all_three_kinds_give_the_same_events() {
    let unix = "event: a\ndata: one\ndata: two\n\n: comment\n\ndata:three\n\n";
    let expected = laws::events([unix.as_bytes()]);
    assert_eq!(
        expected,
        [(b"a".to_vec(), b"one\ntwo".to_vec()), (b"".to_vec(), b"three".to_vec())]
    );
    for end in ["\r\n", "\r"] {
        let other = unix.replace('\n', end);
        assert_eq!(laws::events([other.as_bytes()]), expected, "{end:?}");
    }
}

#[test]
fn events_follow_the_standard() {
    let cases: [(&str, &[&str]); 9] = [
        ("data: x\n\n", &["x"]),
        ("data:x\n\n", &["x"]),
        ("data:  x\n\n", &[" x"]),
        ("data\n\n", &[""]),
        ("event: named\n\n", &[]),
        ("data: unfinished\n", &[]),
        ("\u{feff}data: x\n\n", &["x"]),
        ("id: 1\nretry: 5\nunknown: y\ndata: x\n\n", &["x"]),
        ("data: x\n\ndata: y\n\n", &["x", "y"]),
    ];
    for (stream, expected) in cases {
        let data: Vec<Vec<u8>> =
            laws::events([stream.as_bytes()]).into_iter().map(|(_, data)| data).collect();
        let expected: Vec<Vec<u8>> = expected.iter().map(|text| text.as_bytes().to_vec()).collect();
        assert_eq!(data, expected, "{stream:?}");
    }
}

/// The dropped event is remembered, and the one after it is read again.
#[test]
fn an_event_without_end_is_dropped_and_the_reply_is_not_complete() {
    let (mut parser, mut seen) = (sse::Parser::default(), Vec::new());
    let mut each = |event: sse::Event<'_>| seen.push(event.data.to_vec());
    let line = [b"data: ", &[b'x'; 1 << 20][..], b"\n"].concat();
    for _ in 0..20 {
        parser.push(&line, &mut each);
    }
    parser.push(b"data: late\n\ndata: next\n\n", &mut each);
    assert!(parser.overflowed());
    assert_eq!(seen, [b"next"]);
}

fn line() -> impl Strategy<Value = String> {
    let value = prop_oneof!["[ -~]{0,12}", "\\PC{0,6}"];
    (prop_oneof!["data", "event", "", "id", "x"], value)
        .prop_map(|(name, value)| format!("{name}:{value}"))
}

/// A stream in pieces of these sizes, over and over.
pub(crate) fn cut<'a>(stream: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut pieces) = (stream, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, tail) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

proptest! {
    #[test]
    fn cuts_never_change_a_reply(
        lines in prop::collection::vec((line(), prop_oneof!["\n", "\r", "\r\n", "\n\n"]), 0..12),
        sizes in prop::collection::vec(1_usize..9, 1..40),
    ) {
        let stream: String = lines.into_iter().map(|(line, end)| line + &end).collect();
        let pieces = cut(stream.as_bytes(), &sizes);
        prop_assert_eq!(laws::events(pieces.iter().copied()), laws::events([stream.as_bytes()]));
        laws::stream_law(stream.as_bytes());
    }

    /// An event with any text, however its lines end, comes out as it went in.
    #[test]
    fn written_events_are_read_back(
        texts in prop::collection::vec("[^\r\n]{0,20}", 1..5),
        end in prop_oneof!["\n", "\r", "\r\n"],
    ) {
        let mut stream: String = texts.iter().map(|text| format!("data: {text}{end}")).collect();
        stream.push_str(&end);
        let events = laws::events([stream.as_bytes()]);
        prop_assert_eq!(events, vec![(Vec::new(), texts.join("\n").into_bytes())]);
    }
}
