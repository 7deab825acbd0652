//! Invariant 9, and live categories: who answers, who is told, and what a failing candidate costs (nothing).

use crate::support::{Provider, Rig, Setup, Witness, json};
use bytes::Bytes;
use exchange::{Disuse, HOUR_US, NanoUsd, Route, Served};
use http::{HeaderName, HeaderValue};
use proxy::{Answered, Bond, CallHead, Key, Placed, Planned, Priced, Rewrite, Steer};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

/// Everything that begins with "summarise" in it is live at the candidate `small` of provider `c`.
pub(crate) struct Script {
    pub(crate) turn: Route,
    pub(crate) live: Arc<AtomicBool>,
}

impl Steer for Script {
    fn policy_version(&self) -> u64 {
        7
    }

    fn is_live(&self) -> bool {
        self.live.load(Ordering::SeqCst)
    }

    fn wants_body(&self, call: &CallHead<'_>) -> bool {
        self.is_live() && call.path.starts_with("/v1/chat")
    }

    fn plan(&self, _: &CallHead<'_>, body: &Bytes) -> Planned {
        assert!(!body.starts_with(b"panic"), "as the test wants it");
        if !body.starts_with(b"summarise") {
            return Planned::PassThrough;
        }
        let is_bound = body.starts_with(b"summarise bound");
        let turn = if is_bound { Route::Reference } else { self.turn };
        let candidate = (turn == Route::Live).then(|| "small".to_owned());
        let served = Served {
            route: turn,
            category: Some("summaries".into()),
            candidate,
            policy_version: 7,
        };
        let placed = Placed { served, reference_model: "big".into() };
        if is_bound {
            return Planned::Bound(placed, Bond::Store);
        }
        if turn == Route::Reference {
            return Planned::Reference(placed);
        }
        let key = HeaderValue::from_static("Bearer our-key");
        Planned::Candidate(
            placed,
            Box::new(Rewrite {
                provider: "c".into(),
                path: "/v1/chat/completions".into(),
                model: "small".into(),
                body: Bytes::from_static(b"rewritten"),
                key: Some(Key::new(HeaderName::from_static("authorization"), key)),
                headers: &[],
                telling: crate::telling::of(body),
                blocks: crate::blocks::of(body),
            }),
        )
    }

    fn price(&self, answered: &Answered<'_>) -> Option<Priced> {
        let cost = i64::try_from(answered.body.len()).unwrap();
        Some(Priced { cost: NanoUsd(cost), saving: NanoUsd(2 * cost) })
    }
}

/// The head and the body of each call that a provider got.
pub(crate) type Calls = Arc<Mutex<Vec<(String, String)>>>;

pub(crate) struct Stage {
    pub(crate) rig: Rig,
    reference: Calls,
    pub(crate) candidate: Calls,
    live: Arc<AtomicBool>,
    pub(crate) seen: crate::support::Seen,
    _providers: [Provider; 2],
}

fn recording(answer: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> (Provider, Calls) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&calls);
    let provider = Provider::answering(move |head, body| {
        kept.lock().unwrap().push((head.to_owned(), body.to_owned()));
        answer(head, body)
    });
    (provider, calls)
}

/// The reference refuses the key `bad` and answers everything else with `{"by":"reference"}`.
pub(crate) fn stage(
    turn: Route,
    candidate: impl Fn(&str, &str) -> String + Send + Sync + 'static,
) -> Stage {
    let (first, reference) = recording(|head, _| {
        if head.contains("Bearer bad") {
            return json("401 Unauthorized", "{}");
        }
        json("200 OK", "{\"by\":\"reference\"}")
    });
    let (second, candidate) = recording(candidate);
    let live = Arc::new(AtomicBool::new(true));
    let (witness, seen) = Witness::new();
    let mut setup = Setup::of(&[("p", first.url()), ("c", second.url())])
        .mirrored_by(witness)
        .steered_by(Script { turn, live: Arc::clone(&live) });
    setup.config.limits.live_call_bytes_max = 1000;
    setup.config.limits.candidate_wait_max = std::time::Duration::from_millis(300);
    Stage { rig: setup.start(), reference, candidate, live, seen, _providers: [first, second] }
}

fn small(_: &str, _: &str) -> String {
    json("200 OK", "{\"by\":\"small\"}")
}

