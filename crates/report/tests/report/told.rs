//! What every form tells beside the figures: what the confidence pays for, the noise floor, the judges
//! and the wall times.

use crate::{
    lakes::warehouse,
    world::{self, AS_OF, START},
};
use exchange::{DAY_US, Timestamp};
use policy::{Promoted, Stage, promotion::Leave};
use report::{Demand, Report, Rules, render};
use serde_json::{Value, json};

/// `support` over a noise floor of an eighth, `faq` by a judge that nobody measured.
async fn gather(change: impl FnOnce(&mut Rules)) -> Report {
    let (mut lake, mut rules) = (world::lake(), world::rules());
    over_a_noise_floor(&mut lake);
    by_a_judge(&mut lake);
    rules.categories[0].demand = Demand::Margin(0.125);
    rules.categories[1].demand = Demand::Margin(0.125);
    change(&mut rules);
    Report::gather(&warehouse(&lake, AS_OF, 2).await, &rules).await.unwrap()
}

/// The rows of a table that belong to a cell.
fn of<'a>(lake: &'a mut Value, table: &str, cell: &'a str) -> impl Iterator<Item = &'a mut Value> {
    let rows = lake[table].as_array_mut().unwrap().iter_mut();
    rows.filter(move |row| row["cell"] == cell)
}

fn over_a_noise_floor(lake: &mut Value) {
    let cell = "support/small/1";
    for row in of(lake, "cells", cell) {
        (row["mode"], row["loss_lo"], row["loss_hi"]) = ("AA".into(), (-1.0).into(), 1.0.into());
    }
    for (nth, row) in of(lake, "shadows", cell).enumerate() {
        row["control_loss"] = f64::from(u8::from(nth % 8 == 0)).into();
    }
    let asked: Vec<Value> = of(lake, "assignments", cell).map(|row| row.clone()).collect();
    for mut row in asked {
        (row["arm"], row["candidate"], row["cell"]) =
            ("control".into(), "large".into(), Value::Null);
        lake["assignments"].as_array_mut().unwrap().push(row);
    }
    let day = |day: i64| Timestamp(START + day * DAY_US).date().to_string();
    let block = |n| json!({"cell": cell, "day": day(n), "a_hat": 0.125, "rho": 1.0});
    lake["blocks"] = (0..16).map(block).collect();
}

fn by_a_judge(lake: &mut Value) {
    let cell = "faq/small/1";
    for row in of(lake, "cells", cell) {
        (row["mode"], row["loss_lo"]) = ("JP".into(), (-1.0).into());
    }
    of(lake, "shadows", cell).for_each(|row| row["reference_loss"] = 0.0.into());
}

/// The forms that people read.
fn forms(report: &Report) -> [String; 3] {
    let table = render::table(report, 4000, render::Colour::Plain);
    [table, render::markdown(report), render::html(report)]
}

#[tokio::test]
async fn every_form_says_what_the_confidence_pays_for_and_what_the_reference_is() {
    for text in forms(&gather(|_| ()).await) {
        for part in [
            "confidence (family)",
            "adjusted for the family",
            "The interval of quality pays for none of that",
            "both together hold with 90 %",
            "a quality of 1 is as good as the reference",
            "The interval of a saving is an ordinary one at 95 %, for one look",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("1.0000"), "nothing reads as certain: {text}");
    }
}

#[tokio::test]
async fn the_noise_floor_is_a_figure_a_line_and_a_mark_in_the_plot() {
    let report = gather(|_| ()).await;
    let [support, faq, _] = report.cells.as_slice() else { panic!("{:?}", report.cells) };
    assert_eq!((support.evidence.noise_floor, faq.evidence.noise_floor), (Some(0.125), None));
    let json: Value = serde_json::from_str(&render::json(&report).unwrap()).unwrap();
    assert_eq!(json["cells"][0]["evidence"]["noise_floor"], 0.125);
    let line = "noise floor: the reference disagrees with itself on 12.5 %";
    let [table, markdown, html] = forms(&report);
    assert_eq!(table.matches(line).count(), 1, "{table}");
    assert_eq!(markdown.matches(line).count(), 1, "{markdown}");
    let cards: Vec<&str> = html.split("<section class=").skip(1).collect();
    for part in [
        "<dd>12.5 % between two replies of the reference</dd>",
        "<line class=\"reference\"",
        "dotted the noise floor",
        &format!("; {line}\""),
        &format!("<li>{line}</li>"),
    ] {
        assert!(cards[0].contains(part), "{part} is not in {}", cards[0]);
        assert!(!cards[2].contains(part), "{part} is in {}", cards[2]);
    }
    // The candidate never disagreed, so it is an eighth better than the reference with itself.
    assert_eq!(support.evidence.quality, Some(1.125));
}

#[tokio::test]
async fn every_form_has_the_judges_and_the_wall_times() {
    let report = gather(|_| ()).await;
    for text in forms(&report) {
        for part in ["Judges", "faq · small: unmeasured", "Wall times", "p95 ms"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    let times = "| support | small | 320 | 90 | 90 | 0.0 % | 0.0 % |";
    let markdown = render::markdown(&report);
    assert!(markdown.contains(times), "{markdown}");
    for text in forms(&report.reproducible()) {
        assert!(!text.contains("Wall times"), "the clock is not in what is reproduced: {text}");
    }
}

#[tokio::test]
async fn what_serves_already_is_not_ready_to_promote() {
    let ready = gather(|_| ()).await;
    let serving = gather(|rules| {
        rules.categories[0].candidates[0].serving = Some(Promoted {
            candidate: "small".to_owned(),
            stage: Stage::Live,
            since: Timestamp(0),
            loss_upper: None,
            leave: Leave::Given,
        });
    })
    .await;
    let parts = |report: &Report, parts: [&str; 2]| {
        for (text, part) in forms(report).iter().zip(parts.into_iter().cycle()) {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    };
    parts(&ready, ["1 ready to promote, 2 held", "1 ready to promote, 2 held"]);
    parts(&serving, ["0 ready to promote, 1 serve and clear, 2 held"; 2]);
    let [table, markdown, _] = forms(&serving);
    for text in [table, markdown] {
        assert!(text.contains("support · small serves and clears:"), "{text}");
    }
}
