//! A candidate of another maker: asked in its own dialect, in shadow and live, and the client gets the
//! reply in the one in which it asked.

use crate::{
    following::{header, publish, route},
    town::{SMALL, Town, call, code},
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::cell::Cell;
use testkit::{
    client::{Client, Played},
    sim::Dialect,
};

/// The bytes of a prompt in which nothing is lost but its metadata.
const LOST: &str = "metadata";

#[test]
fn a_candidate_that_speaks_anthropic_answers_in_the_callers_dialect() {
    check(Dialect::Anthropic, "anthropic");
}

#[test]
fn a_candidate_that_speaks_gemini_answers_in_the_callers_dialect() {
    check(Dialect::Gemini, "gemini");
}

fn check(dialect: Dialect, name: &str) {
    let town = Town::speaking(dialect);
    let deployment = town.live_deployment_in(name);
    let up = deployment.up();
    let client = Town::client(&up.base_url("openai"));
    let number = Cell::new(0);
    town.play(&up.base_url("openai"), 0..5);
    let translated = format!(
        "SELECT count(*) AS n FROM shadows WHERE status = 200 AND loss = 0.0 \
         AND translation LIKE '%dropped {LOST}%'"
    );
    until("five shadow calls, translated", PATIENCE, || {
        (deployment.count(&translated) == 5).then_some(())
    });

    publish(&deployment);
    number.set(10);
    let live = until("a call that the candidate serves", PATIENCE, || {
        Some(ask(&town, &client, &number, false)).filter(|it| route(it) == Some("live"))
    });
    assert_eq!(header(&live, "x-foreshadow-model"), Some(SMALL));
    assert!(header(&live, "x-foreshadow-saving-usd").is_some());
    let reply: Value = serde_json::from_slice(&live.body).unwrap();
    assert_eq!(reply["object"], "chat.completion", "{reply:#}");
    assert_eq!(reply["choices"][0]["message"]["content"], code(number.get()), "{reply:#}");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop", "{reply:#}");
    assert!(reply["usage"]["total_tokens"].as_u64().unwrap() > 0, "{reply:#}");

    let streamed = ask(&town, &client, &number, true);
    assert_eq!(route(&streamed), Some("live"), "{streamed:?}");
    assert_eq!(header(&streamed, "content-type"), Some("text/event-stream"));
    assert_eq!(text_of(&streamed), code(number.get()));
    until("both live replies in the tables", PATIENCE, || {
        let served = "SELECT count(*) AS n FROM exchanges WHERE served_by IS NOT NULL \
             AND finish_reason = 'stop' AND output_tokens > 0";
        (deployment.count(served) >= 2).then_some(())
    });
    up.stop();
}

/// One more call, streamed or not, that the candidate knows.
#[track_caller]
fn ask(town: &Town, client: &Client, number: &Cell<u64>, streamed: bool) -> Played {
    number.set(number.get() + if number.get() % 10 == 6 { 2 } else { 1 });
    let mut live = call(number.get());
    if streamed {
        let mut body: Value = serde_json::from_slice(&live.body).unwrap();
        body["stream"] = json!(true);
        live.body = Bytes::from(body.to_string());
    }
    let played = town.runtime.block_on(client.send(&live)).unwrap();
    assert_eq!(played.status, 200, "call {}: {played:?}", number.get());
    played
}

/// What the events of a Chat Completions stream say, which ends as such a stream must.
#[track_caller]
fn text_of(played: &Played) -> String {
    let body = String::from_utf8(played.body.to_vec()).unwrap();
    let events: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(events.last(), Some(&"[DONE]"), "{body}");
    let chunk = |event: &&str| serde_json::from_str::<Value>(event).unwrap();
    let chunks: Vec<Value> = events[..events.len() - 1].iter().map(chunk).collect();
    let said = chunks.iter().filter_map(|it| it["choices"][0]["delta"]["content"].as_str());
    said.collect()
}