pub(crate) fn call(key: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /p/v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         authorization: Bearer {key}\r\ncookie: secret=1\r\nx-private: 1\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn stamps(head: &str) -> Vec<&str> {
    head.lines().filter(|line| line.starts_with("x-foreshadow-")).skip(1).collect()
}

const BY_SMALL: [&str; 5] = [
    "x-foreshadow-category: summaries",
    "x-foreshadow-model: small",
    "x-foreshadow-route: live",
    "x-foreshadow-cost-usd: 0.000000014",
    "x-foreshadow-saving-usd: 0.000000028",
];

pub(crate) fn by_reference(route: &str) -> Vec<String> {
    [
        "x-foreshadow-category: summaries",
        "x-foreshadow-model: big",
        &format!("x-foreshadow-route: {route}"),
        "x-foreshadow-cost-usd: 0.000000018",
        "x-foreshadow-saving-usd: 0.000000036",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[test]
fn a_caller_whom_the_reference_accepted_is_served_by_the_candidate_under_our_key() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    let (head, body) = client.ask(&call("good", "summarise this"));
    assert_eq!(body, "{\"by\":\"reference\"}", "the first call shows who the caller is");
    assert_eq!(stamps(&head), by_reference("reference"));
    let (head, body) = client.ask(&call("good", "summarise that"));
    assert_eq!(body, "{\"by\":\"small\"}");
    assert_eq!(stamps(&head), BY_SMALL);
    let (asked, sent) = stage.candidate.lock().unwrap()[0].clone();
    assert_eq!(sent, "rewritten");
    assert!(asked.contains("authorization: Bearer our-key\r\n"), "{asked}");
    for secret in ["good", "secret", "x-private"] {
        assert!(!asked.contains(secret), "{asked}");
    }
    let reference = stage.reference.lock().unwrap()[0].clone();
    assert!(reference.0.contains("authorization: Bearer good\r\n"), "{}", reference.0);
    assert!(reference.0.contains("x-private: 1\r\n"), "{}", reference.0);
    assert_eq!(reference.1, "summarise this");
    let served = |exchange: exchange::Exchange| (exchange.served.route, exchange.served.candidate);
    assert_eq!(served(stage.seen.next()), (Route::Reference, None));
    let exchange = stage.seen.next();
    assert!(head.contains(&format!("x-foreshadow-exchange: {}\r\n", exchange.id)), "{head}");
    assert_eq!(exchange.call.body.inline().unwrap(), "summarise that");
    assert_eq!(exchange.capture, exchange::Capture::Complete);
    assert_eq!(served(exchange), (Route::Live, Some("small".into())));
}

#[test]
fn a_call_whose_conversation_is_bound_is_the_references() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    let (head, body) = client.ask(&call("good", "summarise bound"));
    assert_eq!(body, "{\"by\":\"reference\"}");
    assert_eq!(stamps(&head), by_reference("reference"));
    assert!(stage.candidate.lock().unwrap().is_empty());
}

#[test]
fn a_credential_that_the_reference_refuses_never_reaches_a_candidate() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    for _ in 0..3 {
        assert!(client.ask(&call("bad", "summarise")).0.starts_with("HTTP/1.1 401 "));
    }
    assert!(stage.candidate.lock().unwrap().is_empty());
}

#[test]
fn one_callers_acceptance_is_not_anothers() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    assert!(client.ask(&call("bad", "summarise")).0.starts_with("HTTP/1.1 401 "));
    assert_eq!(client.ask(&call("other", "summarise")).1, "{\"by\":\"reference\"}");
    assert!(stage.candidate.lock().unwrap().is_empty());
}

#[test]
fn a_key_in_a_field_of_the_providers_own_tells_callers_apart() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    for field in ["ocp-apim-subscription-key", "x-gateway-token", "x-who"] {
        let with = |key: &str| {
            let own = format!("{field}: {key}\r\ncontent-length");
            call("same", "summarise").replacen("content-length", &own, 1)
        };
        assert_eq!(client.ask(&with("first")).1, "{\"by\":\"reference\"}", "{field}");
        assert_eq!(client.ask(&with("first")).1, "{\"by\":\"small\"}", "{field}");
        assert_eq!(client.ask(&with("second")).1, "{\"by\":\"reference\"}", "{field}");
    }
    assert_eq!(client.ask(&call("same", "summarise")).1, "{\"by\":\"reference\"}");
}

#[test]
fn acceptance_at_another_endpoint_does_not_count() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    client.ask("GET /p/v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer good\r\n\r\n");
    assert_eq!(client.ask(&call("good", "summarise")).1, "{\"by\":\"reference\"}");
}

/// Gemini has a path for each model: an application that asks many is still one that was accepted.
#[test]
fn a_model_in_the_path_makes_no_endpoint_of_its_own_and_a_verb_does() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    let mut ask = |path: &str| {
        client.ask(&call("good", "summarise").replacen("/v1/chat/completions", path, 1)).1
    };
    assert_eq!(ask("/v1/chat/model-0:generate"), "{\"by\":\"reference\"}");
    for model in 1..40 {
        let path = format!("/v1/chat/model-{model}:generate");
        assert_eq!(ask(&path), "{\"by\":\"small\"}", "{path}");
    }
    for other in ["/v1/chat/model-0:count", "/v1/chat/models:/generate", "/v1/chat/generate"] {
        assert_eq!(ask(other), "{\"by\":\"reference\"}", "{other}");
    }
}

