//! What is answered, and how it is said that there is no answer.

use crate::world::{Canned, KNOWN, World};
use console::{Check, Config, Deps, Limits, Metrics, READY, describe};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[tokio::test]
async fn the_page_is_shown_and_never_run_or_kept() {
    let world = World::plain();
    let told = world.get("/").await;
    assert_eq!((told.status, told.body.as_str()), (200, "<!doctype html><title>console</title>"));
    assert_eq!(told.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(told.header("cache-control"), Some("no-store"));
    assert_eq!(told.header("x-content-type-options"), Some("nosniff"));
    let policy = told.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert_eq!(told.header("access-control-allow-origin"), None);
    world.stop().await;
}

#[tokio::test]
async fn a_moment_to_look_from_is_passed_on_or_refused() {
    let world = World::plain();
    assert_eq!(world.get("/api/v1/report").await.json(), json!({ "as_of": null }));
    let told = world.get("/api/v1/report?as_of=1970-01-02T00:00:00Z").await;
    assert_eq!(told.json(), json!({ "as_of": 86_400_000_000_i64 }));
    let told = world.get("/api/v1/report?as_of=yesterday").await;
    assert_eq!((told.status, told.error_code().as_str()), (400, "invalid"));
    assert!(told.body.contains("2026-11-20T12:00:00Z"), "says what to write: {}", told.body);
    world.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_not_there_says_why() {
    let world = World::plain();
    let other = KNOWN.replace("0001", "0002");
    let cases = [
        ("/api/v1/evidence".to_owned(), 500, "failed"),
        (format!("/api/v1/exchanges/{other}"), 404, "not_found"),
        ("/api/v1/exchanges/42".to_owned(), 400, "invalid"),
        ("/api/v2/report".to_owned(), 404, "not_found"),
    ];
    for (path, status, code) in cases {
        let told = world.get(&path).await;
        assert_eq!((told.status, told.error_code().as_str()), (status, code), "{path}");
    }
    let known = world.get(&format!("/api/v1/exchanges/{KNOWN}")).await;
    assert_eq!((known.status, known.json()), (200, json!({ "exchange_id": KNOWN })));
    world.stop().await;
}

#[tokio::test]
async fn readiness_names_what_fails_and_follows_it() {
    let open = Arc::new(AtomicBool::new(false));
    let journal = Arc::clone(&open);
    let checks = vec![
        Check::new("worker", || Ok(())),
        Check::new("journal", move || match journal.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err("the journal is not open".to_owned()),
        }),
    ];
    let world = World::with(Canned::default(), checks, Limits::default());
    let told = world.get("/readyz").await;
    assert_eq!(told.status, 503);
    let failing =
        json!({ "check": "journal", "ready": false, "problem": "the journal is not open" });
    let checks = json!([{ "check": "worker", "ready": true }, failing]);
    assert_eq!(told.json(), json!({ "ready": false, "checks": checks }));
    assert_eq!(world.get("/healthz").await.status, 200, "alive all the same");

    open.store(true, Ordering::Relaxed);
    assert_eq!(world.get("/readyz").await.status, 200);
    world.stop().await;
}

/// A broker that is away is asked for as long as a client has patience, which is long.
#[tokio::test]
async fn a_check_that_does_not_answer_holds_up_neither_probe_nor_scrape() {
    let (answer, asked) = std::sync::mpsc::channel::<()>();
    let asked = std::sync::Mutex::new(asked);
    let silent = Check::new("journal", move || {
        // Until the other end is gone.
        let _ = asked.lock().unwrap().recv();
        Ok(())
    });
    let checks = vec![Check::new("worker", || Ok(())), silent];
    let world = World::with(Canned::default(), checks, Limits::default());
    // The second question does not wait for the first one to be answered.
    for _ in 0..2 {
        let told = world.get("/readyz").await;
        let problem = "it does not answer within 1 s";
        let failing = json!({ "check": "journal", "ready": false, "problem": problem });
        let checks = json!([{ "check": "worker", "ready": true }, failing]);
        assert_eq!((told.status, told.json()), (503, json!({ "ready": false, "checks": checks })));
    }
    assert_eq!(world.get("/metrics").await.status, 200);
    drop(answer);
    world.stop().await;
}

#[test]
fn a_scrape_tells_readiness_and_what_each_metric_means() {
    let metrics = Metrics::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = metrics::with_local_recorder(&metrics.clone(), || {
        describe();
        metrics::counter!("foreshadow_mirror_offered_total").increment(3);
        for seconds in [0.02, 0.021, 5.0, 1_000.0] {
            metrics::histogram!("foreshadow_live_call_seconds", "provider" => "p").record(seconds);
        }
        runtime.block_on(async {
            let checks = vec![Check::new("journal", || Err("not open".to_owned()))];
            let deps = Deps { answers: Arc::new(Canned::default()), checks, metrics };
            let listen = "127.0.0.1:0".parse().unwrap();
            let world = World::start(Config { listen, ..Config::default() }, deps);
            let told = world.get("/metrics").await;
            world.stop().await;
            assert_eq!(
                told.header("content-type"),
                Some("text/plain; version=0.0.4; charset=utf-8")
            );
            told.body
        })
    });
    assert!(body.contains("# HELP foreshadow_mirror_offered_total Exchanges offered"), "{body}");
    assert!(body.contains("foreshadow_mirror_offered_total 3\n"), "{body}");
    assert!(body.contains(&format!("{READY}{{check=\"journal\"}} 0\n")), "{body}");
    assert!(body.contains("# HELP foreshadow_live_call_seconds From the head"), "{body}");
    for line in [
        "# TYPE foreshadow_live_call_seconds histogram",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"0.01\"} 0",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"0.02\"} 1",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"0.04\"} 2",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"5.12\"} 3",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"655.36\"} 3",
        "foreshadow_live_call_seconds_bucket{provider=\"p\",le=\"+Inf\"} 4",
        "foreshadow_live_call_seconds_sum{provider=\"p\"} 1005.041",
        "foreshadow_live_call_seconds_count{provider=\"p\"} 4",
    ] {
        assert!(body.lines().any(|told| told == line), "no {line} in {body}");
    }
}
