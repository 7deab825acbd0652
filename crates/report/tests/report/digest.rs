//! The weekly digest of a small lake.

use crate::{lakes::warehouse, world};
use exchange::{DAY_US, HOUR_US, MINUTE_US, NanoUsd, Timestamp};
use policy::{LongPrompt, Price, PriceBook, Tariff, TokenRates};
use report::{CellState, Digest, INCIDENTS_MAX, WEEK_US, render};
use serde_json::{Value, json};

/// The week ends a day before the traffic does, so that nothing is at its edge.
const AS_OF: i64 = world::START + 13 * DAY_US;

/// Longer prompts cost twice as much; the world has some of 100 and some of 1,000 tokens.
const LONG: u64 = 500;

fn prices() -> PriceBook {
    let (input, output) = (NanoUsd(10_000_000_000), NanoUsd(0));
    let long = LongPrompt {
        over_tokens: LONG,
        input: NanoUsd(20_000_000_000),
        cached_input: None,
        cache_write: None,
        cache_write_1h: None,
        output,
    };
    let rates = TokenRates { long_prompt: Some(long), ..TokenRates::new(input, output) };
    let tariff = Tariff::Tokens(rates);
    let price = Price { from: Timestamp(0), until: None, tariff, source: None };
    PriceBook::new([("large".to_owned(), vec![price])].into()).unwrap()
}

async fn gather(lake: &Value) -> Digest {
    let now = warehouse(lake, AS_OF, 2).await;
    let before = warehouse(lake, AS_OF - WEEK_US, 2).await;
    let mut rules = world::rules();
    rules.decided_at = Timestamp(AS_OF);
    Digest::gather(&now, &before, &rules, &prices()).await.unwrap()
}

/// What a live reply that nobody got costs.
const UNUSED: &str = "0.000700000";

/// The world with a candidate that serves two of ten calls of `support` in the second week, a short one and
/// a long one, and was asked in vain for one of ten in both.
fn lake() -> Value {
    let mut lake = world::lake();
    let rows = lake["exchanges"].as_array_mut().unwrap().iter_mut();
    for (n, row) in (0..).zip(rows) {
        row["status"] = 200.into();
        row["capture"] = "complete".into();
        let at = row["observed_at"].as_i64().unwrap();
        if row["category"] == "support" && [0, 3].contains(&(n % 10)) && at > AS_OF - WEEK_US {
            row["route"] = "live".into();
            row["served_by"] = "small".into();
            row["cost_usd"] = "0.000001000".into();
        }
        // The candidate was asked first, and blocked.
        if row["category"] == "support" && n % 10 == 5 {
            row["unused_candidate"] = "small".into();
            row["unused_why"] = "blocked".into();
            row["unused_cost_usd"] = UNUSED.into();
        }
    }
    for row in lake["calls"].as_array_mut().unwrap() {
        row["provider"] = "openai".into();
        row["attempt"] = 1.into();
        row["status"] = 200.into();
    }
    lake
}

#[tokio::test]
async fn spend_and_savings_are_those_of_the_two_weeks() {
    let lake = lake();
    let digest = gather(&lake).await;
    let support = digest.categories["support"];
    assert_eq!((support.this.calls, support.before.calls), (168, 144));
    assert_eq!((support.this.by_candidate, support.before.by_candidate), (33, 0));
    let rows = lake["exchanges"].as_array().unwrap().iter();
    let this = rows.filter(|row| {
        let at = row["observed_at"].as_i64().unwrap();
        at > AS_OF - WEEK_US && at <= AS_OF
    });
    let spend: i64 = this.clone().map(nano).sum();
    let told: i64 = digest.categories.values().map(|weeks| weeks.this.cost_usd.0).sum();
    assert_eq!(told, spend);

    let served = this.clone().filter(|row| row["route"] == "live");
    let tokens = served.clone().map(|row| row["input_tokens"].as_i64().unwrap());
    let rate = |tokens: i64| if tokens > LONG as i64 { 20_000 } else { 10_000 };
    let would: i64 = tokens.map(|tokens| tokens * rate(tokens)).sum();
    let savings = digest.savings.this;
    assert_eq!(savings.calls, served.count() as u64);
    assert_eq!(savings.reference_usd.0, would);
    assert_eq!(savings.candidate_usd.0, 1_000 * savings.calls as i64);
    let unused = this.clone().filter(|row| row["unused_why"] == "blocked").count() as i64;
    let shadows = lake["calls"].as_array().unwrap().iter().filter(|row| {
        let at = row["started_at"].as_i64().unwrap();
        at > AS_OF - WEEK_US && at <= AS_OF
    });
    let trial: i64 = shadows.map(nano).sum();
    assert!(unused > 0 && trial > 0);
    assert_eq!(savings.overhead_usd.0, trial + unused * 700_000);
    assert_eq!(savings.net_usd.0, would - savings.candidate_usd.0 - savings.overhead_usd.0);
    assert_eq!(digest.savings.before.calls, 0);
}

fn nano(row: &Value) -> i64 {
    row["cost_usd"].as_str().unwrap()[2..].parse().unwrap()
}

/// Calls, each so many minutes after the week began and with its status.
type Calls = Vec<(i64, Option<u16>)>;
/// Incidents: first and last minute, then calls, unanswered, limited and broken ones.
type Told = Vec<(i64, i64, [u64; 4])>;

