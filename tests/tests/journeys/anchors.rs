//! Frozen pairs, judged again: when the judge becomes another, that is said, and when the model does, that is.

use crate::{
    deployment::Deployment,
    python::python,
    town::{MAGISTRATE, SMALL, Town, poor},
    wait::{PATIENCE, until},
};
use exchange::NanoUsd;
use serde_json::Value;
use std::fs;

/// Calls before the freezing, and after.
const CALLS: u64 = 40;
const PAIRS: u64 = 20;
/// Both orders, twice.
const ASKED: u64 = 4;

/// A town whose calls were judged, and whose pipeline freezes pairs of them.
fn judged(schedule: &str) -> (Town, Deployment) {
    let town = Town::open();
    let deployment = town.deployment();
    let anchors = format!("[judge]\nanchors = {{ pairs = {PAIRS}{schedule} }}");
    fs::write(&deployment.pipeline, town.judged_pipeline().replace("[judge]", &anchors)).unwrap();
    play(&town, &deployment, 0..CALLS);
    (town, deployment)
}

/// So many calls, shadowed and judged.
fn play(town: &Town, deployment: &Deployment, calls: std::ops::Range<u64>) {
    let up = deployment.up();
    let all = calls.end;
    town.play(&up.base_url("openai"), calls);
    until("every call judged", PATIENCE, || {
        let judged = "SELECT count(*) AS n FROM shadows WHERE origin IS NULL AND loss IS NOT NULL";
        (deployment.count(judged) == all).then_some(())
    });
    up.stop();
}

/// What the anchors of the one judge say.
#[track_caller]
fn anchors(deployment: &Deployment, args: &[&str]) -> Value {
    let mut command = vec!["judge", "anchors", "--format", "json"];
    command.extend(args);
    let judges: Value = serde_json::from_str(&deployment.run(&command).done()).unwrap();
    assert_eq!(judges.as_array().map(Vec::len), Some(1), "{judges}");
    judges[0]["anchors"].clone()
}

/// What moved, model by model: the reference first.
fn moved(anchors: &Value) -> Vec<&str> {
    let models = anchors["models"].as_array().unwrap();
    assert_eq!((&models[0]["candidate"], &models[1]["candidate"]), (&Value::Null, &SMALL.into()));
    models.iter().map(|model| model["moved"].as_str().unwrap()).collect()
}

fn asked(town: &Town, model: &str) -> u64 {
    town.harbor.log().calls().iter().filter(|call| call.model == model).count() as u64
}

/// They are no traffic, no evidence and no score of a call, and what they cost is in the ledger.
#[track_caller]
fn check_books(town: &Town, deployment: &Deployment, looks: u64) {
    let of = |table: &str| format!("SELECT count(*) AS n FROM {table} WHERE origin = 'anchor'");
    assert_eq!(deployment.count(&of("assignments")), PAIRS * (looks + 1));
    assert_eq!(deployment.count(&of("shadows")), PAIRS * looks);
    assert_eq!(deployment.count(&of("calls")), PAIRS * looks * ASKED);
    let remembered = "SELECT count(*) AS n FROM calls WHERE origin = 'anchor' AND attempt = 0";
    assert_eq!(deployment.count(remembered), 0);
    let paid = "SELECT CAST(sum(cost_usd) AS VARCHAR) AS cost FROM calls WHERE purpose = 'judge'";
    let paid: NanoUsd = deployment.rows(paid)[0]["cost"].as_str().unwrap().parse().unwrap();
    let billed = &town.harbor.log().totals()[&("shadow".to_owned(), MAGISTRATE.to_owned())];
    assert_eq!(paid, billed.cost);
}

/// The words of every look are there for any tool.
#[track_caller]
fn check_view(deployment: &Deployment) {
    let views = deployment.beside("views.sql");
    fs::write(&views, deployment.run(&["lake", "views"]).done()).unwrap();
    let query = "SELECT look, count(*) AS n, CAST(sum(value) AS BIGINT) AS acceptable FROM anchors \
                 GROUP BY look ORDER BY look";
    let duckdb = python("lake.py", &["views", views.to_str().unwrap(), query]).done();
    let duckdb: Value = serde_json::from_str(&duckdb).unwrap();
    assert_eq!(duckdb, Value::Array(deployment.rows(query)), "DuckDB on the left");
}

/// Everything that a decision may rest on.
fn evidence(deployment: &Deployment) -> Vec<Vec<Value>> {
    ["evidence", "units", "coverage", "scores", "verdicts", "savings"]
        .map(|view| deployment.rows(&format!("SELECT count(*) AS n FROM {view}")))
        .to_vec()
}

