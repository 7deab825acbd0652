//! Frozen pairs of a lake: the last look at the newest set, and the category's scores around its freezing.

use crate::{
    lakes::warehouse,
    world::{AS_OF, START},
};
use confidence::judge::{Moved, Standing};
use report::judge::{Anchors, Known, Measured, measured};
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000_000;
const FROZEN: i64 = START + 100 * HOUR;
const PAIRS: usize = 12;

fn empty() -> Value {
    json!({
        "cells": [cell(1, "old", "d0"), cell(2, "chat/mini/2", "d")],
        "assignments": [], "shadows": [], "labels": [], "blocks": [], "exchanges": [], "calls": [],
        "meters": [],
    })
}

fn cell(epoch: i64, name: &str, digest: &str) -> Value {
    json!({
        "cell": name, "category": "chat", "candidate": "mini", "epoch": epoch,
        "opened_at": START + epoch, "definition_digest": digest, "mode": "JP", "tau": 0.03,
        "loss_lo": -1.0, "loss_hi": 1.0, "family_weight": 0.5, "restarts": 0, "max_wait_s": 86400.0,
    })
}

fn push(lake: &mut Value, table: &str, row: Value) {
    lake[table].as_array_mut().unwrap().push(row);
}

/// A call that passed and was judged by both versions.
fn call(lake: &mut Value, id: &str, at: i64, (cell, loss): (&str, f64)) {
    push(
        lake,
        "assignments",
        json!({"exchange_id": id, "arm": "candidate", "candidate": "mini", "cell": cell,
               "conversation": id, "observed_at": at, "pi": 1.0, "pi_floor": 1.0, "sampled": true}),
    );
    let scores: Vec<Value> = ["v1", "v2"]
        .into_iter()
        .flat_map(|version| words(version, "", [1.0, 1.0 - loss]))
        .collect();
    push(
        lake,
        "shadows",
        json!({"exchange_id": id, "arm": "candidate", "candidate": "mini", "cell": cell,
               "answered_at": at, "decided_at": at, "mode": "JP", "tau": 0.03, "loss": loss,
               "reference_loss": 0.0, "scores": scores}),
    );
}

/// A word in each order, of the reference and the candidate.
fn words(version: &str, ending: &str, says: [f64; 2]) -> Vec<Value> {
    let of = |order: &str| {
        let trial = format!("{order}{ending}");
        let row = move |arm: &str, value: f64| {
            json!({"arm": arm, "candidate": "mini", "scorer": "judge", "scorer_digest": version,
                   "trial": trial, "kind": "judge", "value": value, "abstained": false})
        };
        [row("reference", says[0]), row("candidate", says[1])]
    };
    ["reference_first", "candidate_first"].into_iter().flat_map(of).collect()
}

/// A look at a set: what v1 and v2 say of the candidate now, where they said that it would do.
fn look(lake: &mut Value, frozen_at: i64, at: i64, now: [f64; 2]) {
    for pair in 0..PAIRS {
        let id = format!("look-{at}-{pair}");
        push(
            lake,
            "assignments",
            json!({"exchange_id": id, "arm": "candidate", "candidate": "mini",
                   "conversation": format!("chat/x{pair}#digest"), "observed_at": at, "pi": 1.0,
                   "pi_floor": 1.0, "sampled": true, "origin": "anchor", "decided_at": frozen_at}),
        );
        let said = ["v1", "v2"].into_iter().zip(now).flat_map(|(version, now)| {
            [(" frozen", 1.0), ("", now), (" 2", now)]
                .into_iter()
                .flat_map(move |(ending, says)| words(version, ending, [1.0, says]))
        });
        push(
            lake,
            "shadows",
            json!({"exchange_id": id, "arm": "candidate", "candidate": "mini", "answered_at": at,
                   "loss": 0.0, "scores": said.collect::<Vec<_>>(), "origin": "anchor"}),
        );
    }
}

/// Calls before and after the freezing, with that loss, beside some by an earlier definition.
fn lake(before: f64, after: f64) -> Value {
    let mut lake = empty();
    for at in 0..60 {
        call(&mut lake, &format!("b{at}"), START + at * HOUR, ("chat/mini/2", before));
        call(&mut lake, &format!("o{at}"), START + at * HOUR, ("old", 0.5));
        call(&mut lake, &format!("a{at}"), FROZEN + (at + 1) * HOUR, ("chat/mini/2", after));
    }
    lake
}

