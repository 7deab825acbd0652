//! What each cell still needs, and what its next day is spent on.

use crate::{
    lakes::warehouse,
    world::{AS_OF, HOSTILE, START, lake, rules},
};
use exchange::{DAY_US, NanoUsd, Timestamp};
use policy::{Promoted, Sampling, Share, Stage, Why};
use report::{Outlook, Rules, Spending};
use serde_json::{Value, json};

/// Of support and faq, one an hour; the last week has these of each.
const A_DAY: f64 = 128.0 / 7.0;

fn spending(usd: f64) -> Spending {
    let granted = ["support", "faq", HOSTILE].map(|name| (name.to_owned(), Sampling::ALL));
    Spending { per_day: NanoUsd::from_usd(usd).unwrap(), granted: granted.into() }
}

async fn outlook(lake: &Value, rules: &Rules, spending: &Spending) -> Outlook {
    Outlook::gather(&warehouse(lake, AS_OF, 2).await, rules, spending).await.unwrap()
}

/// Within a hundredth.
#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 0.01, "{found} is not {expected}");
}

#[tokio::test]
async fn it_says_what_clears_and_what_never_will_and_the_refuted_get_nothing() {
    let outlook = outlook(&lake(), &rules(), &spending(20.0)).await;
    let standings: Vec<_> =
        outlook.cells.iter().map(|cell| (cell.standing, cell.units_left)).collect();
    assert_eq!(standings, [("cleared", None), ("refuted", None), ("clears", Some(60))]);
    let shares: Vec<_> =
        outlook.cells.iter().map(|it| (it.allotment.share, it.allotment.why)).collect();
    let granted = (Share::ALL, Why::Granted);
    assert_eq!(shares, [granted, (Share::NONE, Why::Refuted), granted]);
    let [support, faq, hostile] = outlook.cells.as_slice() else { panic!("{outlook:?}") };
    near(support.conversations_per_day.unwrap(), A_DAY);
    near(support.usd_per_conversation.unwrap().usd(), 0.000_55);
    assert_eq!((support.days_left, support.usd_left), (Some(0.0), Some(NanoUsd::ZERO)));
    assert_eq!((faq.days_left, faq.usd_left), (None, None));
    assert_eq!(faq.usd_per_day, Some(NanoUsd::ZERO));
    // Nothing was seen of it in the last week, so nobody knows how long it will take.
    assert_eq!((hostile.conversations_per_day, hostile.days_left), (None, None));
    near(outlook.expected_usd.usd(), A_DAY * 0.000_55);
    near(outlook.granted_usd.usd(), 2.0 * A_DAY * 0.000_55);
    let tomorrow = outlook.tomorrow();
    assert_eq!(tomorrow["faq/small/1"].allotment.share, Share::NONE);
    assert!(tomorrow.values().all(|cell| cell.learnt.is_none()), "no labels correct a judge");
    assert_eq!(tomorrow.len(), 3);
}

#[tokio::test]
async fn what_is_not_there_yet_takes_units_days_and_dollars() {
    let mut rules = rules();
    rules.categories[0].gate.units_min = 1_000;
    let cell = outlook(&lake(), &rules, &spending(20.0)).await.cells.remove(0);
    assert_eq!((cell.standing, cell.units_left), ("clears", Some(680)));
    near(cell.days_left.unwrap(), 680.0 / A_DAY);
    near(cell.usd_left.unwrap().usd(), 680.0 * 0.000_55);
    // An observation that is not over takes its time, however good the units are.
    rules.categories[0].gate.units_min = 50;
    rules.categories[0].gate.observation_days = 28;
    let cell = outlook(&lake(), &rules, &spending(20.0)).await.cells.remove(0);
    assert_eq!(cell.standing, "cleared");
    near(cell.days_left.unwrap(), 28.0 - 15.0 - 1.0 / 24.0);
    assert!(cell.held_by.is_empty(), "time alone holds it: {:?}", cell.held_by);
}

#[tokio::test]
async fn short_money_lowers_the_share_and_no_day_costs_more_than_there_is() {
    let whole = A_DAY * 0.000_55;
    let outlook = outlook(&lake(), &rules(), &spending(whole / 2.0)).await;
    let support = &outlook.cells[0];
    assert_eq!(support.allotment.why, Why::Rationed);
    near(support.allotment.share.value(), 0.5);
    near(outlook.expected_usd.usd(), whole / 2.0);
}

#[tokio::test]
async fn a_candidate_that_serves_is_watched_and_promoted_no_more() {
    let mut rules = rules();
    rules.categories[0].candidates[0].serving = Some(Promoted {
        candidate: "small".to_owned(),
        stage: Stage::Live,
        since: Timestamp(0),
        loss_upper: None,
        leave: policy::promotion::Leave::Given,
    });
    let outlook = outlook(&lake(), &rules, &spending(0.0)).await;
    let support = &outlook.cells[0];
    assert_eq!((support.standing, support.allotment.share), ("serving", Share::ALL));
    assert!(outlook.promotions.is_empty(), "{:?}", outlook.promotions);
}

