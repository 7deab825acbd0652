//! Rows that are no evidence: an error that names the cell, or the rule that the documentation has for
//! them. Never a silent zero.

use crate::{
    lakes::warehouse,
    world::{AS_OF, START, lake, rules},
};
use arrow::{
    array::AsArray,
    datatypes::{DataType, Int64Type},
};
use policy::Decision;
use report::{Warehouse, weigh};
use serde_json::{Value, json};

const CELL: &str = "support/small/1";

/// Changes the row of each table that belongs to the first call of support.
async fn altered(table: &str, alter: impl Fn(&mut Value)) -> Warehouse {
    let mut lake = lake();
    let rows = lake[table].as_array_mut().unwrap().iter_mut();
    let mut first = rows.filter(|row| row["exchange_id"] == "00000000");
    alter(first.next().unwrap());
    warehouse(&lake, AS_OF, 2).await
}

#[tokio::test]
async fn a_loss_outside_its_modes_range_is_an_error_that_names_the_cell() {
    for loss in [1.5, -0.25, 1e300] {
        let warehouse = altered("shadows", |row| row["loss"] = loss.into()).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        // What is too large for a decimal is refused before it is looked at.
        assert!(error.contains(CELL) || loss > 1e30, "{loss}: {error}");
    }
}

/// A call is as bad as it is: the others of its conversation, or the other side of its pair, take nothing
/// of that away.
#[tokio::test]
async fn a_loss_that_is_none_is_not_averaged_away() {
    for (column, loss) in
        [("loss", 1.5), ("loss", -0.5), ("reference_loss", 1.5), ("control_loss", -0.1)]
    {
        let mut lake = lake();
        for row in lake["assignments"].as_array_mut().unwrap() {
            if ["00000000", "00000001"].contains(&row["exchange_id"].as_str().unwrap()) {
                row["conversation"] = "both".into();
            }
        }
        for row in lake["shadows"].as_array_mut().unwrap() {
            match row["exchange_id"].as_str().unwrap() {
                "00000000" => row["loss"] = 0.5.into(),
                "00000001" => row[column] = loss.into(),
                _ => {}
            }
        }
        let warehouse = warehouse(&lake, AS_OF, 2).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        assert!(
            error.contains(CELL) && error.contains("loss must be in [0, 1]"),
            "{column}: {error}"
        );
    }
}

#[tokio::test]
async fn what_a_day_declared_and_is_no_share_is_an_error_that_names_the_cell() {
    for (column, figure) in
        [("eta", -1.0), ("eta", 1.5), ("a_hat", -0.1), ("rho", 2.0), ("kappa", 0.0)]
    {
        let mut lake = lake();
        lake["blocks"] = json!([{"cell": CELL, "day": "2026-01-01", column: figure}]);
        let warehouse = warehouse(&lake, AS_OF, 2).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        assert!(error.contains(CELL) && error.contains(column), "{column}: {error}");
    }
}

#[tokio::test]
async fn weights_of_a_family_are_shares_of_one() {
    let weights = async |weight: Value| {
        let mut lake = lake();
        lake["cells"][0]["family_weight"] = weight;
        weigh(&warehouse(&lake, AS_OF, 2).await, &rules()).await
    };
    // The others have a quarter each.
    for (given, counted) in [(0.25, 0.25), (0.5, 0.5), (1.5, 0.75)] {
        assert_eq!(weights(given.into()).await.unwrap()[0].evidence.family_weight, counted);
    }
    for given in [json!(-0.25), json!("NaN")] {
        let error = format!("{:#}", weights(given.clone()).await.unwrap_err());
        assert!(error.contains("family_weight must be in [0, 1]"), "{given}: {error}");
    }
}

/// The reasons that hold support.
async fn held(warehouse: &Warehouse) -> Vec<String> {
    match &weigh(warehouse, &rules()).await.unwrap()[0].decision {
        Decision::Hold(reasons) => reasons.iter().map(ToString::to_string).collect(),
        Decision::Promote(_) => Vec::new(),
        Decision::Demote(reason) => panic!("{reason}"),
    }
}

