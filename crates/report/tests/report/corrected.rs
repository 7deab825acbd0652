//! Mode PPI from its definition to the gate's answer: two weeks of a judge that labels correct, the days'
//! blocks declared by what the outlook of the night before had learnt.

use crate::{
    lakes::warehouse,
    world::{self, START},
};
use confidence::{Labelled, Mode, Tolerance};
use exchange::{DAY_US, Date, MINUTE_US, NanoUsd, Timestamp};
use policy::{Block, Cell, Definition, Sampling, Share, epoch};
use report::{CellReport, Outlook, Report, Rules, Spending, render};
use serde_json::{Value, json};

const BAR: f64 = 0.9;
const KAPPA: f64 = 0.25;
const DAYS: i64 = 15;
const CALLS: i64 = 80;

/// What there is to be judged, and how the judge does.
struct Kind {
    category: &'static str,
    bad: f64,
    flags_bad: f64,
    flags_good: f64,
}

const KINDS: [Kind; 3] = [
    Kind { category: "good", bad: 0.03, flags_bad: 0.97, flags_good: 0.005 },
    Kind { category: "bad", bad: 0.25, flags_bad: 0.95, flags_good: 0.02 },
    // Good as the first, by a judge whose word says nothing of it.
    Kind { category: "unfollowed", bad: 0.02, flags_bad: 0.2, flags_good: 0.2 },
];

/// What became of one call.
struct Seen {
    day: i64,
    judged: f64,
    acceptable: bool,
    labelled: bool,
}

/// A number in [0, 1) of a call.
fn chance(kind: usize, call: i64, of: u64) -> f64 {
    let mut bits = ((kind as u64) << 40 | (call as u64) << 8 | of).wrapping_add(1);
    bits = bits.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ bits >> 31) >> 11) as f64 / (1_u64 << 53) as f64
}

fn cells() -> Vec<Cell> {
    let definitions = KINDS.map(|kind| Definition {
        category: kind.category.to_owned(),
        candidate: "small".to_owned(),
        digest: "d".to_owned(),
        replies_digest: "r".to_owned(),
        mode: Mode::PPI,
        tolerance: Tolerance::audited(BAR, 1.0, KAPPA).unwrap(),
        max_wait_s: epoch::MAX_WAIT_S,
    });
    epoch::open(&[], &definitions, Timestamp(START))
}

fn push(lake: &mut Value, table: &str, row: Value) {
    lake[table].as_array_mut().unwrap().push(row);
}

fn opened(cells: &[Cell]) -> Value {
    let row = |cell: &Cell| {
        json!({
            "cell": cell.cell, "category": cell.category, "candidate": cell.candidate,
            "epoch": cell.epoch, "opened_at": START, "definition_digest": "d", "mode": "PPI",
            "tau": cell.tau, "loss_lo": cell.loss_lo, "loss_hi": cell.loss_hi,
            "family_weight": cell.family_weight, "restarts": 0, "max_wait_s": 86_400.0,
        })
    };
    json!({
        "cells": cells.iter().map(row).collect::<Vec<_>>(), "assignments": [], "shadows": [],
        "labels": [], "blocks": [], "exchanges": [], "calls": [], "meters": [],
    })
}

fn declare(lake: &mut Value, block: &Block) {
    let row = json!({
        "cell": block.cell, "day": block.day.to_string(), "eta": block.eta, "a_hat": block.a_hat,
        "rho": block.rho, "kappa": block.kappa,
    });
    push(lake, "blocks", row);
}