async fn found(lake: &Value, as_of: i64) -> Vec<Measured> {
    let known = Known { today: vec!["v1".to_owned(), "v2".to_owned()], ..Known::default() };
    measured(&warehouse(lake, as_of, 2).await, &known).await.unwrap()
}

/// What moved of v1, of v2 and of the panel: the judge's standing, and what explains the scores of the
/// reference and of the candidate.
#[track_caller]
fn check(found: &[Measured], expect: [(Standing, Moved, Moved); 3]) -> Vec<Anchors> {
    let anchors: Vec<Anchors> = found.iter().map(|it| it.anchors.clone().unwrap()).collect();
    let of = |it: &Anchors| (it.judge.standing, it.models[0].moved, it.models[1].moved);
    assert_eq!(anchors.iter().map(of).collect::<Vec<_>>(), expect, "{anchors:#?}");
    assert_eq!(anchors[0].models[0].candidate, None);
    assert_eq!(anchors[0].models[1].candidate.as_deref(), Some("mini"));
    anchors
}

const HOLDS: (Standing, Moved, Moved) = (Standing::Holds, Moved::Nothing, Moved::Nothing);
const JUDGE: (Standing, Moved, Moved) = (Standing::Moved, Moved::Judge, Moved::Judge);
const MODEL: (Standing, Moved, Moved) = (Standing::Holds, Moved::Nothing, Moved::Model);

#[tokio::test]
async fn without_a_set_there_is_nothing_to_say() {
    let found = found(&lake(0.0, 0.0), AS_OF).await;
    assert_eq!(found.len(), 3, "two judges, and their panel");
    assert!(found.iter().all(|it| it.anchors.is_none()));
}

#[tokio::test]
async fn each_judge_is_told_from_the_model_and_from_the_other() {
    let mut same = lake(0.0, 0.0);
    look(&mut same, FROZEN, FROZEN + 90 * HOUR, [1.0, 1.0]);
    let anchors = check(&found(&same, AS_OF).await, [HOLDS; 3]);
    assert_eq!((anchors[0].pairs, anchors[0].judge.questions), (12, 24));
    assert_eq!((anchors[2].pairs, anchors[2].judge.questions), (12, 48));
    assert_eq!(anchors[0].judge.look, 1);
    let scores = anchors[0].models[1].scores;
    assert_eq!((scores.before.mean, scores.before.units), (Some(1.0), 60), "today's definition");
    assert_eq!((scores.after.mean, scores.after.units), (Some(1.0), 60));

    let mut model = lake(0.0, 1.0);
    look(&mut model, FROZEN, FROZEN + 90 * HOUR, [1.0, 1.0]);
    check(&found(&model, AS_OF).await, [MODEL; 3]);

    let mut one = lake(0.0, 1.0);
    look(&mut one, FROZEN, FROZEN + 90 * HOUR, [0.0, 1.0]);
    let anchors = check(&found(&one, AS_OF).await, [JUDGE, MODEL, JUDGE]);
    assert_eq!((anchors[0].judge.changed, anchors[0].judge.stricter), (24, 24));
    assert_eq!((anchors[2].judge.changed, anchors[2].judge.wavered), (24, 0));
}

/// Later calls than the last look are not held against an older word, and a set that was frozen anew
/// begins anew.
#[tokio::test]
async fn the_last_look_at_the_newest_set_counts() {
    let mut lake = lake(0.0, 1.0);
    look(&mut lake, FROZEN, FROZEN + HOUR / 2, [1.0, 1.0]);
    look(&mut lake, FROZEN, FROZEN + 90 * HOUR, [0.0, 0.0]);
    let early = check(&found(&lake, FROZEN + 80 * HOUR).await, [HOLDS; 3]);
    assert_eq!((early[0].judge.look, early[0].models[1].scores.after.units), (1, 0));
    let late = check(&found(&lake, AS_OF).await, [JUDGE; 3]);
    assert_eq!(late[0].judge.look, 2);
    look(&mut lake, FROZEN + 95 * HOUR, FROZEN + 95 * HOUR, [1.0, 1.0]);
    let anew = check(&found(&lake, AS_OF).await, [HOLDS; 3]);
    assert_eq!((anew[0].judge.look, anew[0].models[1].scores.before.units), (1, 120));
}
