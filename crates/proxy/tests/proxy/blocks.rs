//! What is seen of candidates' replies before any of it is told. Of those that a content policy stopped:
//! reported, or the reference asked instead; of errors behind a status of success: the reference is asked.

use crate::{
    live::{Script, by_reference, call, stage, stamps},
    support::{Provider, Seen as Offered, Setup, Witness, json},
};
use bytes::Bytes;
use exchange::{Disuse, Route};
use http::{HeaderMap, StatusCode};
use proxy::{Blocks, Look, Seen, Sight};
use std::{
    sync::{Arc, Mutex, atomic::AtomicBool, mpsc::channel},
    time::Duration,
};

/// What becomes of blocks in a call with this body: by its third word.
pub(crate) fn of(body: &[u8]) -> Blocks {
    match body.split(|byte| *byte == b' ').nth(2) {
        Some(b"asked") => Blocks::AskReference(Arc::new(Word)),
        Some(_) | None => Blocks::Reported(Arc::new(Word)),
    }
}

/// Whatever holds the word "blocked" is a block, and "error" an error; of a stream the first word that is
/// not "head" counts.
struct Word;

impl Sight for Word {
    fn whole(&self, _: StatusCode, _: &HeaderMap, body: &Bytes) -> Seen {
        let body = String::from_utf8_lossy(body);
        match (body.contains("blocked"), body.contains("error")) {
            (true, _) => Seen::Block,
            (false, true) => Seen::Failure,
            (false, false) => Seen::Reply,
        }
    }

    fn pieces(&self) -> Box<dyn Look> {
        Box::new(Heard(String::new()))
    }
}

struct Heard(String);