#[tokio::test]
async fn a_chance_that_is_none_holds_its_cell_and_no_other() {
    let untouched = altered("assignments", |_| {}).await;
    assert_eq!(held(&untouched).await, Vec::<String>::new());
    for logged in [(1.5, 1.0), (0.5, 1.0)] {
        let warehouse = logging(logged).await;
        let reasons = held(&warehouse).await;
        let of_sampler = reasons.iter().any(|it| it.contains("a chance that is none"));
        assert!(of_sampler, "{logged:?}: {reasons:?}");
        let faq = weigh(&warehouse, &rules()).await.unwrap().remove(1);
        assert!(faq.evidence.var_sampled >= 0.0, "{:?}", faq.evidence);
    }
}

/// So does a chance of being labelled, where people say what a loss is.
#[tokio::test]
async fn a_chance_of_a_label_that_is_none_holds_its_cell() {
    for (mode, audit_prob, is_held) in [
        ("H", 0.25, false),
        ("H", 0.5, false),
        ("H", 0.1, true),
        ("H", 2.0, true),
        ("H", 0.0, true),
        ("R", 2.0, false),
    ] {
        let mut lake = lake();
        lake["cells"][0]["mode"] = mode.into();
        lake["blocks"] = json!([{"cell": CELL, "day": "2026-01-01", "kappa": 0.25}]);
        let first = &mut lake["assignments"][0];
        (first["audited"], first["audit_prob"]) = (false.into(), audit_prob.into());
        let warehouse = warehouse(&lake, AS_OF, 2).await;
        let weighed = weigh(&warehouse, &rules()).await.unwrap();
        assert_eq!(weighed[0].evidence.var_sampled < 0.0, is_held, "{mode} {audit_prob}");
    }
}

async fn logging((pi, pi_floor): (f64, f64)) -> Warehouse {
    let log = |row: &mut Value| (row["pi"], row["pi_floor"]) = (pi.into(), pi_floor.into());
    altered("assignments", log).await
}

/// Divided by it, the call would weigh nothing, or more than all others.
#[tokio::test]
async fn a_call_that_was_asked_at_no_chance_is_an_error() {
    for logged in [(0.0, 0.5), (0.0, 0.0), (0.5, 0.0), (1.0, -1.0)] {
        let warehouse = logging(logged).await;
        assert!(weigh(&warehouse, &rules()).await.is_err(), "{logged:?}");
    }
}

#[tokio::test]
async fn a_call_whose_chance_is_not_known_is_an_error_that_names_it() {
    for column in ["pi", "pi_floor"] {
        let warehouse = altered("assignments", |row| row[column] = Value::Null).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        for part in [CELL, "00000000", "`pi`"] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }
    let warehouse = altered("assignments", |row| row["pi"] = "NaN".into()).await;
    let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
    assert!(error.contains(CELL), "{error}");
}

/// What would count twice is no evidence, whatever its second row says.
#[tokio::test]
async fn a_call_with_two_rows_is_an_error_that_names_both() {
    for (table, column, value) in [
        ("shadows", "loss", json!(0.0)),
        ("shadows", "loss", json!(1.0)),
        ("assignments", "sampled", json!(true)),
        ("assignments", "sampled", json!(false)),
    ] {
        let mut lake = lake();
        let rows = lake[table].as_array_mut().unwrap();
        let mut second = rows.iter().find(|row| row["exchange_id"] == "00000007").unwrap().clone();
        second[column] = value;
        rows.push(second);
        let warehouse = warehouse(&lake, AS_OF, 2).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        for part in [CELL, "00000007", table] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        let told = warehouse.ask("SELECT count(*) FROM units").await.unwrap_err().to_string();
        assert!(told.contains("twice"), "{told}");
        assert_eq!(doubles(&warehouse).await, [(table.to_owned(), "00000007".to_owned(), 2)]);
    }
}

/// The same of what all cells share: a call itself, and the reference's second reply to it.
#[tokio::test]
async fn a_call_or_a_control_with_two_rows_is_an_error_too() {
    for table in ["exchanges", "assignments"] {
        let mut lake = lake();
        let row = match table {
            "exchanges" => lake[table][7].clone(),
            _ => json!({
                "exchange_id": "00000007", "arm": "control", "conversation": "c",
                "observed_at": START, "sampled": true,
            }),
        };
        let id = row["exchange_id"].as_str().unwrap().to_owned();
        let rows = lake[table].as_array_mut().unwrap();
        rows.retain(|other| other != &row);
        rows.extend([row.clone(), row]);
        let warehouse = warehouse(&lake, AS_OF, 2).await;
        let error = format!("{:#}", weigh(&warehouse, &rules()).await.unwrap_err());
        for part in ["every cell", &id, table] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        assert_eq!(doubles(&warehouse).await, [(table.to_owned(), id, 2)]);
    }
    assert_eq!(doubles(&warehouse(&lake(), AS_OF, 2).await).await, []);
}

