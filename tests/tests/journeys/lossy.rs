//! What a translation loses, where the pipeline refuses it: the candidate is still measured, the report
//! and the gate say what it was not told, and live it gets only the calls that lose nothing.

use crate::{
    following::{publish, route},
    town::{Town, call},
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::fs;
use testkit::{LiveCall, client::Played, sim::Dialect};

const REFUSE: &str = "candidates = [\"clerk-small\"]\ngate = { lossy_translation = \"refuse\" }";

#[test]
fn a_pair_that_loses_something_is_refused_by_the_gate_and_live() {
    let town = Town::speaking(Dialect::Anthropic);
    let deployment = town.live_deployment_in("anthropic");
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let text = text.replace("candidates = [\"clerk-small\"]", REFUSE);
    fs::write(&deployment.pipeline, text).unwrap();
    let up = deployment.up();
    town.play(&up.base_url("openai"), 0..5);
    let lossy = "SELECT lossy AS n FROM translations WHERE asked = 5";
    until("five shadow calls, each without its metadata", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM shadows") == 5).then_some(())
    });
    assert_eq!(deployment.count(lossy), 5);

    let report = deployment.run(&["report", "--format", "json"]).done();
    let report: Value = serde_json::from_str(&report).unwrap();
    let cell = &report["cells"][0];
    assert_eq!(cell["translations"]["lossy"], 5, "{cell:#}");
    let reasons = cell["decision"]["reasons"].as_array().unwrap();
    let reason = reasons.iter().find(|reason| reason["code"] == "lossy_translation").unwrap();
    let figure = reason["figure"].as_str().unwrap();
    assert!(figure.starts_with("5 of 5 calls (100.0 %) lost something: "), "{figure}");
    assert!(figure.contains("dropped metadata (5)"), "{figure}");

    publish(&deployment);
    let send = |call: &LiveCall| -> Played {
        let client = Town::client(&up.base_url("openai"));
        town.runtime.block_on(client.send(call)).unwrap()
    };
    let faithful = without_metadata(call(11));
    until("a call that loses nothing, served by the candidate", PATIENCE, || {
        (route(&send(&faithful)) == Some("live")).then_some(())
    });
    let lossy = send(&call(12));
    assert_eq!((lossy.status, route(&lossy)), (200, Some("reference")), "{lossy:?}");
    up.stop();
}

/// The same call, in which a translation loses nothing.
fn without_metadata(call: LiveCall) -> LiveCall {
    let mut body: Value = serde_json::from_slice(&call.body).unwrap();
    body.as_object_mut().unwrap().remove("metadata");
    body["max_completion_tokens"] = json!(64);
    LiveCall { body: Bytes::from(body.to_string()), ..call }
}
