//! The report of a small lake, in every form.

use crate::{
    lakes::{limited, warehouse},
    world,
};
use policy::Decision;
use report::{Limits, Report, render, weigh};
use tokio::sync::OnceCell;

async fn gather(partitions: usize) -> Report {
    let warehouse = warehouse(&world::lake(), world::AS_OF, partitions).await;
    Report::gather(&warehouse, &world::rules()).await.unwrap()
}

/// The report, gathered once for all tests that only read it.
async fn gathered() -> Report {
    static REPORT: OnceCell<Report> = OnceCell::const_new();
    REPORT.get_or_init(|| gather(2)).await.clone()
}

#[tokio::test]
async fn a_report_is_the_same_bytes_however_the_lake_is_cut() {
    let first = render::json(&gather(1).await.reproducible()).unwrap();
    for partitions in [1, 5] {
        let again = render::json(&gather(partitions).await.reproducible()).unwrap();
        assert_eq!(first, again);
    }
    assert!(!first.contains("latency_ms") && !first.contains("exchange_id"));
}

#[tokio::test]
async fn it_is_the_same_bytes_however_few_days_and_cells_are_worked_on_at_once() {
    let whole = render::json(&gather(2).await.reproducible()).unwrap();
    let limits = Limits { assignments_max: 1, ..Limits::default() };
    let warehouse = limited(&world::lake(), world::AS_OF, (2, limits)).await;
    let report = Report::gather(&warehouse, &world::rules()).await.unwrap();
    assert_eq!(whole, render::json(&report.reproducible()).unwrap());
}

#[tokio::test]
async fn what_is_promoted_is_what_the_report_says() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    let rules = world::rules();
    let weighed = weigh(&warehouse, &rules).await.unwrap();
    let report = Report::gather(&warehouse, &rules).await.unwrap();
    let actions: Vec<_> = report.cells.iter().map(|cell| cell.decision.action).collect();
    assert_eq!(actions, ["promote", "hold", "hold"]);
    for (weighed, cell) in weighed.iter().zip(&report.cells) {
        assert_eq!(weighed.evidence, cell.evidence);
        match &weighed.decision {
            Decision::Promote(_) => assert_eq!(cell.decision.action, "promote"),
            Decision::Hold(reasons) => assert_eq!(&cell.decision.reasons, reasons),
            Decision::Demote(reason) => panic!("nothing serves: {reason}"),
        }
    }
    assert!(report.notes.iter().any(|note| note.contains("unasked/small")), "{:?}", report.notes);
    assert!(
        report.notes.iter().any(|note| note.contains("5 exchanges shed")),
        "{:?}",
        report.notes
    );
}

#[tokio::test]
async fn the_slice_that_is_bad_is_named() {
    let report = gathered().await;
    assert_eq!(report.cells[0].worst_slice, None);
    let faq = report.cells[1].worst_slice.as_deref().unwrap();
    assert!(faq.starts_with("prompts of 513 to 2,048 tokens: 0.33 ("), "{faq}");
    assert!(faq.ends_with("is below the bar 0.875"), "{faq}");
    assert_eq!(report.cells[2].worst_slice, None, "three conversations refute nothing");
}

#[tokio::test]
async fn a_cell_of_one_slice_is_not_told_twice() {
    let mut lake = world::lake();
    for row in lake["exchanges"].as_array_mut().unwrap() {
        row["input_tokens"] = 100.into();
    }
    let warehouse = warehouse(&lake, world::AS_OF, 2).await;
    let report = Report::gather(&warehouse, &world::rules()).await.unwrap();
    assert!(report.cells[1].evidence.refuted && report.cells[1].slices[0].refuted);
    assert_eq!(report.cells[1].worst_slice, None);
    assert!(!render::markdown(&report).contains("worst slice"));
}

#[tokio::test]
async fn without_a_price_nothing_is_cheaper() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    let mut rules = world::rules();
    rules.categories[0].candidates[0].priced = false;
    let report = Report::gather(&warehouse, &rules).await.unwrap();
    let codes: Vec<_> = report.cells[0].decision.reasons.iter().map(|r| r.code.name()).collect();
    assert_eq!(codes, ["no_price"]);
}

#[tokio::test]
async fn evidence_on_a_definition_that_is_no_more_promotes_nothing() {
    let warehouse = warehouse(&world::lake(), world::AS_OF, 2).await;
    let mut rules = world::rules();
    for defined in [None, Some("another".to_owned())] {
        rules.categories[0].candidates[0].definition_digest = defined;
        let weighed = weigh(&warehouse, &rules).await.unwrap();
        let Decision::Hold(reasons) = &weighed[0].decision else { panic!("{:?}", weighed[0]) };
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].figure.contains("another definition"), "{}", reasons[0]);
    }
}

/// Changes the assignments of `support`, the first cell of the rules.
fn altered(alter: impl Fn(usize, &mut serde_json::Value)) -> serde_json::Value {
    let mut lake = world::lake();
    let assignments = lake["assignments"].as_array_mut().unwrap().iter_mut();
    let support = assignments.filter(|row| row["cell"] == "support/small/1");
    support.enumerate().for_each(|(at, row)| alter(at, row));
    lake
}