/// What the query finds that is published for those who count without the program.
async fn doubles(warehouse: &Warehouse) -> Vec<(String, String, i64)> {
    let text = "SELECT table_name, exchange_id, row_count FROM doubles";
    let (_, found) = warehouse.ask(text).await.unwrap();
    let mut rows = Vec::new();
    for batch in found {
        let text = |column: usize, at: usize| {
            let column = arrow::compute::cast(batch.column(column), &DataType::Utf8).unwrap();
            column.as_string::<i32>().value(at).to_owned()
        };
        let count = batch.column(2).as_primitive::<Int64Type>();
        rows.extend((0..batch.num_rows()).map(|at| (text(0, at), text(1, at), count.value(at))));
    }
    rows
}

#[tokio::test]
async fn an_epoch_without_units_says_nothing_and_is_held() {
    let warehouse = warehouse(&lake(), START + 1, 1).await;
    let weighed = weigh(&warehouse, &rules()).await.unwrap().remove(0);
    let evidence = &weighed.evidence;
    assert_eq!((evidence.units, evidence.quality, evidence.quality_lower), (0, None, None));
    assert_eq!((evidence.confidence, evidence.confidence_adj, evidence.log_e), (0.0, 0.0, 0.0));
    assert!(matches!(weighed.decision, Decision::Hold(_)));
}

/// The cell audited by people, each of whose calls was drawn for a label and has one.
async fn labelled(more: Vec<Value>) -> (u64, Option<f64>, u64) {
    let mut lake = lake();
    let cells = lake["cells"].as_array_mut().unwrap();
    cells.iter_mut().filter(|it| it["cell"] == CELL).for_each(|it| it["mode"] = "H".into());
    let mut labels = Vec::new();
    for row in lake["assignments"].as_array_mut().unwrap().iter_mut() {
        if row["cell"] == CELL {
            (row["audited"], row["audit_prob"]) = (true.into(), 1.0.into());
            labels.push(label(row["exchange_id"].as_str().unwrap(), 1, Some(true)));
        }
    }
    labels.extend(more);
    lake["labels"] = labels.into();
    let days = (0..16).map(|day| exchange::Timestamp(START + day * exchange::DAY_US).date());
    let block = |day: exchange::Date| json!({"cell": CELL, "day": day.to_string(), "kappa": 1.0});
    lake["blocks"] = days.map(block).collect();
    let warehouse = warehouse(&lake, AS_OF, 2).await;
    let evidence = weigh(&warehouse, &rules()).await.unwrap().remove(0).evidence;
    (evidence.units, evidence.quality, evidence.lost)
}

/// A label of the candidate's reply, so many minutes after the call could have been.
fn label(exchange: &str, minutes: i64, acceptable: Option<bool>) -> Value {
    json!({
        "exchange_id": exchange, "arm": "candidate", "candidate": "small",
        "labelled_at": AS_OF - exchange::DAY_US + minutes * exchange::MINUTE_US,
        "acceptable": acceptable,
    })
}

#[tokio::test]
async fn labels_that_are_unknown_or_contradict_each_other_have_a_rule() {
    let all_good = labelled(Vec::new()).await;
    assert_eq!(all_good, (320, Some(1.0), 0));
    // For a reply that nobody has, and one that says neither yes nor no.
    let unknown = vec![label("nobody's", 0, Some(false)), label("00000003", 0, None)];
    assert_eq!(labelled(unknown).await, all_good);
    // Said later, it changes nothing that may have been counted; said first, it counts.
    assert_eq!(labelled(vec![label("00000003", 2, Some(false))]).await, all_good);
    let one_bad = (320, Some(1.0 - 1.0 / 320.0), 0);
    assert_eq!(labelled(vec![label("00000003", 0, Some(false))]).await, one_bad);
    // Of the same moment, the worse.
    assert_eq!(labelled(vec![label("00000003", 1, Some(false))]).await, one_bad);
}