/// One call, answered, judged, and labelled where chance says so.
fn add(lake: &mut Value, (nth, cell): (usize, &Cell), call: i64) -> Seen {
    let kind = &KINDS[nth];
    let acceptable = chance(nth, call, 0) >= kind.bad;
    let flags = if acceptable { kind.flags_good } else { kind.flags_bad };
    let judged = if chance(nth, call, 1) < flags { 1.0 } else { 0.0 };
    let labelled = chance(nth, call, 2) < KAPPA;
    let id = format!("{}-{call:05}", kind.category);
    let at = START + call / CALLS * DAY_US + call % CALLS * 17 * MINUTE_US;
    push(
        lake,
        "exchanges",
        json!({
            "exchange_id": id, "observed_at": at, "proxy_instance": "p1", "offer_seq": call,
            "conversation": id, "category": kind.category, "model": "large", "route": "reference",
            "input_tokens": 100, "cost_usd": format!("0.{:09}", 1_000_000 + call), "finish_reason": "stop",
        }),
    );
    push(
        lake,
        "assignments",
        json!({
            "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell.cell,
            "conversation": id, "tenant": format!("tenant-{}", call % 9), "observed_at": at,
            "pi": 1.0, "pi_floor": 1.0, "sampled": true, "audit_prob": KAPPA, "audited": labelled,
        }),
    );
    push(
        lake,
        "shadows",
        json!({
            "exchange_id": id, "arm": "candidate", "candidate": "small", "cell": cell.cell,
            "answered_at": at + MINUTE_US, "decided_at": at + MINUTE_US, "mode": "PPI",
            "tau": cell.tau, "loss": judged, "cost_usd": format!("0.{:09}", 100_000 + call % 7),
            "input_tokens": 100,
        }),
    );
    if labelled {
        push(
            lake,
            "labels",
            json!({
                "exchange_id": id, "arm": "candidate", "candidate": "small",
                "labelled_at": at + 40 * MINUTE_US, "acceptable": acceptable,
            }),
        );
    }
    Seen { day: call / CALLS, judged, acceptable, labelled }
}

fn rules(as_of: i64) -> Rules {
    let of_world = world::rules();
    let category = |kind: &Kind| report::CategoryRule {
        category: kind.category.to_owned(),
        demand: report::Demand::Bar(BAR),
        ..of_world.categories[0].clone()
    };
    Rules {
        decided_at: Timestamp(as_of),
        categories: KINDS.iter().map(category).collect(),
        ..of_world.clone()
    }
}

/// The lake after all days, what happened to every call, and the `eta` of every day.
async fn played(cells: &[Cell]) -> (Value, [Vec<Seen>; 3], [Vec<f64>; 3]) {
    let mut lake = opened(cells);
    let (mut seen, mut etas) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    let granted = KINDS.map(|kind| (kind.category.to_owned(), Sampling::ALL));
    let spending = Spending { per_day: NanoUsd(i64::MAX), granted: granted.into() };
    for day in 0..DAYS {
        let midnight = START + day * DAY_US;
        let tomorrow = if day == 0 {
            Default::default()
        } else {
            let warehouse = warehouse(&lake, midnight, 2).await;
            Outlook::gather(&warehouse, &rules(midnight), &spending).await.unwrap().tomorrow()
        };
        for (nth, cell) in cells.iter().enumerate() {
            let learnt = tomorrow.get(&cell.cell).and_then(|tomorrow| tomorrow.learnt);
            let block = Block::declare(cell, Timestamp(midnight).date(), 1.0);
            let block = block.audited(Share::new(KAPPA).unwrap()).trusting(learnt);
            declare(&mut lake, &block);
            etas[nth].push(block.eta);
            for call in 0..CALLS {
                seen[nth].push(add(&mut lake, (nth, cell), day * CALLS + call));
            }
        }
    }
    (lake, seen, etas)
}

/// What the labels of the calls until two days before say, counted here once more.
fn learnt(seen: &[Seen], day: i64) -> f64 {
    let mut labelled = Labelled::default();
    for call in seen.iter().filter(|call| call.labelled && call.day <= day - 2) {
        labelled.add(call.judged, call.acceptable, 1.0).unwrap();
    }
    labelled.trust().eta
}

fn check_unbiased(cell: &CellReport, seen: &[Seen]) {
    let good = seen.iter().filter(|call| call.acceptable).count() as f64;
    let truth = good / seen.len() as f64;
    let evidence = &cell.evidence;
    let (lower, upper) = (evidence.quality_lower.unwrap(), evidence.quality_upper.unwrap());
    assert!(lower < truth && truth < upper, "{truth} is not in {lower}..{upper}");
    assert!((evidence.quality.unwrap() - truth).abs() < 0.05, "{evidence:?}, {truth}");
}

