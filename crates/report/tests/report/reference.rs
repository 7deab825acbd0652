//! The SQL and the fold against the reference implementation, which walks the same rows one by one
//! in plain Python (`reference/generate.py`): every mode, with pending, late, lost and re-opened
//! conversations, from several moments.

use crate::lakes::limited;
use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::{Float64Type, Int64Type},
};
use confidence::{BlockerName, CellFacts, Evidence, GateRule, gate};
use report::{Limits, Warehouse};
use serde_json::Value;

fn lake(mode: &str) -> Value {
    let path = format!("{}/tests/report/reference/lakes/{mode}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn check(mode: &str) -> Vec<Evidence> {
    let mut all = Vec::new();
    let lake = lake(mode);
    let looks = lake["looks"].as_array().unwrap();
    assert!(looks.iter().any(|look| look["units"].as_array().unwrap().len() > 40));
    for look in looks {
        let as_of = look["as_of"].as_i64().unwrap();
        // So few that the days are read a few at a time.
        let limits = Limits { assignments_max: 200, ..Limits::default() };
        let warehouse = limited(&lake, as_of, (3, limits)).await;
        let text = "SELECT cell, conversation, CAST(date_part('epoch', closed_at) * 1000000 AS \
                    BIGINT) AS closed_us, weight, loss, lost FROM units ORDER BY 1, 3, 2";
        let (_, found) = warehouse.ask(text).await.unwrap();
        check_units(&found, &look["units"]);
        let evidence = warehouse.evidence().await.unwrap();
        let wanted = look["evidence"].as_array().unwrap();
        assert_eq!(evidence.len(), wanted.len());
        for (found, wanted) in evidence.iter().zip(wanted) {
            check_evidence(found, wanted);
        }
        check_asked(&warehouse, &evidence).await;
        all.extend(evidence);
    }
    all
}

/// Whoever asks `units` by the terms that stand in it finds the confidence of the evidence, to the bit.
async fn check_asked(warehouse: &Warehouse, evidence: &[Evidence]) {
    let text = "SELECT cell, confidence_loss(loss, weight, tau, loss_lo, loss_hi) \
                FROM units GROUP BY cell, mode ORDER BY cell";
    let (_, found) = warehouse.ask(text).await.unwrap();
    let mut asked = evidence.iter().filter(|cell| cell.units > 0);
    for batch in found {
        for at in 0..batch.num_rows() {
            let wanted = asked.next().unwrap();
            assert_eq!(batch.column(0).as_string::<i32>().value(at), wanted.cell);
            let found = batch.column(1).as_primitive::<Float64Type>().value(at);
            assert_eq!(found.to_bits(), wanted.confidence.to_bits(), "{}", wanted.cell);
        }
    }
    assert!(asked.next().is_none(), "a cell is missing");
}

fn check_units(found: &[RecordBatch], wanted: &Value) {
    let mut wanted: Vec<&Value> = wanted.as_array().unwrap().iter().collect();
    wanted.sort_by_key(|unit| {
        let text = |name: &str| unit[name].as_str().unwrap().to_owned();
        (text("cell"), unit["closed_at"].as_i64(), text("conversation"))
    });
    let mut wanted = wanted.into_iter();
    for batch in found {
        for at in 0..batch.num_rows() {
            let unit = wanted.next().expect("a unit more than the reference has");
            let text = |column: usize| batch.column(column).as_string::<i32>().value(at);
            let number =
                |column: usize| batch.column(column).as_primitive::<Float64Type>().value(at);
            assert_eq!(text(0), unit["cell"]);
            assert_eq!(text(1), unit["conversation"]);
            assert_eq!(batch.column(2).as_primitive::<Int64Type>().value(at), unit["closed_at"]);
            close(number(3), &unit["weight"]);
            close(number(4), &unit["loss"]);
            assert_eq!(batch.column(5).as_boolean().value(at), unit["lost"]);
        }
    }
    assert_eq!(wanted.next(), None, "a unit is missing");
}

fn check_evidence(found: &Evidence, wanted: &Value) {
    assert_eq!(found.cell, wanted["cell"].as_str().unwrap());
    assert_eq!(found.units, wanted["units"]);
    assert_eq!(found.days, wanted["days"]);
    assert_eq!(found.first_at, wanted["first_at"].as_i64());
    assert_eq!(found.drift_alarm, wanted["drift_alarm"]);
    assert_eq!(found.refuted, wanted["refuted"]);
    let seen = &found.coverage;
    for (found, name) in [
        (seen.exchanges, "exchanges"),
        (seen.shadowed, "shadowed"),
        (seen.not_sampled, "not_sampled"),
        (seen.pending, "pending"),
    ] {
        assert_eq!(found, wanted["coverage"][name], "{name}");
    }
    close(found.log_e, &wanted["log_e"]);
    close(found.confidence, &wanted["confidence"]);
    close(found.confidence_adj, &wanted["confidence_adj"]);
    close(found.sampled, &wanted["sampled"]);
    close(found.expected_sampled, &wanted["expected_sampled"]);
    close(found.var_sampled, &wanted["var_sampled"]);
    for (found, name) in [
        (found.quality, "quality"),
        (found.noise_floor, "noise_floor"),
        (found.quality_lower, "accept_lcb"),
        (found.quality_upper, "accept_ucb"),
        (found.recent_mean_loss, "recent_mean_loss"),
        (found.request_mean_loss, "request_mean_loss"),
        (found.lost_share, "lost_share"),
        (found.top_user_share, "top_user_share"),
    ] {
        match found {
            Some(figure) => close(figure, &wanted[name]),
            None => assert!(wanted[name].is_null(), "{name} is not {}", wanted[name]),
        }
    }
    if let Some(blockers) = wanted["blockers"].as_array() {
        let found = gate::blockers(&CellFacts::from(found), &GateRule::default());
        let found: Vec<_> = found.iter().map(|blocker| blocker.name.as_str()).collect();
        assert_eq!(found, blockers.iter().map(|b| b.as_str().unwrap()).collect::<Vec<_>>());
    }
}

fn close(found: f64, wanted: &Value) {
    let wanted = wanted.as_f64().unwrap();
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

#[tokio::test]
async fn absolute_rules_agree_with_the_reference() {
    check("R").await;
}

#[tokio::test]
async fn paired_rules_agree_with_the_reference() {
    check("RP").await;
}

#[tokio::test]
async fn human_audits_agree_with_the_reference() {
    check("H").await;
}

#[tokio::test]
async fn judge_with_audits_agrees_with_the_reference() {
    check("PPI").await;
}

#[tokio::test]
async fn paired_judge_agrees_with_the_reference() {
    check("JP").await;
}

#[tokio::test]
async fn absolute_judge_agrees_with_the_reference() {
    check("JA").await;
}

#[tokio::test]
async fn agreement_against_the_noise_floor_agrees_with_the_reference() {
    let evidence = check("AA").await;
    assert!(evidence.iter().any(|cell| cell.noise_floor > Some(0.0)));
}

/// Cells that clear, that turn and that were never good: what the gate does with each.
#[tokio::test]
async fn cells_that_clear_and_cells_that_turn_agree_with_the_reference() {
    let evidence = check("turned").await;
    let [first, turned, bad, good] = evidence.as_slice() else { panic!("{evidence:#?}") };
    let blockers = |of: &Evidence| gate::blockers(&CellFacts::from(of), &GateRule::default());
    assert_eq!(blockers(good), [], "nothing blocks what is good");
    for cell in [turned, bad] {
        assert!(cell.drift_alarm && cell.refuted, "{cell:?}");
        assert!(blockers(cell).iter().any(|blocker| blocker.name == BlockerName::Drift));
    }
    assert!(first.recent_mean_loss.is_none(), "it ended when it was opened anew");
}
