//! From traffic that no rule claims to a category of its own: listed by the code that sends it,
//! proposed as rules, named with one command.

use crate::{
    deployment::Deployment,
    shipped::{self, CALLER},
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use exchange::Timestamp;
use serde_json::{Value, json};
use std::{fs, num::NonZeroUsize};
use testkit::{LiveCall, client::Client};
use tokio::runtime::Runtime;

const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).unwrap();
/// What a terminal would obey, and what would turn the text's direction.
const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m";
const CALLS: [usize; 3] = [12, 6, 3];

/// Three programs, each with what it fills in.
fn system(program: usize, number: usize) -> String {
    let names = ["Alice Johnson", "Bob", "María de la Cruz"];
    let name = names[number % names.len()];
    match program {
        0 => format!("You answer tickets of {name}. Today is 2026-11-{:02}.", number % 28 + 1),
        1 => format!("Summarize the call with {name} at {}:30 in one sentence.", number % 24),
        _ => format!("Grade the essay.\n<essay_text>{name}{HOSTILE}</essay_text>"),
    }
}

fn call(program: usize, number: usize) -> LiveCall {
    let user = format!("Question {number} {HOSTILE}");
    let messages = json!([
        { "role": "system", "content": system(program, number) },
        { "role": "user", "content": user },
    ]);
    LiveCall {
        at: Timestamp(0),
        path: "/v1/chat/completions".to_owned(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {CALLER}")),
        ],
        body: Bytes::from(json!({ "model": "gpt-4.1", "messages": messages }).to_string()),
        category: String::new(),
        conversation: String::new(),
        tenant: String::new(),
    }
}

fn play(runtime: &Runtime, base_url: &str, calls: &[LiveCall]) {
    let client = Client::new(base_url).unwrap();
    for played in runtime.block_on(client.play(calls, AT_ONCE)) {
        assert_eq!(played.unwrap().status, 200);
    }
}

#[test]
fn traffic_that_nothing_claims_is_listed_proposed_and_named() {
    let runtime = Runtime::new().unwrap();
    let (deployment, _providers) = shipped::deploy(&runtime, &shipped::text("openai"));
    let up = deployment.up();
    for (program, calls) in CALLS.into_iter().enumerate() {
        let calls: Vec<_> = (0..calls).map(|number| call(program, number)).collect();
        play(&runtime, &up.base_url("openai"), &calls);
    }
    until("every call in the tables", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM exchanges") == 21).then_some(())
    });
    up.stop();
    let site = check_listed(&deployment);
    check_proposed(&deployment);
    check_named(&deployment, &site);
    let up = deployment.up();
    let calls: Vec<_> = (40..44).map(|number| call(0, number)).collect();
    play(&runtime, &up.base_url("openai"), &calls);
    until("the calls under their name", PATIENCE, || {
        let named = "SELECT count(*) AS n FROM exchanges \
                     WHERE category = 'tickets' AND category_source = 'call_site'";
        (deployment.count(named) == 4).then_some(())
    });
    up.stop();
}

/// One call site for each program, the largest first; nothing that a terminal would obey.
fn check_listed(deployment: &Deployment) -> String {
    let listed = deployment.run(&["categories", "--format", "json"]).done();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        (listed["calls"].as_u64(), listed["categories"].as_array().unwrap().len()),
        (Some(21), 1)
    );
    let other = &listed["categories"][0];
    assert_eq!(
        (other["category"].as_str(), other["cost_share"].as_f64()),
        (Some("other"), Some(1.0))
    );
    let sites = other["call_sites"].as_array().unwrap();
    let calls: Vec<_> = sites.iter().map(|site| site["calls"].as_u64().unwrap() as usize).collect();
    assert_eq!(calls, CALLS);
    let shares: f64 = sites.iter().map(|site| site["cost_share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-9, "what each costs of all: {shares}");
    let template = sites[0]["example"]["template"].as_str().unwrap();
    assert_eq!(template, "You answer tickets of …. Today is ….");
    let table = deployment.run(&["categories"]).done();
    assert!(table.contains(template) && table.contains("other: 21 calls (100.0 %)"), "{table}");
    let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!table.contains(obeyed), "{table:?}");
    sites[0]["call_site"].as_str().unwrap().to_owned()
}

/// What is proposed may be put behind the pipeline as it is.
fn check_proposed(deployment: &Deployment) {
    let proposed = deployment.run(&["categories", "propose"]).done();
    assert_eq!(proposed.matches("[[call_site]]").count(), CALLS.len(), "{proposed}");
    assert!(proposed.contains("name = \"answer-tickets-today\""), "{proposed}");
    let file = deployment.beside("proposed.toml");
    let pipeline = fs::read_to_string(&deployment.pipeline).unwrap();
    fs::write(&file, format!("{pipeline}\n{proposed}")).unwrap();
    deployment.run(&["check", file.to_str().unwrap()]).done();
}

/// One command, which adds lines and changes none; what is wrong is refused and changes nothing.
fn check_named(deployment: &Deployment, site: &str) {
    let before = fs::read_to_string(&deployment.pipeline).unwrap();
    for (site, name) in [("site-1", "tickets"), (site, "Tickets!"), (site, "other")] {
        let said = deployment.run(&["categories", "name", site, name]);
        assert_eq!(said.code(), Some(2), "{said:?}");
        assert!(said.errors.contains("error: "), "{said:?}");
    }
    assert_eq!(fs::read_to_string(&deployment.pipeline).unwrap(), before);
    deployment.run(&["categories", "name", site, "tickets"]).done();
    let after = fs::read_to_string(&deployment.pipeline).unwrap();
    assert!(after.starts_with(&before) && after.contains(site));
    let again = deployment.run(&["categories", "name", site, "letters"]);
    assert_eq!(again.code(), Some(1));
    assert!(again.errors.contains("is `tickets` already"), "{again:?}");
}
