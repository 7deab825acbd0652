//! What a translation loses, where the pipeline refuses it: call by call. Such a call is ineligible for the
//! candidate in shadow and goes to the reference live; the others are put to it, and their evidence is whole.

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
fn calls_that_lose_something_are_left_out_one_by_one_and_hold_nothing_else() {
    let town = Town::speaking(Dialect::Anthropic);
    let deployment = town.live_deployment_in("anthropic");
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let text = text.replace("candidates = [\"clerk-small\"]", REFUSE);
    fs::write(&deployment.pipeline, text).unwrap();
    let up = deployment.up();
    let send = |call: &LiveCall| -> Played {
        let client = Town::client(&up.base_url("openai"));
        town.runtime.block_on(client.send(call)).unwrap()
    };
    town.play(&up.base_url("openai"), 0..5);
    for number in 6..10 {
        assert_eq!(send(&without_metadata(call(number))).status, 200);
    }
    let of = |condition: &str| {
        let assigned = "SELECT count(*) AS n FROM assignments WHERE arm = 'candidate'";
        deployment.count(&format!("{assigned} AND {condition}"))
    };
    until("nine calls assigned, four of them shadowed", PATIENCE, || {
        let shadowed =
            deployment.count("SELECT count(*) AS n FROM shadows WHERE arm = 'candidate'");
        (of("true") == 9 && shadowed == 4).then_some(())
    });
    assert_eq!(of("ineligible_reason = 'lossy:metadata' AND NOT sampled"), 5);
    assert_eq!(of("ineligible_reason IS NULL AND sampled"), 4);
    assert_eq!(deployment.count("SELECT lossy AS n FROM translations WHERE asked = 4"), 0);

    let report = deployment.run(&["report", "--format", "json"]).done();
    let report: Value = serde_json::from_str(&report).unwrap();
    let cell = &report["cells"][0];
    let reasons = cell["decision"]["reasons"].as_array().unwrap();
    assert!(!reasons.iter().any(|reason| reason["code"] == "lossy_translation"), "{cell:#}");

    publish(&deployment);
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
