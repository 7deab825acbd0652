//! What only the reference may begin: a conversation that could not come back to it from a candidate.

use crate::{
    following::{publish, route},
    town::{LARGE, Town, call, is_right},
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use serde_json::{Value, json};
use std::fs;
use testkit::client::Played;

const COUNTED: &str = "foreshadow_live_bound_total";

#[test]
fn a_response_that_is_kept_is_the_references_unless_its_category_switches_that_off() {
    for (setting, kept) in [("", "reference"), ("\non_store = \"switch_off\"", "live")] {
        let town = Town::open();
        let deployment = town.live_deployment();
        let text = fs::read_to_string(&deployment.pipeline).unwrap();
        let text = text.replace("mode = \"R\"", &format!("mode = \"R\"{setting}"));
        fs::write(&deployment.pipeline, text).unwrap();
        let up = deployment.up();
        let base_url = up.base_url("openai");
        publish(&deployment);
        until("a call that the candidate serves", PATIENCE, || {
            (route(&respond(&town, &base_url, 11, json!({"store": false}))) == Some("live"))
                .then_some(())
        });
        assert_eq!(up.metric(COUNTED), 0.0);
        let played = respond(&town, &base_url, 12, json!({}));
        assert!(is_right(12, &played), "{played:?}");
        assert_eq!(route(&played), Some(kept), "{setting}: {played:?}");
        assert_eq!(up.metric(COUNTED), if kept == "live" { 0.0 } else { 1.0 });
        up.stop();
    }
}

/// The same question as a call of Responses.
#[track_caller]
fn respond(town: &Town, base_url: &str, number: u64, more: Value) -> Played {
    let mut call = call(number);
    let asked: Value = serde_json::from_slice(&call.body).unwrap();
    let mut body = json!({"model": LARGE, "metadata": asked["metadata"]});
    body["input"] = asked["messages"][0]["content"].clone();
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    call.path = "/v1/responses".to_owned();
    call.body = Bytes::from(body.to_string());
    town.runtime.block_on(Town::client(base_url).send(&call)).unwrap()
}
