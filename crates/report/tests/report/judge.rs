//! Words and labels of a lake, measured, and what the gate makes of them.

use crate::{
    lakes::warehouse,
    world::{AS_OF, START},
};
use arrow::{array::AsArray, datatypes::Float64Type};
use policy::{Decision, GateRule};
use report::{CandidateRule, CategoryRule, Demand, JudgeRule, Rules, weigh};
use serde_json::{Value, json};

const MINUTE: i64 = 60_000_000;
const VERSION: &str = "v1";

/// What the judge says of the reference's and the candidate's reply, and what people say.
struct Case {
    judge: [bool; 2],
    people: Option<[bool; 2]>,
    audited: bool,
}

fn lake(candidate: &str, cases: &[Case]) -> Value {
    let cell = format!("chat/{candidate}/1");
    let mut lake = json!({
        "cells": [{
            "cell": cell, "category": "chat", "candidate": candidate, "epoch": 1,
            "opened_at": START, "definition_digest": "d", "mode": "JP", "tau": 0.03,
            "loss_lo": -1.0, "loss_hi": 1.0, "family_weight": 1.0, "restarts": 0,
            "max_wait_s": 86400.0,
        }],
        "assignments": [], "shadows": [], "labels": [], "blocks": [{
            "cell": cell, "day": "2026-01-01", "kappa": 0.5,
        }],
        "exchanges": [], "calls": [], "meters": [],
    });
    let mut push = |table: &str, row: Value| lake[table].as_array_mut().unwrap().push(row);
    for (at, case) in cases.iter().enumerate() {
        let id = format!("{candidate}-{at}");
        let when = START + at as i64 * MINUTE / 10;
        push(
            "assignments",
            json!({
                "exchange_id": id, "arm": "candidate", "candidate": candidate, "cell": cell,
                "conversation": id, "observed_at": when, "pi": 1.0, "pi_floor": 1.0,
                "sampled": true, "audit_prob": 0.5, "audited": case.audited,
            }),
        );
        push(
            "exchanges",
            json!({"exchange_id": id, "observed_at": when, "conversation": id,
                   "category": "chat", "model": "big", "route": "reference"}),
        );
        let [reference_loss, loss] = case.judge.map(|good| f64::from(!good));
        push(
            "shadows",
            json!({
                "exchange_id": id, "arm": "candidate", "candidate": candidate, "cell": cell,
                "answered_at": when + MINUTE, "decided_at": when + MINUTE, "mode": "JP",
                "tau": 0.03, "loss": loss, "reference_loss": reference_loss,
                "scores": scores(candidate, case.judge),
            }),
        );
        for (arm, acceptable) in
            ["reference", "candidate"].into_iter().zip(case.people.into_iter().flatten())
        {
            let candidate = (arm == "candidate").then_some(candidate);
            push(
                "labels",
                json!({"exchange_id": id, "arm": arm, "candidate": candidate,
                       "labelled_at": when + 2 * MINUTE, "acceptable": acceptable}),
            );
        }
    }
    lake
}

fn scores(candidate: &str, says: [bool; 2]) -> Vec<Value> {
    let trials = ["reference_first", "candidate_first"];
    let of = |trial| {
        let row = |scorer: &str, arm: &str, value: f64| {
            json!({"arm": arm, "candidate": candidate, "scorer": scorer, "scorer_digest": VERSION,
                   "trial": trial, "kind": "judge", "value": value, "abstained": false})
        };
        [
            row("judge", "reference", f64::from(says[0])),
            row("judge", "candidate", f64::from(says[1])),
            row("judge_preference", "candidate", 0.5),
        ]
    };
    trials.into_iter().flat_map(of).collect()
}

fn rules(youden: f64) -> Rules {
    Rules {
        decided_at: exchange::Timestamp(AS_OF),
        lake_version: Default::default(),
        providers: Default::default(),
        prices: Default::default(),
        categories: vec![CategoryRule {
            category: "chat".to_owned(),
            demand: Demand::Margin(0.05),
            gate: GateRule::default(),
            judge: Some(JudgeRule { versions: vec![VERSION.to_owned()], youden }),
            allowed_providers: Vec::new(),
            candidates: vec![CandidateRule {
                candidate: "mini".to_owned(),
                definition_digest: Some("d".to_owned()),
                provider: "p".to_owned(),
                priced: true,
                serving: None,
            }],
        }],
    }
}