#[test]
fn acceptance_grows_old() {
    let stage = stage(Route::Live, small);
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    stage.rig.clock.advance(HOUR_US);
    assert_eq!(client.ask(&call("good", "summarise")).1, "{\"by\":\"small\"}");
    stage.rig.clock.advance(1);
    assert_eq!(client.ask(&call("good", "summarise")).1, "{\"by\":\"reference\"}");
    assert_eq!(client.ask(&call("good", "summarise")).1, "{\"by\":\"small\"}");
}

#[test]
fn a_call_of_no_live_category_passes_through_unstamped() {
    let stage = stage(Route::Live, small);
    let (head, body) = stage.rig.client().ask(&call("good", "translate"));
    assert_eq!(format!("{head}{body}"), json("200 OK", "{\"by\":\"reference\"}"));
    assert_eq!(stage.reference.lock().unwrap()[0].1, "translate");
    let served = stage.seen.next().served;
    assert_eq!((served.category, served.policy_version), (None, 7));
}

#[test]
fn nothing_is_planned_where_nothing_is_live() {
    let stage = stage(Route::Live, small);
    stage.live.store(false, Ordering::SeqCst);
    let mut client = stage.rig.client();
    for _ in 0..2 {
        let (head, _) = client.ask(&call("good", "summarise"));
        assert!(stamps(&head).is_empty(), "{head}");
    }
    assert!(stage.candidate.lock().unwrap().is_empty());
}

#[test]
fn the_references_turn_is_stamped_as_such() {
    let stage = stage(Route::Reference, small);
    let (head, _) = stage.rig.client().ask(&call("good", "summarise"));
    assert_eq!(stamps(&head), by_reference("reference"));
}

#[test]
fn a_call_too_long_to_plan_goes_to_the_reference_whole() {
    let stage = stage(Route::Live, small);
    let body = format!("summarise {}", "x".repeat(50_000));
    let mut client = stage.rig.client();
    for _ in 0..2 {
        let (head, _) = client.ask(&call("good", &body));
        assert!(stamps(&head).is_empty(), "{head}");
        assert!(stage.reference.lock().unwrap().pop().unwrap().1 == body);
        let exchange = stage.seen.next();
        assert!(*exchange.call.body.inline().unwrap() == *body);
        assert_eq!(exchange.capture, exchange::Capture::Complete);
    }
}

#[test]
fn a_chunked_call_of_a_live_category_reaches_the_reference_whole() {
    let (tell, told) = std::sync::mpsc::channel();
    let provider = Provider::scripted(move |mut wire| {
        wire.read_head();
        tell.send(wire.read_chunks(14)).unwrap();
        wire.send(json("200 OK", "{}"));
    });
    let live = Arc::new(AtomicBool::new(true));
    let rig = Setup::of(&[("p", provider.url())])
        .steered_by(Script { turn: Route::Reference, live })
        .start();
    let mut client = rig.client();
    client.send(
        "POST /p/v1/chat/completions HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
         9\r\nsummarise\r\n5\r\n this\r\n0\r\n\r\n",
    );
    assert_eq!(told.recv_timeout(crate::support::PATIENCE).unwrap(), b"summarise this");
    client.read_until("{}");
}

#[test]
fn a_steer_that_panics_has_no_say() {
    let stage = stage(Route::Live, small);
    let (head, body) = stage.rig.client().ask(&call("good", "panic"));
    assert_eq!(format!("{head}{body}"), json("200 OK", "{\"by\":\"reference\"}"));
}

/// The candidate fails in some way; the caller gets the reference's answer to its own bytes, and what had
/// come of the candidate's is kept: its status, its body, and whether that is all of it.
fn check_fallback(
    candidate: impl Fn(&str, &str) -> String + Send + Sync + 'static,
    (status, came, is_whole): (u16, &str, bool),
) {
    let stage = stage(Route::Live, candidate);
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise 1"));
    let (head, body) = client.ask(&call("good", "summarise 2"));
    assert_eq!(body, "{\"by\":\"reference\"}");
    assert_eq!(stamps(&head), by_reference("fallback"));
    assert_eq!(stage.candidate.lock().unwrap().len(), 1);
    let (asked, sent) = stage.reference.lock().unwrap().pop().unwrap();
    assert!(asked.contains("authorization: Bearer good\r\n"), "{asked}");
    assert_eq!(sent, "summarise 2");
    assert!(stage.seen.next_with_unused().1.is_none(), "no candidate was asked");
    let (exchange, unused) = stage.seen.next_with_unused();
    assert_eq!((exchange.served.route, exchange.served.candidate), (Route::Fallback, None));
    let unused = unused.unwrap();
    assert_eq!((unused.candidate(), unused.provider()), ("small", "c"));
    assert_eq!((unused.why(), unused.status()), (Disuse::Failed, status));
    assert_eq!((unused.body(), unused.is_whole()), (came.as_bytes(), is_whole));
}