#[tokio::test]
async fn labels_correct_a_judge_from_its_definition_to_the_gate() {
    let cells = cells();
    let (lake, seen, etas) = played(&cells).await;
    for (etas, seen) in etas.iter().zip(&seen) {
        for (day, eta) in etas.iter().enumerate() {
            let expected = learnt(seen, day as i64);
            assert!((eta - expected).abs() < 1e-9, "day {day}: {eta}, {expected}");
        }
    }
    assert_eq!(etas[2], [0.0; DAYS as usize], "a judge that follows nobody counts nothing");
    assert_eq!((etas[0][0], etas[1][0], etas[1][1]), (0.0, 0.0, 0.0), "nothing is known at first");
    assert!(etas[0][14] > 0.5 && etas[1][14] > 0.5, "{etas:?}");

    let as_of = START + DAYS * DAY_US + 2 * DAY_US / 24;
    let warehouse = warehouse(&lake, as_of, 2).await;
    let report = Report::gather(&warehouse, &rules(as_of)).await.unwrap();
    let [good, bad, unfollowed] = report.cells.as_slice() else { panic!("{report:?}") };
    for (cell, seen) in report.cells.iter().zip(&seen) {
        check_unbiased(cell, seen);
        assert!(
            cell.statement.ends_with("judged, human-corrected, bar 0.90"),
            "{}",
            cell.statement
        );
        assert_eq!(cell.judge, report::JudgeStanding::None, "no measure of the judge is asked for");
        let correction = cell.correction.unwrap();
        assert_eq!(correction.kappa, Some(KAPPA));
        assert_eq!(correction.until, Date(Timestamp(as_of).date().0));
    }
    let actions = [good, bad, unfollowed].map(|cell| cell.decision.action);
    assert_eq!(actions, ["promote", "hold", "promote"], "{:?}", good.decision);
    assert!(bad.evidence.refuted, "{:?}", bad.evidence);
    assert!(good.correction.unwrap().trust.rho_squared.unwrap() > 0.3);
    assert!(unfollowed.correction.unwrap().trust.rho_squared.unwrap() < 0.3);

    let text = render::markdown(&report);
    for told in [
        "people label 25.0 % of the replies",
        "of the replies; on the newest day the judge's word counts 0.",
        " beside them; by all ",
        "the judge's word counts nothing, labels alone decide; by all ",
        "would count nothing: mode H would save the judge",
    ] {
        assert!(text.contains(told), "`{told}` is not in {text}");
    }
}

/// What is out is the worst once its time is over: a word of the judge, and a label that was drawn for, each
/// by itself. A reply that there is not needs nobody to say that it would not do.
#[tokio::test]
async fn a_word_or_a_label_that_never_comes_counts_against_the_candidate() {
    let (cells, eta) = (cells(), 0.5);
    let cell = &cells[0];
    let unit = async |alter: &dyn Fn(&mut Value)| {
        let mut lake = opened(&cells[..1]);
        let day = Timestamp(START).date();
        let block = Block::declare(cell, day, 1.0).audited(Share::new(KAPPA).unwrap());
        declare(&mut lake, &Block { eta, ..block });
        // The first call of which chance wants a label.
        let call = (0..CALLS).find(|call| chance(0, *call, 2) < KAPPA).unwrap();
        add(&mut lake, (0, cell), call);
        alter(&mut lake);
        let warehouse = warehouse(&lake, START + 3 * DAY_US, 1).await;
        let evidence = warehouse.evidence().await.unwrap().remove(0);
        (1.0 - evidence.quality.unwrap(), evidence.lost_share.unwrap())
    };
    let judged = |lake: &mut Value, loss: Option<f64>| lake["shadows"][0]["loss"] = json!(loss);
    let unlabelled = |lake: &mut Value| lake["labels"] = json!([]);
    assert_eq!(unit(&|lake| judged(lake, Some(0.0))).await, (0.0, 0.0));
    // eta·1 + (0 − eta·1) / kappa, and the like with a label that says no.
    assert_eq!(unit(&|lake| judged(lake, Some(1.0))).await, (0.5 - 2.0, 0.0));
    assert_eq!(unit(&|lake| judged(lake, None)).await, (0.5 - 2.0, 1.0));
    assert_eq!(unit(&unlabelled).await, (4.0, 1.0));
    let both = |lake: &mut Value| {
        judged(lake, None);
        unlabelled(lake);
    };
    assert_eq!(unit(&both).await, (0.5 + 2.0, 1.0));
    let failed = |lake: &mut Value| {
        judged(lake, Some(1.0));
        lake["shadows"][0]["fault"] = json!("provider");
        unlabelled(lake);
    };
    assert_eq!(unit(&failed).await, (0.5 + 2.0, 0.0), "a failure is no loss of ours");
    let spared = |lake: &mut Value| {
        judged(lake, None);
        unlabelled(lake);
        lake["assignments"][0]["audited"] = json!(false);
    };
    assert_eq!(unit(&spared).await, (0.5, 1.0), "nobody was to be asked");
}