impl Look for Heard {
    fn push(&mut self, bytes: &[u8]) -> Seen {
        self.0.push_str(&String::from_utf8_lossy(bytes));
        match self.0.trim_start_matches("head\n") {
            "" => Seen::Nothing,
            word if word.starts_with("blocked") => Seen::Block,
            word if word.starts_with("error") => Seen::Failure,
            _ => Seen::Reply,
        }
    }
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
     transfer-encoding: chunked\r\n\r\n";

/// Status line, route and body that the caller of `body` gets where the candidate says `reply`.
fn asked(reply: &str, body: &str) -> (String, Option<String>, String) {
    let reply = reply.to_owned();
    let said = reply.clone();
    let stage = stage(Route::Live, move |_, _| said.clone());
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    stage.seen.next();
    client.send(call("good", body).replacen("host: a\r\n", "host: a\r\nconnection: close\r\n", 1));
    let head = client.read_head();
    let route = head.lines().find_map(|line| line.strip_prefix("x-foreshadow-route: "));
    let route = route.map(str::to_owned);
    if route.as_deref() == Some("fallback") {
        assert_eq!(stamps(&head), by_reference("fallback"));
    }
    let status = head.lines().next().unwrap_or_default().to_owned();
    let told = client.read_to_close().0;
    check_unused(&stage.seen, &reply, route.as_deref());
    (status, route, told)
}

/// Of a reply that the client did not get, what came of it is kept, and why it was of no use.
fn check_unused(seen: &Offered, reply: &str, route: Option<&str>) {
    let (_, unused) = seen.next_with_unused();
    assert_eq!(unused.is_some(), route == Some("fallback"), "{reply}");
    if let Some(unused) = unused {
        let is_block = reply.contains("blocked");
        let why = if is_block { Disuse::Blocked } else { Disuse::Failed };
        let status: u16 = reply["HTTP/1.1 ".len()..][..3].parse().unwrap();
        assert_eq!((unused.why(), unused.status()), (why, status), "{reply}");
        let came = String::from_utf8_lossy(unused.body());
        assert!(!is_block || came.contains("blocked"), "{reply}: {came}");
    }
}

fn check(reply: &str, body: &str, expected: (&str, &str, &str)) {
    let (status, route, told) = asked(reply, body);
    let found = (status.as_str(), route.as_deref().unwrap_or_default(), told.as_str());
    assert_eq!(found, expected, "{body}: {reply}");
}

const OK: &str = "HTTP/1.1 200 OK";
const REFERENCE: (&str, &str, &str) = (OK, "fallback", "{\"by\":\"reference\"}");

#[test]
fn the_reference_is_asked_instead_of_a_block() {
    let whole = json("200 OK", "{\"it is\":\"blocked\"}");
    let error = json("400 Bad Request", "{\"it is\":\"blocked\"}");
    check(&whole, "summarise own asked", REFERENCE);
    check(&error, "summarise own asked", REFERENCE);
    check(&error, "summarise whole asked", REFERENCE);
    check(&error, "summarise pieces asked", REFERENCE);
    let stream = format!("{STREAM}5\r\nhead\n\r\n8\r\nblocked\n\r\n0\r\n\r\n");
    check(&stream, "summarise own asked", REFERENCE);
    check(&stream, "summarise pieces asked", REFERENCE);
}

#[test]
fn a_block_is_told_where_it_is_to_be_reported() {
    let body = "{\"it is\":\"blocked\"}";
    let whole = json("200 OK", body);
    let error = json("400 Bad Request", body);
    check(&whole, "summarise own reported", (OK, "live", body));
    check(&error, "summarise own reported", ("HTTP/1.1 400 Bad Request", "live", body));
    check(&error, "summarise whole reported", (OK, "live", "BLOCKED"));
    check(&error, "summarise pieces reported", (OK, "live", "BLOCKED"));
    let other = json("400 Bad Request", "{}");
    check(&other, "summarise own reported", REFERENCE);
}

#[test]
fn a_stream_that_has_said_something_goes_on() {
    let stream = format!("{STREAM}5\r\nhead\n\r\n3\r\nso\n\r\n8\r\nblocked\n\r\n0\r\n\r\n");
    let (_, route, told) = asked(&stream, "summarise own asked");
    assert_eq!(route.as_deref(), Some("live"));
    assert_eq!(said(&told), "head\nso\nblocked\n");
    let (_, route, told) = asked(&stream, "summarise pieces asked");
    assert_eq!(route.as_deref(), Some("live"));
    assert_eq!(said(&told), "HEAD\nSO\nBLOCKED\n");
}

#[test]
fn an_error_of_which_nothing_was_told_is_answered_by_the_reference_whatever_its_status() {
    let whole = json("200 OK", "{\"it is\":\"an error\"}");
    let stream = format!("{STREAM}5\r\nhead\n\r\n6\r\nerror\n\r\n0\r\n\r\n");
    let silent = format!("{STREAM}5\r\nhead\n\r\n0\r\n\r\n");
    for blocks in ["asked", "reported"] {
        check(&whole, &format!("summarise own {blocks}"), REFERENCE);
        check(&whole, &format!("summarise whole {blocks}"), REFERENCE);
        for stream in [&stream, &silent] {
            check(stream, &format!("summarise own {blocks}"), REFERENCE);
            check(stream, &format!("summarise pieces {blocks}"), REFERENCE);
        }
    }
}

#[test]
fn an_error_behind_what_was_told_is_told() {
    let stream = format!("{STREAM}3\r\nso\n\r\n6\r\nerror\n\r\n0\r\n\r\n");
    let (_, route, told) = asked(&stream, "summarise pieces asked");
    assert_eq!((route.as_deref(), said(&told).as_str()), (Some("live"), "SO\nERROR\n"));
}

/// Nothing decides what it is: it is told before the wait for a candidate is over.
#[test]
fn a_stream_that_stands_still_is_told_and_not_asked_elsewhere() {
    let reference = Provider::answering(|_, _| json("200 OK", "{}"));
    let (go, still) = channel::<()>();
    let still = Mutex::new(still);
    let standing = Provider::scripted(move |mut wire| {
        wire.read_call().unwrap();
        wire.send(STREAM.to_owned() + "5\r\nhead\n\r\n");
        still.lock().unwrap().recv().unwrap();
        wire.send("4\r\nend\n\r\n0\r\n\r\n");
    });
    let (witness, seen) = Witness::new();
    let live = Arc::new(AtomicBool::new(true));
    let mut setup = Setup::of(&[("p", reference.url()), ("c", standing.url())])
        .mirrored_by(witness)
        .steered_by(Script { turn: Route::Live, live });
    setup.config.limits.candidate_wait_max = Duration::from_millis(400);
    let rig = setup.start();
    let mut client = rig.client();
    client.ask(&call("good", "first"));
    seen.next();
    client.send(call("good", "summarise own asked"));
    let head = client.read_head();
    assert!(head.contains("x-foreshadow-route: live\r\n"), "{head}");
    assert_eq!(client.read_until("head\n"), "5\r\nhead\n");
    go.send(()).unwrap();
    assert!(client.read_until("end\n").ends_with("end\n"));
}

/// The chunks of a body, put together.
fn said(told: &str) -> String {
    let mut rest = told;
    let mut said = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        said.push_str(&after[..length]);
        rest = after[length..].trim_start_matches("\r\n");
        if length == 0 {
            break;
        }
    }
    said
}