/// A tenth of the traffic of support, at the same quality.
fn with_a_small_category(mut lake: Value) -> Value {
    for table in ["cells", "assignments", "shadows", "exchanges", "calls"] {
        let rows = lake[table].as_array().unwrap().clone();
        let of_support = |row: &&Value| {
            let cell = row["cell"].as_str().or_else(|| row["category"].as_str());
            let seq = row["exchange_id"].as_str().and_then(|id| id.parse::<i64>().ok());
            match (cell, seq) {
                (Some(cell), _) if !cell.starts_with("support") => false,
                (_, Some(seq)) => seq < 320 && seq % 5 == 0,
                (_, None) => true,
            }
        };
        for row in rows.iter().filter(of_support) {
            let mut row = row.clone();
            for (column, of) in [("category", "mail"), ("cell", "mail/small/1")] {
                if row[column].is_string() {
                    row[column] = of.into();
                }
            }
            let id = row["exchange_id"].as_str().map(|id| format!("mail-{id}"));
            if let Some(id) = id {
                (row["conversation"], row["exchange_id"]) = (id.clone().into(), id.into());
            }
            lake[table].as_array_mut().unwrap().push(row);
        }
    }
    lake
}

#[tokio::test]
async fn promotions_are_ranked_by_what_they_save_for_what_they_may_make_worse() {
    let mut rules = rules();
    let mail = report::CategoryRule { category: "mail".to_owned(), ..rules.categories[0].clone() };
    rules.categories.insert(0, mail);
    let outlook = outlook(&with_a_small_category(lake()), &rules, &spending(20.0)).await;
    let ranked: Vec<_> = outlook.promotions.iter().map(|it| it.category.as_str()).collect();
    assert_eq!(ranked, ["support", "mail"], "{:?}", outlook.promotions);
    let [support, mail] = outlook.promotions.as_slice() else { panic!("{ranked:?}") };
    // Both save the same on a call. Of mail less is known, so more of it may turn out to be worse.
    assert!(support.ready && support.first && !mail.first);
    assert!(support.saving_usd_per_worse > mail.saving_usd_per_worse);
    near(support.calls_per_day, A_DAY);
    near(support.share_of_calls + mail.share_of_calls, 1.0);
    near(support.saving_usd_per_day.usd(), A_DAY * 0.005_5 * 0.9);
    assert!(support.worse_per_day_max < A_DAY * 0.03, "{support:?}");
    assert!(support.share_of_calls > report::FIRST_SHARE, "it is marked whatever it carries");
}

/// What may yet turn out otherwise is nothing to begin with.
#[tokio::test]
async fn what_is_not_ready_is_not_marked_to_begin_with() {
    let mut rules = rules();
    rules.categories[0].gate.observation_days = 28;
    let outlook = outlook(&lake(), &rules, &spending(20.0)).await;
    let [support, ..] = outlook.promotions.as_slice() else { panic!("{outlook:?}") };
    assert_eq!((support.category.as_str(), support.ready), ("support", false));
    assert!(outlook.promotions.iter().all(|it| !it.first), "{:?}", outlook.promotions);
}

/// A control and a judge are paid for by all candidates of the call.
#[tokio::test]
async fn control_and_judge_are_shared_by_the_candidates_that_were_asked() {
    let mut lake = lake();
    let second = |row: &Value| {
        let mut row = row.clone();
        (row["candidate"], row["cell"]) = ("tiny".into(), "support/tiny/1".into());
        row
    };
    for table in ["cells", "assignments"] {
        let rows = lake[table].as_array_mut().unwrap();
        let of_support = rows.iter().filter(|row| row["cell"] == "support/small/1");
        let more: Vec<Value> = of_support.map(second).collect();
        rows.extend(more);
    }
    let calls: Vec<Value> = lake["calls"].as_array().unwrap().clone();
    for call in calls.iter().filter(|call| call["exchange_id"].as_str() < Some("00000320")) {
        for (purpose, model) in [("control", "large"), ("judge", "court")] {
            let mut call = call.clone();
            (call["purpose"], call["model"]) = (purpose.into(), model.into());
            call["cost_usd"] = "0.001".into();
            lake["calls"].as_array_mut().unwrap().push(call);
        }
    }
    let cell = outlook(&lake, &rules(), &spending(20.0)).await.cells.remove(0);
    near(cell.usd_per_conversation.unwrap().usd(), 0.000_55 + 0.001);
}

/// A cell of this morning is not spread over a week.
#[tokio::test]
async fn a_young_cell_is_extrapolated_from_its_own_days() {
    let as_of = START + 2 * DAY_US;
    let warehouse = warehouse(&lake(), as_of, 1).await;
    let outlook = Outlook::gather(&warehouse, &rules(), &spending(20.0)).await.unwrap();
    near(outlook.cells[0].conversations_per_day.unwrap(), 24.0);
    let json = json!(outlook.cells[0]);
    assert_eq!((json["share"].as_f64(), json["why"].as_str()), (Some(1.0), Some("granted")));
}