#[test]
fn a_candidate_that_is_limited_broken_or_refuses_our_key_falls_back() {
    for status in ["429 Too Many Requests", "500 Internal Server Error", "401 Unauthorized"] {
        let code = status[..3].parse().unwrap();
        // Nobody waits for the body of a refusal.
        check_fallback(move |_, _| json(status, "{}"), (code, "", false));
    }
}

#[test]
fn a_candidate_that_dies_before_its_first_byte_falls_back() {
    let headless = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    check_fallback(move |_, _| headless.to_owned(), (0, "", false));
    let bodyless =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    // It stands still until the wait is over, and what had come by then goes with it.
    check_fallback(move |_, _| bodyless.to_owned(), (0, "", false));
}

#[test]
fn a_candidate_that_dies_in_an_unstreamed_reply_falls_back() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    check_fallback(move |_, _| cut.to_owned(), (0, "", false));
}

#[test]
fn a_client_that_hangs_up_while_a_candidate_is_asked_leaves_its_reply_unused() {
    let first = Provider::answering(|_, _| json("200 OK", "{\"by\":\"reference\"}"));
    let (tell, asked) = std::sync::mpsc::channel();
    let (go, still) = std::sync::mpsc::channel::<()>();
    let still = Mutex::new(still);
    let second = Provider::scripted(move |mut wire| {
        wire.read_call().unwrap();
        tell.send(()).unwrap();
        // Held open until the test is over.
        still.lock().unwrap().recv().ok();
    });
    let live = Arc::new(AtomicBool::new(true));
    let (witness, seen) = Witness::new();
    let rig = Setup::of(&[("p", first.url()), ("c", second.url())])
        .mirrored_by(witness)
        .steered_by(Script { turn: Route::Live, live })
        .start();
    let mut client = rig.client();
    client.ask(&call("good", "summarise"));
    seen.next();
    client.send(call("good", "summarise"));
    asked.recv_timeout(crate::support::PATIENCE).unwrap();
    drop(client);
    let (exchange, unused) = seen.next_with_unused();
    assert_eq!((exchange.capture, exchange.reply.status), (exchange::Capture::Aborted, 0));
    let unused = unused.unwrap();
    assert_eq!((unused.candidate(), unused.why()), ("small", Disuse::Abandoned));
    assert_eq!((unused.status(), unused.is_whole()), (0, false));
    drop(go);
}

#[test]
fn a_candidate_that_nobody_can_reach_falls_back() {
    let (first, _reference) = recording(|_, _| json("200 OK", "{\"by\":\"reference\"}"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let live = Arc::new(AtomicBool::new(true));
    let (witness, seen) = Witness::new();
    let rig = Setup::of(&[("p", first.url()), ("c", format!("http://{free}"))])
        .mirrored_by(witness)
        .steered_by(Script { turn: Route::Live, live })
        .start();
    let mut client = rig.client();
    client.ask(&call("good", "summarise"));
    let (head, _) = client.ask(&call("good", "summarise"));
    assert_eq!(stamps(&head), by_reference("fallback"));
    seen.next();
    assert!(seen.next_with_unused().1.is_none(), "nothing went out, so nothing is paid");
}

#[test]
fn a_stream_of_the_candidate_is_stamped_without_a_price_and_not_held_back() {
    let stage = stage(Route::Live, |_, _| {
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nset-cookie: ours=1\r\n\
         x-ratelimit-remaining-requests: 5\r\nanthropic-ratelimit-tokens-remaining: 6\r\n\
         anthropic-organization-id: ours=1\r\ntransfer-encoding: chunked\r\n\r\n\
         9\r\ndata: 1\n\n\r\n"
            .to_owned()
    });
    let mut client = stage.rig.client();
    client.ask(&call("good", "summarise"));
    client.send(call("good", "summarise"));
    let head = client.read_head();
    assert_eq!(stamps(&head), BY_SMALL[..3]);
    assert!(!head.contains("ours=1") && !head.contains("ratelimit"), "{head}");
    client.read_until("data: 1\n\n\r\n");
}

#[test]
fn a_key_prints_as_stars() {
    let key = Key::new(HeaderName::from_static("x-key"), HeaderValue::from_static("sk-1"));
    assert_eq!(format!("{key:?}"), "x-key: ***");
}
