//! A running proxy follows the policy: a promotion and a demotion reach it while calls go on, no call
//! is dropped, and nobody without a credential that the reference accepts gets a candidate's answer.

use crate::{
    deployment::Deployment,
    town::{SMALL, Town, call, call_of_stranger},
    wait::{PATIENCE, until},
};
use serde_json::json;
use std::{cell::Cell, collections::BTreeMap, fs, path::PathBuf};
use testkit::client::{Client, Played};

#[test]
fn a_running_proxy_follows_the_policy_and_drops_no_call() {
    let town = Town::open();
    let deployment = town.live_deployment();
    let up = deployment.up();
    let client = Town::client(&up.base_url("openai"));
    let number = Cell::new(0);
    assert_eq!(route(&ask(&town, &client, &number)), None, "observation marks no reply");

    publish(&deployment);
    let live = until("a call that the candidate serves", PATIENCE, || {
        Some(ask(&town, &client, &number)).filter(|it| route(it) == Some("live"))
    });
    assert_eq!(header(&live, "x-foreshadow-model"), Some(SMALL));
    assert_eq!(header(&live, "x-foreshadow-category"), Some("codes"));
    for priced in ["x-foreshadow-cost-usd", "x-foreshadow-saving-usd", "x-foreshadow-exchange"] {
        assert!(header(&live, priced).is_some(), "{priced} is missing");
    }
    check_stranger(&town, &client, &number);

    deployment.run(&["demote", "codes", "--by", "ada", "--note", "enough"]).done();
    until("a call that no policy touches", PATIENCE, || {
        Some(ask(&town, &client, &number)).filter(|it| route(it).is_none())
    });
    check_history(&deployment);
    up.stop();
}

/// One more call, answered whoever serves it.
#[track_caller]
fn ask(town: &Town, client: &Client, number: &Cell<u64>) -> Played {
    number.set(number.get() + 1);
    let played = town.runtime.block_on(client.send(&call(number.get()))).unwrap();
    assert_eq!(played.status, 200, "call {}: {played:?}", number.get());
    played
}

/// The reference refuses a stranger, and so do we: no candidate answers under our key.
#[track_caller]
fn check_stranger(town: &Town, client: &Client, number: &Cell<u64>) {
    number.set(number.get() + 1);
    let played = town.runtime.block_on(client.send(&call_of_stranger(number.get()))).unwrap();
    assert_eq!(played.status, 401);
    assert_eq!(route(&played), Some("reference"));
}

/// The promotion of the town's candidate.
pub(crate) fn publish(deployment: &Deployment) {
    publish_routes(deployment, &[("codes".to_owned(), SMALL.to_owned())]);
}

/// Promotions as a file of the published format: categories and their candidates, in the first version,
/// of all conversations, from now on.
pub(crate) fn publish_routes(deployment: &Deployment, routes: &[(String, String)]) {
    let folder = deployment.data.join("policy");
    fs::create_dir_all(&folder).unwrap();
    fs::rename(policy(deployment, routes), folder.join("00000001.json")).unwrap();
}

/// The same file, beside the deployment.
pub(crate) fn policy(deployment: &Deployment, routes: &[(String, String)]) -> PathBuf {
    let step = json!({"from": 0, "share": 1.0});
    let route = |candidate| json!({"candidate": candidate, "stage": "live", "schedule": [step]});
    let named: BTreeMap<_, _> =
        routes.iter().map(|(category, candidate)| (category, route(candidate))).collect();
    let (category, candidate) = &routes[0];
    let policy = json!({
        "format": 1, "version": 1, "parent": 0, "created_at": 0, "salt": "town", "routes": named,
        "decision": {
            "decided_at": 0, "as_of": null, "lake_version": {}, "category": category,
            "candidate": candidate, "action": "promote", "stage": "live", "actor": "person:ada",
            "threshold": null, "confidence": null, "reasons": [], "assumptions": [],
            "forced": "a test of what follows a promotion", "note": null, "policy_version": 1,
            "evidence_digest": null, "evidence": null,
        },
    });
    let aside = deployment.beside("policy.json");
    fs::write(&aside, policy.to_string()).unwrap();
    aside
}

#[track_caller]
fn check_history(deployment: &Deployment) {
    let history = deployment.run(&["policy", "history"]).done();
    assert!(history.contains("promote codes") && history.contains("demote codes"), "{history}");
    let decided = deployment.rows("SELECT action, actor FROM decisions ORDER BY policy_version");
    let actions: Vec<_> = decided.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["promote", "demote"], "the table has the decision of every version");
}

pub(crate) fn route(played: &Played) -> Option<&str> {
    header(played, "x-foreshadow-route")
}

pub(crate) fn header<'a>(played: &'a Played, name: &str) -> Option<&'a str> {
    played.headers.get(name)?.to_str().ok()
}