/// Plays the calls of each case at a provider of its own.
async fn check(cases: &[(&str, Calls, Told)]) {
    let mut lake = lake();
    // Nothing but calls of ours: the cells are of no interest here.
    for table in ["cells", "assignments", "shadows", "exchanges", "calls"] {
        lake[table] = json!([]);
    }
    let from = AS_OF - WEEK_US;
    let rows = lake["calls"].as_array_mut().unwrap();
    for (provider, calls, _) in cases {
        rows.extend(calls.iter().map(|(minute, status)| {
            json!({
                "purpose": "shadow", "model": "small", "provider": provider, "attempt": 1,
                "status": status, "started_at": from + minute * MINUTE_US + 1, "cost_usd": null,
            })
        }));
    }
    let found = gather(&lake).await.incidents;
    for (provider, _, expected) in cases {
        let own = found.iter().filter(|it| it.provider == *provider).map(|it| {
            let minute = |at: Timestamp| (at.0 - from) / MINUTE_US;
            (minute(it.from), minute(it.until), [it.calls, it.unanswered, it.limited, it.broken])
        });
        assert_eq!(own.collect::<Vec<_>>(), *expected, "{provider}");
    }
}

fn many(minutes: std::ops::Range<i64>, status: Option<u16>) -> Calls {
    minutes.map(|minute| (minute, status)).collect()
}

#[tokio::test]
async fn an_incident_is_a_run_of_failures() {
    let mixed = [many(0..10, Some(503)), many(10..20, Some(429)), many(20..30, None)].concat();
    let flaps = [many(0..10, Some(500)), many(10..40, Some(200)), many(40..50, Some(500))].concat();
    let twice = [many(0..10, Some(500)), many(300..320, Some(500))].concat();
    let status = |n: i64| if n % 10 == 0 { Some(500) } else { Some(200) };
    let rare = (0..600).map(|n| (n / 10, status(n))).collect();
    check(&[
        ("fine", many(0..60, Some(200)), vec![]),
        ("four failures", many(10..14, Some(500)), vec![]),
        ("five failures", many(10..15, Some(500)), vec![(10, 20, [5, 0, 0, 5])]),
        ("a fault of the caller", many(10..40, Some(400)), vec![]),
        ("of every kind", mixed, vec![(0, 30, [30, 10, 10, 10])]),
        ("recovers for a moment", flaps, vec![(0, 50, [50, 0, 0, 20])]),
        ("recovers for hours", twice, vec![(300, 320, [20, 0, 0, 20]), (0, 10, [10, 0, 0, 10])]),
        ("one call in ten", rare, vec![]),
    ])
    .await;
    let most = INCIDENTS_MAX as i64;
    let often = (0..2 * most).flat_map(|n| many(n * 200..n * 200 + 5, None)).collect();
    let told = (0..most).map(|n| (n * 200, n * 200 + 10, [5, 5, 0, 0])).collect();
    check(&[("again and again", often, told)]).await;
}

#[tokio::test]
async fn live_calls_tell_of_their_provider_and_what_a_client_gave_up_of_nobody() {
    let mut lake = lake();
    lake["calls"] = json!([]);
    let from = AS_OF - WEEK_US;
    for row in lake["exchanges"].as_array_mut().unwrap() {
        let at = row["observed_at"].as_i64().unwrap();
        if at > from + HOUR_US && at < from + 9 * HOUR_US {
            row["status"] = 502.into();
        }
        if at > from + 40 * HOUR_US && at < from + 60 * HOUR_US {
            row["status"] = Value::Null;
            row["capture"] = "aborted".into();
        }
    }
    let incidents = gather(&lake).await.incidents;
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!(incidents[0].provider, "bigco");
    assert!(incidents[0].broken >= 14, "{incidents:?}");
}

#[tokio::test]
async fn changes_are_those_of_the_week() {
    let mut lake = lake();
    let decision = |version: i64, at: i64, action: &str| {
        json!({
            "policy_version": version, "decided_at": at, "action": action, "category": "support",
            "candidate": "small", "actor": "person:ada", "reasons": "[]",
        })
    };
    lake["decisions"] = json!([
        decision(1, AS_OF - WEEK_US - 1, "promote"),
        decision(2, AS_OF - DAY_US, "promote"),
        decision(3, AS_OF - HOUR_US, "demote"),
        decision(4, AS_OF + HOUR_US, "promote"),
    ]);
    let digest = gather(&lake).await;
    let versions: Vec<_> = digest.policies.iter().map(|it| (it.version, &*it.action)).collect();
    assert_eq!(versions, [(3, "demote"), (2, "promote")]);
    // `support` needs fourteen days, so it is held at both ends; `faq` was refuted within the first
    // six days, and the hostile one was opened before.
    let changed: Vec<_> = digest.cells.iter().map(|it| (&*it.cell, it.before, it.now)).collect();
    assert_eq!(changed, [] as [(&str, CellState, CellState); 0]);

    let cells = lake["cells"].as_array_mut().unwrap();
    cells[0]["opened_at"] = (AS_OF - 2 * DAY_US).into();
    let digest = gather(&lake).await;
    let changed: Vec<_> = digest.cells.iter().map(|it| (&*it.cell, it.before, it.now)).collect();
    assert_eq!(changed, [("support/small/1", CellState::Unseen, CellState::Held)]);
}

#[tokio::test]
async fn it_is_the_same_bytes_every_time_and_reads_in_markdown() {
    let lake = lake();
    let digest = gather(&lake).await;
    let json = render::weekly_json(&digest).unwrap();
    assert_eq!(json, render::weekly_json(&gather(&lake).await).unwrap());
    let text = render::weekly(&digest);
    for part in [
        "# The week to 2026-01-14T00:00:00Z",
        "| support | 168 | 144 | 33 | 0 |",
        "## Savings",
        "## Incidents of providers\n\nNothing.",
        "## Changes of the policy\n\nNothing.",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("<script"));
}
