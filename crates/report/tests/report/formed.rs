//! The units that the program forms are those that its SQL says, row by row, and so is how calls
//! ended: over lakes of chance with every mode, with what is late, lost, silent or still out.

use crate::{lakes::limited, world::START};
use arrow::array::RecordBatch;
use exchange::{DAY_US, MINUTE_US, Timestamp};
use proptest::{collection::vec, option, prelude::*, test_runner::Config};
use report::{Format, Limits, Warehouse, render_rows, views_sql};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MODES: [&str; 7] = ["R", "RP", "H", "PPI", "JP", "JA", "AA"];
/// From here on the tests look; the last calls are younger than the time that is waited.
const LOOK: i64 = START + 5 * DAY_US;

/// How far a judge's word counts beside labels, day by day; one day nobody said it.
const ETAS: [Option<f64>; 5] = [Some(0.0), Some(0.75), Some(1.0), None, Some(0.625)];

/// One call of a cell, with what may have become of it.
#[derive(Clone, Debug)]
struct Call {
    mode: usize,
    conversation: u8,
    minute: i64,
    tokens: Option<i64>,
    tenant: Option<u8>,
    pi: f64,
    sampled: bool,
    audited: bool,
    /// The chance of a label, where labels correct a judge: also too little, or one that nobody wrote down.
    audit_prob: Option<f64>,
    left_out: u8,
    /// Minutes until the reply and its verdict are there, and what they are.
    reply: Option<(i64, i64, [Option<u8>; 3], bool)>,
    control: bool,
    label: Option<(i64, Option<bool>)>,
}

fn call() -> impl Strategy<Value = Call> {
    // Half hours and whole days are where conversations end.
    let minute = prop_oneof![
        0..7_200_i64,
        (0..240_i64).prop_map(|n| 30 * n),
        (0..5_i64).prop_map(|n| 1440 * n)
    ];
    let tokens = option::weighted(0.9, prop_oneof![1..10_000_i64, Just(128), Just(129), Just(512)]);
    let score = || option::weighted(0.8, 0..=4_u8);
    let reply = option::weighted(
        0.8,
        (0..3_000_i64, 0..3_000_i64, [score(), score(), score()], prop::bool::weighted(0.2)),
    );
    let call = (0..MODES.len(), 0..4_u8, minute, tokens, option::of(0..3_u8));
    let draw = (
        prop_oneof![Just(1.0), Just(0.5), Just(0.25)],
        prop::bool::weighted(0.8),
        any::<bool>(),
        prop_oneof![8 => Just(0_u8), 1 => Just(1), 1 => Just(2)],
        option::weighted(0.9, prop_oneof![Just(1.0), Just(0.5), Just(0.25), Just(0.125)]),
    );
    let label = option::of((0..8_000_i64, option::weighted(0.9, any::<bool>())));
    (call, draw, reply, any::<bool>(), label).prop_map(|(call, draw, reply, control, label)| Call {
        mode: call.0,
        conversation: call.1,
        minute: call.2,
        tokens: call.3,
        tenant: call.4,
        pi: draw.0,
        sampled: draw.1 && draw.3 == 0,
        audited: draw.2,
        left_out: draw.3,
        audit_prob: draw.4,
        reply,
        control,
        label,
    })
}

fn lake(calls: &[Call]) -> Value {
    let cell = |mode: &&str| {
        json!({
            "cell": format!("of-{mode}/small/1"), "category": format!("of-{mode}"),
            "candidate": "small", "epoch": 1, "opened_at": START, "definition_digest": "d",
            "mode": mode, "tau": 0.125, "loss_lo": -3.0, "loss_hi": 4.0, "family_weight": 0.125,
            "restarts": 0, "max_wait_s": 86_400.0,
        })
    };
    let block = |(mode, day): (&str, i64)| {
        json!({
            "cell": format!("of-{mode}/small/1"), "day": Timestamp(START + day * DAY_US).date().to_string(),
            "eta": ETAS[day as usize], "a_hat": 0.0625, "rho": 0.5,
            "kappa": (mode != "PPI" || day != 3).then_some(0.5),
        })
    };
    let days = MODES.iter().flat_map(|mode| (0..5).map(move |day| (*mode, day)));
    let mut lake = json!({
        "cells": MODES.iter().map(cell).collect::<Vec<_>>(),
        "blocks": days.map(block).collect::<Vec<_>>(),
    });
    let mut rows: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (nth, call) in calls.iter().enumerate() {
        add(&mut rows, &format!("{nth:04}"), call);
    }
    for (table, rows) in rows {
        lake[table] = rows.into();
    }
    lake
}

