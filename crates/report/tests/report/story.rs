//! What the report tells beside its decisions: day by day, the worst disagreements, and whether to
//! route at all.

use crate::{lakes::warehouse, world};
use report::{
    Advice, Concern, DISAGREEMENTS_MAX, EXCERPT_CHARS_MAX, NetSaving, Report, Rules, Warehouse,
    render,
};
use serde_json::{Value, json};

async fn gather(lake: &Value, rules: &Rules) -> Report {
    let warehouse: Warehouse = warehouse(lake, world::AS_OF, 2).await;
    Report::gather(&warehouse, rules).await.unwrap()
}

#[tokio::test]
async fn the_last_day_says_what_the_evidence_says() {
    let report = gather(&world::lake(), &world::rules()).await;
    for cell in &report.cells {
        let (days, evidence) = (&cell.quality_by_day, &cell.evidence);
        let last = days.last().unwrap().so_far;
        assert_eq!(last.units, evidence.units);
        assert_eq!(Some(last.quality_lower), evidence.quality_lower);
        assert_eq!(Some(last.quality_upper), evidence.quality_upper);
        assert_eq!(last.confidence_adj, evidence.confidence_adj);
        assert_eq!(days.iter().map(|day| day.units).sum::<u64>(), evidence.units);
        for pair in days.windows(2) {
            assert_eq!(pair[0].so_far.units + pair[1].units, pair[1].so_far.units);
            assert!(pair[0].day < pair[1].day);
        }
        for so_far in days.iter().map(|day| day.so_far) {
            let quality = so_far.quality.unwrap();
            assert!(so_far.quality_lower <= quality && quality <= so_far.quality_upper);
        }
    }
}

#[tokio::test]
async fn each_cell_has_a_plot_that_can_be_read_without_seeing_it() {
    let report = gather(&world::lake(), &world::rules()).await;
    let html = render::html(&report);
    let plots: Vec<&str> = html.split("<svg class=\"days\"").skip(1).collect();
    let many_days = report.cells.iter().filter(|cell| cell.quality_by_day.len() > 1);
    assert_eq!(plots.len(), many_days.count());
    let support = plots[0].split("</section>").next().unwrap();
    for part in [
        "role=\"img\"",
        "quality over 14 days against the bar 0.875: by 2026-01-14 all conversations so far lie \
         between 0.986 and 1.000",
        "<polygon class=\"band\"",
        "<line class=\"bar\"",
        "<details><summary>as a table</summary>",
        "<td>2026-01-14</td>",
    ] {
        assert!(support.contains(part), "{part} is not in {support}");
    }
    assert!(!support.contains("class=\"reference\""), "an absolute mode has no reference");
}

#[tokio::test]
async fn the_worst_disagreements_are_shown_as_far_as_they_may_be() {
    let report = gather(&world::lake(), &world::rules()).await;
    assert_eq!(report.cells[0].worst_disagreements, [], "support is good");
    let faq = &report.cells[1].worst_disagreements;
    assert_eq!(faq.len(), DISAGREEMENTS_MAX);
    let id = |n: i64| format!("{:08}", 320 + n);
    let newest: Vec<_> = faq.iter().map(|one| one.exchange_id.as_str()).collect();
    let ids = [world::HOSTILE_CALL, world::UNKEPT, 305, 301, 297].map(id);
    assert_eq!(newest, ids, "the worst first, of those the newest, and nothing that was redacted");
    assert!(faq.iter().all(|one| one.loss == 1.0 && one.reference_loss.is_none()));

    let hostile = faq[0].said.as_ref().unwrap();
    assert!(hostile.asked.starts_with("[2JWhere is it it"), "{}", hostile.asked);
    assert!(hostile.asked.ends_with('…'));
    assert!(hostile.asked.chars().count() <= EXCERPT_CHARS_MAX + 1);
    assert_eq!(hostile.reference, world::RIGHT);
    assert_eq!(hostile.candidate, world::WRONG);
    assert_eq!(faq[1].said, None, "its bodies were not kept");

    for text in [
        render::json(&report).unwrap(),
        render::html(&report),
        render::markdown(&report),
        render::table(&report, 140, render::Colour::Plain),
    ] {
        assert!(text.contains(&id(world::HOSTILE_CALL)), "{text}");
        assert!(!text.contains(&id(world::REDACTED)) && !text.contains("My card"), "{text}");
        assert!(!text.chars().any(|c| c == '\u{1b}' || c == '\u{202e}'), "{text}");
    }
    assert!(render::html(&report).contains(world::WRONG));
    assert!(render::markdown(&report).contains(world::WRONG));
}

#[tokio::test]
async fn an_exchange_of_which_nobody_knows_whether_it_was_redacted_is_not_shown() {
    let mut lake = world::lake();
    for row in lake["exchanges"].as_array_mut().unwrap() {
        row["redacted"] = Value::Null;
    }
    let report = gather(&lake, &world::rules()).await;
    assert_eq!(report.cells[1].worst_disagreements, []);
}

/// The advice and the names of the concerns.
async fn check(lake: &Value, rules: &Rules, advice: Advice, concerns: &[&str]) -> Report {
    let report = gather(lake, rules).await;
    assert_eq!(report.routing.advice, advice, "{:?}", report.routing);
    let found = serde_json::to_value(&report.routing.concerns).unwrap();
    let found = found.as_array().unwrap().iter().map(|it| it["concern"].as_str().unwrap());
    assert_eq!(found.collect::<Vec<_>>(), concerns);
    report
}