/// The reasons by which the gate holds the judge, and what the cell paid for resting on it.
async fn weighed(cases: &[Case], youden: f64) -> (Vec<String>, f64) {
    let warehouse = warehouse(&lake("mini", cases), AS_OF, 1).await;
    let weighed = weigh(&warehouse, &rules(youden)).await.unwrap();
    let evidence = &weighed[0].evidence;
    let asked = "SELECT confidence, confidence_adj FROM evidence";
    let (_, batches) = warehouse.ask(asked).await.unwrap();
    let shown = |column: usize| batches[0].column(column).as_primitive::<Float64Type>().value(0);
    assert_eq!([shown(0), shown(1)], [evidence.confidence, evidence.confidence_adj]);
    let adjusted = confidence::confidence(evidence.log_e, evidence.alpha_c);
    assert_eq!(evidence.confidence_adj, adjusted, "the cell is alone, and pays for its judge");
    (of_judge(&weighed[0].decision), weighed[0].evidence.alpha_c)
}

fn of_judge(decision: &Decision) -> Vec<String> {
    let Decision::Hold(reasons) = decision else { panic!("{decision:?}") };
    let of_judge = reasons.iter().filter(|reason| reason.code.name() == "judge_unmeasured");
    of_judge.map(ToString::to_string).collect()
}

fn honest(at: usize) -> Case {
    let good = [!at.is_multiple_of(5), !at.is_multiple_of(4)];
    Case { judge: good, people: Some(good), audited: true }
}

#[tokio::test]
async fn the_gate_holds_until_labels_bear_out_the_judge() {
    let unlabelled: Vec<Case> = (0..20).map(|at| Case { people: None, ..honest(at) }).collect();
    let (reasons, alpha_c) = weighed(&unlabelled, 0.6).await;
    assert!(reasons[0].contains("without labels") && alpha_c == 0.0, "{reasons:?}");
    let few: Vec<Case> = (0..40).map(honest).collect();
    let (reasons, alpha_c) = weighed(&few, 0.6).await;
    assert!(reasons[0].contains("80 labels show") && alpha_c == 0.01, "{reasons:?}");
    let many: Vec<Case> = (0..300).map(honest).collect();
    let (reasons, alpha_c) = weighed(&many, 0.6).await;
    assert_eq!((reasons.len(), alpha_c), (0, 0.01), "{reasons:?}");
}

/// How a judge errs on one model's replies says nothing of another's: it may favour one of them.
#[tokio::test]
async fn labels_of_another_candidate_measure_no_judge_of_this_one() {
    let unlabelled: Vec<Case> = (0..20).map(|at| Case { people: None, ..honest(at) }).collect();
    let mut both = lake("mini", &unlabelled);
    let others = lake("maxi", &(0..300).map(honest).collect::<Vec<_>>());
    for (table, rows) in both.as_object_mut().unwrap() {
        rows.as_array_mut().unwrap().extend(others[table].as_array().unwrap().iter().cloned());
    }
    let weighed = weigh(&warehouse(&both, AS_OF, 1).await, &rules(0.6)).await.unwrap();
    let reasons = of_judge(&weighed[0].decision);
    assert!(reasons[0].contains("without labels"), "{reasons:?}");
}

/// Labels that nobody drew are no measurement, however many there are.
#[tokio::test]
async fn chosen_labels_open_no_gate() {
    let chosen: Vec<Case> = (0..60).map(|at| Case { audited: false, ..honest(at) }).collect();
    let (reasons, alpha_c) = weighed(&chosen, 0.6).await;
    assert!(reasons[0].contains("without labels") && alpha_c == 0.0, "{reasons:?}");
}

/// reliability.md, 6: a candidate that answers everything alike and a judge that falls for it.
#[tokio::test]
async fn a_constant_answer_that_fools_the_judge_opens_no_gate() {
    let fooled = |at: usize| match at % 2 {
        0 => Case { judge: [true, true], people: Some([true, false]), audited: true },
        _ => honest(at),
    };
    let (reasons, alpha_c) = weighed(&(0..100).map(fooled).collect::<Vec<_>>(), 0.6).await;
    assert!(reasons[0].contains("labels show") && alpha_c == 0.01, "{reasons:?}");
}
