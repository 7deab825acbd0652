//! Replies that a content policy stopped are told cell by cell, with whether the reference was too.

use crate::{lakes::warehouse, world};
use report::{Blocked, Report, render};
use serde_json::Value;

/// The lake in which five replies to `faq` were stopped, four by a filter, and the reference's beside two.
fn lake() -> Value {
    let mut lake = world::lake();
    let shadows = lake["shadows"].as_array_mut().unwrap().iter_mut();
    let faq = shadows.filter(|row| row["cell"] == "faq/small/1");
    let mut ids = Vec::new();
    for (at, row) in faq.enumerate().take(5) {
        row["blocked"] = if at == 0 { "refusal" } else { "filter" }.into();
        ids.push(row["exchange_id"].clone());
    }
    let exchanges = lake["exchanges"].as_array_mut().unwrap().iter_mut();
    for row in exchanges.filter(|row| ids[3..].contains(&row["exchange_id"])) {
        row["finish_reason"] = "content_filter".into();
    }
    lake
}

#[tokio::test]
async fn what_content_policies_stopped_is_told() {
    let warehouse = warehouse(&lake(), world::AS_OF, 3).await;
    let report = Report::gather(&warehouse, &world::rules()).await.unwrap();
    let by = [("filter", 4), ("refusal", 1)].map(|(by, replies)| (by.to_owned(), replies));
    let expected = Blocked { replies: 5, by: by.into(), reference_too: 2 };
    assert_eq!(report.cells[1].blocked, expected);
    assert_eq!(report.cells[0].blocked, Blocked::default());
    let line = "content policies stopped 5 replies (4 by filter, 1 by refusal), and the reference\'s to \
                the same call in 2 of them";
    let page = render::markdown(&report);
    assert_eq!(page.matches(line).count(), 1, "{page}");
}