fn add(rows: &mut BTreeMap<&str, Vec<Value>>, id: &str, call: &Call) {
    let mut push = |table, row: Value| rows.entry(table).or_default().push(row);
    let (mode, at) = (MODES[call.mode], START + call.minute * MINUTE_US);
    let cell = format!("of-{mode}/small/1");
    push("exchanges", json!({"exchange_id": id, "observed_at": at, "input_tokens": call.tokens}));
    let because = |of: u8, reason: &str| (call.left_out == of).then(|| reason.to_owned());
    push(
        "assignments",
        json!({
            "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
            "conversation": format!("c{}", call.conversation),
            "tenant": call.tenant.map(|tenant| format!("t{tenant}")), "observed_at": at,
            "pi": call.pi, "pi_floor": 0.25, "sampled": call.sampled, "audited": call.audited,
            "audit_prob": if mode == "PPI" { call.audit_prob } else { Some(0.5) },
            "ineligible_reason": because(1, "stored"),
            "withheld_reason": because(2, "budget"),
        }),
    );
    if call.control {
        let control = json!({
            "exchange_id": id, "arm": "control", "candidate": "large", "cell": null,
            "conversation": "c", "observed_at": at, "sampled": true,
        });
        push("assignments", control);
    }
    if let Some((minutes, more, losses, failed)) = call.reply.as_ref().filter(|_| call.sampled) {
        let [loss, reference, control] =
            losses.map(|quarters| quarters.map(|n| f64::from(n) / 4.0));
        let answered_at = at + minutes * MINUTE_US;
        push(
            "shadows",
            json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell,
                "answered_at": answered_at, "decided_at": answered_at + more * MINUTE_US,
                "fault": failed.then_some(["candidate", "provider", "ours"][call.conversation as usize % 3]),
                "loss": loss, "reference_loss": reference,
                "control_loss": control,
            }),
        );
    }
    if let Some((minutes, acceptable)) = call.label {
        push(
            "labels",
            json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small",
                "labelled_at": at + minutes * MINUTE_US, "acceptable": acceptable,
            }),
        );
    }
}

async fn rows(warehouse: &Warehouse, text: &str) -> String {
    let (schema, found): (_, Vec<RecordBatch>) = warehouse.ask(text).await.unwrap();
    String::from_utf8(render_rows(&schema, &found, Format::Csv).unwrap()).unwrap()
}

/// The view's text, as `foreshadow lake views` gives it to DuckDB.
fn text_of(view: &str, as_of: i64) -> String {
    let script = views_sql(Timestamp(as_of), &BTreeMap::new());
    let start = format!("CREATE OR REPLACE VIEW {view} AS\n");
    let text = script.split_once(&start).unwrap().1.split_once(";\n").unwrap().0;
    text.replace("TIMESTAMPTZ '", "TIMESTAMP '")
}

async fn check(lake: &Value, as_of: i64) -> usize {
    let limits = Limits { assignments_max: 40, ..Limits::default() };
    let warehouse = limited(lake, as_of, (3, limits)).await;
    let units = |of: &str| {
        format!(
            "SELECT cell, conversation, tenant, first_at, closed_at, requests, request_weight, \
             request_loss, lost, weight, loss, mode, tau, loss_lo, loss_hi FROM {of} ORDER BY cell, closed_at, conversation"
        )
    };
    let formed = rows(&warehouse, &units("units")).await;
    let said = rows(&warehouse, &units(&format!("({}) AS said", text_of("units", as_of)))).await;
    assert_eq!(formed, said, "units at {as_of}");
    let ended = "SELECT cell, outcome, reason, count(*) AS exchanges FROM outcomes \
                 GROUP BY cell, outcome, reason ORDER BY cell, outcome, reason";
    let said = rows(&warehouse, ended).await;
    let mut counted = vec!["cell,outcome,reason,exchanges".to_owned()];
    for evidence in warehouse.evidence().await.unwrap() {
        let coverage = &evidence.coverage;
        let mut count = |outcome: &str, reason: &str, calls: u64| {
            let row = format!("{},{outcome},{reason},{calls}", evidence.cell);
            counted.extend((calls > 0).then_some(row));
        };
        coverage.failed.iter().for_each(|(reason, calls)| count("failed", reason, *calls));
        coverage.ineligible.iter().for_each(|(reason, calls)| count("ineligible", reason, *calls));
        count("not_sampled", "", coverage.not_sampled);
        count("pending", "", coverage.pending);
        count("shadowed", "", coverage.shadowed);
        coverage.withheld.iter().for_each(|(reason, calls)| count("withheld", reason, *calls));
    }
    assert_eq!(counted.join("\n"), said.trim_end().replace("\"\"", ""), "outcomes at {as_of}");
    formed.lines().count() - 1
}

#[test]
fn what_is_formed_is_what_the_sql_says() {
    let mut runner = proptest::test_runner::TestRunner::new(Config {
        cases: 8,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = std::cell::Cell::new(0);
    runner
        .run(&vec(call(), 60..240), |calls| {
            let lake = lake(&calls);
            for as_of in [LOOK, START + 2 * DAY_US + 7 * MINUTE_US] {
                seen.set(seen.get() + runtime.block_on(check(&lake, as_of)));
            }
            Ok(())
        })
        .unwrap();
    assert!(seen.get() > 400, "only {} units were compared", seen.get());
}
