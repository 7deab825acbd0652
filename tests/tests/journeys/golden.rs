//! The pipeline's own cases: put to every model, told apart from traffic, and compared with the run
//! before.

use crate::{
    deployment::Deployment,
    town::{MAGISTRATE, SMALL, Town, poor},
    wait::{PATIENCE, until},
};
use exchange::NanoUsd;
use serde_json::Value;
use std::fs;
use testkit::sim::Fault;

const CASES: &str = r#"
[golden]
every_hours = 1

[[golden.case]]
name = "order-1"
category = "codes"
model = "clerk-large"
prompt = "The code of order 1?"
expected = "code-1"

[[golden.case]]
name = "order-7"
category = "codes"
model = "clerk-large"
system = "Answer with a code."
prompt = "The code of order 7?"
expected = "code-7"
"#;

/// A town, and a deployment with cases.
fn town(pipeline: impl Fn(&Town) -> String) -> (Town, Deployment) {
    let town = Town::open();
    let deployment = town.live_deployment();
    let text = pipeline(&town).replace("shadow_key_env", "key_env");
    let own = text.replace(
        "name = \"openai\"\n",
        "name = \"openai\"\nshadow_key_env = \"TOWN_CALLER_KEY\"\n",
    );
    fs::write(&deployment.pipeline, own).unwrap();
    let deployment = deployment.with_key("TOWN_CALLER_KEY", crate::town::CALLER_SECRET);
    (town, deployment)
}

fn by_rules(town: &Town) -> String {
    town.own_pipeline() + CASES
}

#[track_caller]
fn golden(deployment: &Deployment, args: &[&str]) -> Vec<Value> {
    let mut command = vec!["golden", "--format", "json"];
    command.extend(args);
    serde_json::from_str(&deployment.run(&command).done()).unwrap()
}

/// The scores now and before, case by case and model by model.
fn scores(lines: &[Value]) -> Vec<(&str, &str, Option<f64>, Option<f64>)> {
    let text = |line: &'_ Value, name: &str| line[name].as_str().unwrap().to_owned().leak() as &str;
    let score = |line: &Value, name: &str| line[name].as_f64();
    lines
        .iter()
        .map(|line| {
            (
                text(line, "name"),
                text(line, "model"),
                score(line, "score"),
                score(line, "score_before"),
            )
        })
        .collect()
}

/// The providers' own log against the ledger.
#[track_caller]
fn check_books(town: &Town, deployment: &Deployment) {
    let billed = [&town.openai, &town.harbor].map(|it| it.log().totals().into_values());
    let billed: NanoUsd = billed.into_iter().flatten().map(|total| total.cost).sum();
    let paid = "SELECT CAST(sum(cost_usd) AS VARCHAR) AS cost FROM calls WHERE origin = 'golden'";
    let paid: NanoUsd = deployment.rows(paid)[0]["cost"].as_str().unwrap().parse().unwrap();
    assert_eq!(paid, billed);
}

#[test]
fn cases_are_put_to_every_model_and_count_as_nothing_else() {
    let (town, deployment) = town(by_rules);
    let lines = golden(&deployment, &[]);
    let (right, wrong) = (Some(1.0), Some(0.0));
    assert_eq!(
        scores(&lines),
        [
            ("order-1", "clerk-large", right, None),
            ("order-1", "clerk-small", right, None),
            ("order-7", "clerk-large", right, None),
            ("order-7", "clerk-small", wrong, None),
        ]
    );
    for table in ["assignments", "shadows", "calls"] {
        let rows = format!("SELECT count(*) AS n FROM {table} WHERE origin = 'golden'");
        assert_eq!(deployment.count(&rows), 4, "{table}");
    }
    for nothing in ["exchanges", "cells", "units", "evidence", "verdicts", "scores", "coverage"] {
        let rows = format!("SELECT count(*) AS n FROM {nothing}");
        assert_eq!(deployment.count(&rows), 0, "{nothing}");
    }
    assert_eq!(deployment.count("SELECT count(*) AS n FROM savings"), 0);
    check_books(&town, &deployment);
}

#[test]
fn what_changed_between_two_runs_is_told_with_the_scores_then_and_now() {
    let (town, deployment) = town(by_rules);
    golden(&deployment, &[]);
    town.harbor.inject(SMALL, Fault::Garbage, u32::MAX);
    let said = deployment.run(&["golden"]).done();
    assert!(
        said.contains("codes · order-1 · clerk-small: 0.00, was 1.00 (the reply cannot be read"),
        "{said}"
    );
    assert!(
        said.contains("codes · clerk-small: 2 cases, score 0.000, before 0.500; 1 worse"),
        "{said}"
    );
    assert!(!said.contains("order-7 · clerk-small: 0.00, was"), "it was wrong before: {said}");
    assert!(!said.contains("· clerk-large: 0.00"), "{said}");
    let asked = town.harbor.log().calls().len();
    assert_eq!(deployment.run(&["golden", "--last"]).done(), said);
    assert_eq!(town.harbor.log().calls().len(), asked, "the last run is looked at, not repeated");

    // Another expected answer is another question: its score is not compared.
    town.harbor.heal(SMALL);
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let other = text.replace("expected = \"code-1\"", "expected = \"code-2\"");
    fs::write(&deployment.pipeline, other).unwrap();
    let lines = golden(&deployment, &[]);
    let (right, wrong) = (Some(1.0), Some(0.0));
    assert_eq!(
        scores(&lines),
        [
            ("order-1", "clerk-large", wrong, None),
            ("order-1", "clerk-small", wrong, None),
            ("order-7", "clerk-large", right, right),
            ("order-7", "clerk-small", wrong, wrong),
        ]
    );
}

#[test]
fn a_case_with_an_answer_is_judged_beside_it() {
    let cases = CASES.replace("expected", "answer");
    let (town, deployment) = town(|town| town.judged_pipeline() + &cases);
    let lines = golden(&deployment, &[]);
    let now: Vec<Option<f64>> = scores(&lines).into_iter().map(|(_, _, now, _)| now).collect();
    assert_eq!(now, [Some(1.0), Some(1.0), Some(1.0), Some(0.0)]);
    let judged = town.harbor.log().calls().iter().filter(|it| it.model == MAGISTRATE).count();
    // Two models, two cases, both orders; a question that was just asked is remembered.
    assert!((3..=8).contains(&judged), "{judged}");
    check_books(&town, &deployment);
}

#[test]
fn without_budget_nobody_is_asked_and_that_is_recorded() {
    let (town, deployment) = town(|town| poor(&by_rules(town)));
    let said = deployment.run(&["golden"]);
    assert_eq!(said.code(), Some(1));
    assert!(said.errors.contains("no model was asked: 4 were withheld"), "{}", said.errors);
    let withheld = "SELECT count(*) AS n FROM golden WHERE withheld_reason = 'budget'";
    assert_eq!(deployment.count(withheld), 4);
    assert!(town.harbor.log().calls().is_empty());
}

#[test]
fn up_asks_the_cases_when_they_are_due_and_not_before() {
    let (_town, deployment) = town(by_rules);
    let runs = "SELECT count(DISTINCT run_at) AS n FROM golden";
    let up = deployment.up();
    until("a first run", PATIENCE, || {
        let asked = "SELECT count(*) AS n FROM golden WHERE score IS NOT NULL";
        (deployment.count(asked) == 4).then_some(())
    });
    up.stop();
    let up = deployment.up();
    let lines = golden(&deployment, &[]);
    assert_eq!(lines.len(), 4, "a person may ask at any time");
    up.stop();
    assert_eq!(deployment.count(runs), 2, "within the hour `up` asks once");
}