#[test]
fn a_judge_that_became_another_is_told_from_a_model_that_did() {
    let (town, deployment) = judged("");
    let before = (asked(&town, SMALL), asked(&town, MAGISTRATE), evidence(&deployment));
    let first = anchors(&deployment, &[]);
    assert_eq!((&first["pairs"], &first["judge"]["standing"]), (&PAIRS.into(), &"holds".into()));
    assert_eq!((&first["judge"]["changed"], &first["judge"]["wavered"]), (&0.into(), &0.into()));
    assert_eq!(moved(&first), ["nothing", "nothing"]);
    assert_eq!(asked(&town, SMALL), before.0, "no candidate is asked");
    assert_eq!(
        asked(&town, MAGISTRATE),
        before.1 + PAIRS * ASKED,
        "the judge is, whatever it said"
    );
    check_books(&town, &deployment, 1);
    assert_eq!(evidence(&deployment), before.2);

    // The candidate becomes another: its scores fall, and the judge says what it said.
    town.candidate_moves();
    play(&town, &deployment, CALLS..2 * CALLS);
    let second = anchors(&deployment, &[]);
    assert_eq!((&second["frozen_at"], &second["judge"]["look"]), (&first["frozen_at"], &2.into()));
    assert_eq!(&second["judge"]["standing"], "holds", "{second}");
    assert_eq!(moved(&second), ["nothing", "model"], "{second}");
    let said = deployment.run(&["judge", "anchors", "--last"]).done();
    assert!(said.contains("the judge holds (20 pairs"), "{said}");
    assert!(said.contains("clerk-small: score 0.900 ["), "{said}");
    assert!(said.contains("since 0.000 [") && said.contains("the model moved"), "{said}");

    // The judge becomes another too: nothing can be said of the model any more.
    town.magistrate_moves();
    let before = evidence(&deployment);
    let third = anchors(&deployment, &[]);
    assert_eq!(&third["judge"]["standing"], "moved", "{third}");
    assert_eq!(&third["judge"]["wavered"], 0);
    assert_eq!(third["judge"]["changed"], third["judge"]["stricter"], "{third}");
    assert_eq!(moved(&third), ["judge", "judge"]);
    check_books(&town, &deployment, 3);
    check_view(&deployment);
    let said = deployment.run(&["judge"]).done();
    assert!(said.contains("magistrate") && said.contains("anchors: the judge moved"), "{said}");
    assert_eq!(evidence(&deployment), before);
}

#[test]
fn a_judge_that_moves_is_not_taken_for_the_model() {
    let (town, deployment) = judged("");
    anchors(&deployment, &[]);
    town.magistrate_moves();
    play(&town, &deployment, CALLS..2 * CALLS);
    let found = anchors(&deployment, &[]);
    assert_eq!(&found["judge"]["standing"], "moved", "{found}");
    assert_eq!(moved(&found), ["judge", "judge"], "every score fell, and nobody is blamed for it");
    // With pairs that it judged since, one begins anew. Words of before are still drawn: they moved.
    let fresh = anchors(&deployment, &["--freeze"]);
    assert_ne!(fresh["frozen_at"], found["frozen_at"]);
    assert_eq!(&fresh["judge"]["look"], 1);
}

#[test]
fn nothing_is_frozen_before_there_is_enough_and_without_budget_nobody_is_asked() {
    let (town, deployment) = judged("");
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let pairs = format!("pairs = {PAIRS}");
    let judged = asked(&town, MAGISTRATE);
    let fail = |text: String, words: &str| {
        fs::write(&deployment.pipeline, text).unwrap();
        let said = deployment.run(&["judge", "anchors"]);
        assert_eq!(said.code(), Some(1));
        assert!(said.errors.contains(words), "{}", said.errors);
        assert_eq!(asked(&town, MAGISTRATE), judged);
    };
    fail(text.replace(&pairs, "pairs = 100"), "codes: 40 of 100 pairs are judged yet");
    fail(poor(&text), "codes: 20 withheld");
    let none = text.replace(&format!("anchors = {{ {pairs} }}"), "");
    fail(none, "the pipeline freezes no pairs: add [judge.anchors] to it");
}

#[test]
fn up_asks_again_when_it_is_due_and_not_before() {
    let (town, deployment) = judged(", every_hours = 1");
    let words = "SELECT count(DISTINCT run_at) AS n FROM anchors";
    let up = deployment.up();
    until("a first look", PATIENCE, || (deployment.count(words) == 1).then_some(()));
    up.stop();
    let up = deployment.up();
    anchors(&deployment, &[]);
    up.stop();
    assert_eq!(deployment.count(words), 2, "within the hour `up` asks once, people as they like");
    check_books(&town, &deployment, 2);
}