#[tokio::test]
async fn what_a_promoted_candidate_serves_is_no_blind_spot() {
    let served = |reason: &'static str| {
        altered(move |at, row| {
            if at >= 160 {
                row["ineligible_reason"] = reason.into();
                row["sampled"] = false.into();
            }
        })
    };
    for (reason, blind_spot) in [("served_by_candidate", 0.0), ("aborted", 0.5)] {
        let mut lake = served(reason);
        lake["meters"] = serde_json::json!([]);
        let warehouse = warehouse(&lake, world::AS_OF, 2).await;
        let weighed = weigh(&warehouse, &world::rules()).await.unwrap();
        let coverage = &weighed[0].evidence.coverage;
        assert_eq!(coverage.ineligible[reason], 160);
        assert_eq!(coverage.blind_spot, Some(blind_spot));
    }
}

/// With what to write, and how many of the category's calls speak against it.
#[tokio::test]
async fn what_is_kept_by_its_provider_is_told_with_the_remedy() {
    let lake = altered(|at, row| {
        row["ineligible_reason"] =
            if at < 5 { "unreplayable:stateful" } else { "bound:store" }.into();
        row["sampled"] = false.into();
    });
    let noted = async |lake| {
        let warehouse = warehouse(&lake, world::AS_OF, 2).await;
        let report = Report::gather(&warehouse, &world::rules()).await.unwrap();
        let kept = |note: &&String| note.contains("on_store");
        report.notes.iter().find(kept).cloned()
    };
    let note = noted(lake).await.unwrap();
    assert!(note.contains("(support: 315, and 5 that name one)"), "{note}");
    assert_eq!(noted(world::lake()).await, None);
}

#[tokio::test]
async fn what_was_shed_or_lost_is_in_every_blind_spot() {
    let mut lake = world::lake();
    let meter = serde_json::json!({
        "at": world::START, "offered": 1000, "accepted": 700, "shed": 300, "lost": 200,
    });
    lake["meters"] = serde_json::json!([meter]);
    let warehouse = warehouse(&lake, world::AS_OF, 2).await;
    let weighed = weigh(&warehouse, &world::rules()).await.unwrap();
    assert_eq!(weighed[0].evidence.coverage.blind_spot, Some(0.5));
    let Decision::Hold(reasons) = &weighed[0].decision else { panic!("half was never seen") };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code.name()).collect();
    assert_eq!(codes, ["blind_spot"]);
}

#[tokio::test]
async fn a_user_who_is_known_to_hold_too_much_is_known_whoever_the_others_are() {
    for (named, share) in [(96, Some(0.3)), (64, None)] {
        let lake = altered(|at, row| {
            row["tenant"] = if at < named { "one".into() } else { serde_json::Value::Null };
        });
        let warehouse = warehouse(&lake, world::AS_OF, 2).await;
        let weighed = weigh(&warehouse, &world::rules()).await.unwrap();
        assert_eq!(weighed[0].evidence.top_user_share, share);
    }
}

#[tokio::test]
async fn spend_is_exact() {
    let lake = world::lake();
    let nano = |table: &str| {
        let rows = lake[table].as_array().unwrap().iter();
        rows.map(|row| row["cost_usd"].as_str().unwrap()[2..].parse::<i64>().unwrap()).sum::<i64>()
    };
    let report = gathered().await;
    assert_eq!(report.spend["reference"].cost_usd.0, nano("exchanges"));
    assert_eq!(report.spend["shadow"].cost_usd.0, nano("calls"));
}

#[tokio::test]
async fn an_empty_lake_says_so() {
    let warehouse = warehouse(&serde_json::json!({}), world::AS_OF, 1).await;
    let report = Report::gather(&warehouse, &world::rules()).await.unwrap();
    assert_eq!(report.cells, []);
    assert!(report.notes[0].contains("Nothing was observed yet"), "{:?}", report.notes);
    render::json(&report).unwrap();
}

#[tokio::test]
async fn the_table_reads_as_it_did() {
    let report = Report { wall_times: None, ..gathered().await };
    let found = render::table(&report, 140, render::Colour::Plain);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/report/golden/table.txt");
    // `UPDATE_GOLDEN=1 cargo test --workspace --test report reads_as_it_did` writes it anew.
    if option_env!("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap_or_default());
}

#[tokio::test]
async fn colours_change_nothing_but_colours() {
    let report = gathered().await;
    let coloured = render::table(&report, 140, render::Colour::Ansi);
    let mut plain = String::new();
    let mut parts = coloured.split('\u{1b}');
    plain.push_str(parts.next().unwrap());
    parts.for_each(|part| plain.push_str(part.split_once('m').unwrap().1));
    assert!(coloured.len() > plain.len());
    let lines = plain.lines().map(str::trim_end).collect::<Vec<_>>();
    let expected = render::table(&report, 140, render::Colour::Plain);
    assert_eq!(lines, expected.lines().collect::<Vec<_>>());
}

#[tokio::test]
async fn names_are_never_markup() {
    let report = gathered().await;
    let html = render::html(&report);
    assert!(html.contains("&lt;script&gt;alert(1)"));
    assert!(!html.contains("<script"));
    assert!(html.contains("<svg"));
    let markdown = render::markdown(&report);
    assert!(!markdown.contains("<script"));
    assert!(markdown.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\|x"));
}

#[tokio::test]
async fn every_form_says_what_the_number_means() {
    let report = gathered().await;
    for text in [
        render::table(&report, 2000, render::Colour::Plain),
        render::markdown(&report),
        render::html(&report),
    ] {
        assert!(text.contains("at most 5 % of such cells, whenever you look"), "{text}");
        assert!(text.contains("rules, bar 0.875"), "{text}");
    }
}