/// The world where every price in some tables is so many times as high.
fn priced(tables: &[(&str, u64)]) -> Value {
    let mut lake = world::lake();
    for (table, times) in tables {
        for row in lake[table].as_array_mut().unwrap() {
            let nano: u64 = row["cost_usd"].as_str().unwrap()[2..].parse().unwrap();
            let nano = nano * times;
            row["cost_usd"] =
                format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000).into();
        }
    }
    lake
}

fn only(categories: &[&str]) -> Rules {
    let mut rules = world::rules();
    rules.categories.retain(|rule| categories.contains(&rule.category.as_str()));
    rules
}

const DEAR: [(&str, u64); 3] = [("exchanges", 1000), ("shadows", 1000), ("calls", 1000)];

#[tokio::test]
async fn whether_to_route_follows_from_spend_evidence_and_overhead() {
    let small = ["spend_too_small", "thin_evidence", "one_provider"];
    check(&world::lake(), &world::rules(), Advice::Stay, &small).await;

    let dear = priced(&DEAR);
    let (rules, thin) = (world::rules(), ["thin_evidence", "one_provider"]);
    let net = check(&dear, &rules, Advice::Route, &thin).await.routing.net;
    assert_eq!(net.categories, ["support"]);
    let (saving, overhead) = (net.saving_usd.0, net.overhead_usd.0);
    assert_eq!(net.net_usd.0, saving - overhead);
    assert!(net.net_usd_lower <= Some(net.net_usd) && Some(net.net_usd) <= net.net_usd_upper);

    check_unused(&dear, &rules, &net).await;
    let rules = only(&["support"]);
    let costly = priced(&[("exchanges", 1000), ("shadows", 1000), ("calls", 9000)]);
    check(&costly, &rules, Advice::Stay, &["overhead", "one_provider"]).await;
    check(&dear, &rules, Advice::Route, &["one_provider"]).await;
    check(&dear, &only(&["faq"]), Advice::Stay, &["nothing_clears", "one_provider"]).await;
    check(&dear, &only(&[world::HOSTILE]), Advice::Wait, &["thin_evidence", "one_provider"]).await;
    check(&json!({}), &rules, Advice::Wait, &["thin_evidence"]).await;
    check_undecided(&dear).await;

    let mut two = dear.clone();
    for (at, row) in two["exchanges"].as_array_mut().unwrap().iter_mut().enumerate() {
        row["model"] = ["large", "small"][at / 2 % 2].into();
    }
    check(&two, &rules, Advice::Route, &[]).await;
}

/// What is not shown yet is not shown to be wrong.
async fn check_undecided(dear: &Value) {
    let undecided = ["undecided", "one_provider"];
    let mut narrow = dear.clone();
    narrow["cells"][0]["family_weight"] = 1e-18.into();
    let report = check(&narrow, &only(&["support"]), Advice::Wait, &undecided).await;
    let told = "1 of 1 cells saw enough to speak and are held by confidence;";
    assert!(render::markdown(&report).contains(told));
    let mut unpriced = only(&["support", "faq"]);
    unpriced.categories[0].candidates[0].priced = false;
    check(dear, &unpriced, Advice::Wait, &undecided).await;
}

/// What candidates were paid live for replies that nobody got is paid for the trial, known price or not.
async fn check_unused(lake: &Value, rules: &Rules, without: &NetSaving) {
    let mut lake = lake.clone();
    for (n, row) in lake["exchanges"].as_array_mut().unwrap().iter_mut().take(3).enumerate() {
        row["unused_candidate"] = "small".into();
        row["unused_why"] = ["failed", "blocked", "abandoned"][n].into();
        row["unused_cost_usd"] =
            [json!("0.000001000"), json!("0.000002000"), Value::Null][n].clone();
    }
    let report = gather(&lake, rules).await;
    let unused = report.spend["unused"];
    assert_eq!((unused.calls, unused.unpriced, unused.cost_usd.0), (3, 1, 3_000));
    let net = &report.routing.net;
    assert_eq!(net.overhead["unused"].0, 3_000);
    assert_eq!(net.overhead_usd.0, without.overhead_usd.0 + 3_000);
    assert_eq!(net.net_usd.0, net.saving_usd.0 - net.overhead_usd.0);
    // Of the one that was abandoned the reference was never asked.
    let calls = lake["exchanges"].as_array().unwrap().len() as u64;
    assert_eq!(report.spend["reference"].calls, calls - 1);
}

#[tokio::test]
async fn one_provider_is_named_by_the_pipeline_and_else_by_the_model() {
    let name = |report: &Report| match report.routing.concerns.last() {
        Some(Concern::OneProvider { provider, share, .. }) => {
            assert_eq!(*share, 1.0);
            provider.clone()
        }
        other => panic!("{other:?}"),
    };
    let mut rules = world::rules();
    assert_eq!(name(&gather(&world::lake(), &rules).await), "bigco");
    rules.providers.clear();
    assert_eq!(name(&gather(&world::lake(), &rules).await), "large");
}

#[tokio::test]
async fn every_form_says_whether_to_route_and_what_a_saving_includes() {
    let report = gather(&priced(&DEAR), &world::rules()).await;
    for text in [
        render::table(&report, 4000, render::Colour::Plain),
        render::markdown(&report),
        render::html(&report),
    ] {
        for part in [
            "Should you route at all?",
            "Yes: what clears would save more",
            "one provider: bigco takes 100.0 %",
            "of overhead",
            "shadow $353.20",
            "prompt cache: the reference read 25 % of prompt tokens from it, the candidate 0 %",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
