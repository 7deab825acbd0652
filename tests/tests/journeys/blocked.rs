//! Replies that a content policy stopped: an outcome of their own in tables and report, and live the
//! reference is asked, or the caller hears of it in its own dialect.

use crate::{
    deployment::Deployment,
    following::{publish, route},
    town::{LARGE, SMALL, Town, call, is_right},
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use exchange::NanoUsd;
use serde_json::{Value, json};
use std::fs;
use testkit::{
    client::Played,
    sim::{Dialect, Fault},
};

const ALWAYS: u32 = 1_000_000;

#[test]
fn a_block_is_an_outcome_of_its_own_and_the_reference_is_asked() {
    for (dialect, name) in [(Dialect::Gemini, "gemini"), (Dialect::OpenAi, "openai")] {
        let town = Town::speaking(dialect);
        let deployment = town.live_deployment_in(name);
        let up = deployment.up();
        town.harbor.inject(SMALL, Fault::Blocked, ALWAYS);
        town.play(&up.base_url("openai"), 0..3);
        let stopped = "SELECT count(*) AS n FROM shadows WHERE blocked = 'filter' \
             AND fault IS NULL AND error IS NULL AND finish_reason = 'content_filter' AND loss = 1.0";
        until("three shadow calls that were stopped", PATIENCE, || {
            (deployment.count(stopped) == 3).then_some(())
        });
        let cell = &report(&deployment)["cells"][0];
        let expected = json!({"replies": 3, "by": {"filter": 3}, "reference_too": 0});
        assert_eq!(cell["blocked"], expected, "{cell:#}");
        assert_eq!(cell["evidence"]["coverage"]["failed"], json!({}), "{cell:#}");

        town.harbor.heal(SMALL);
        publish(&deployment);
        let base_url = up.base_url("openai");
        until("a call that the candidate serves", PATIENCE, || {
            (route(&send(&town, &base_url, 11, false)) == Some("live")).then_some(())
        });
        town.harbor.inject(SMALL, Fault::Blocked, ALWAYS);
        let whole = send(&town, &base_url, 12, false);
        assert_eq!(route(&whole), Some("fallback"), "{whole:?}");
        assert!(is_right(12, &whole), "{whole:?}");
        let streamed = send(&town, &base_url, 13, true);
        assert_eq!(route(&streamed), Some("fallback"), "{streamed:?}");
        assert!(String::from_utf8_lossy(&streamed.body).contains(LARGE), "{streamed:?}");
        check_paid(&town, &deployment);
        up.stop();
    }
}

/// What the candidate was paid for replies that nobody got is recorded, as its provider has it; it is what
/// the trial cost, and stands in `explain`.
#[track_caller]
fn check_paid(town: &Town, deployment: &Deployment) {
    let unused = "SELECT exchange_id, route, unused_candidate, unused_why, unused_status, stream, \
         unused_usage_source, CAST(unused_cost_usd AS VARCHAR) AS unused_cost_usd \
         FROM exchanges WHERE unused_candidate IS NOT NULL \
         ORDER BY observed_at";
    let rows = until("both replies that nobody got", PATIENCE, || {
        Some(deployment.rows(unused)).filter(|rows| rows.len() == 2)
    });
    for row in &rows {
        assert_eq!(row["unused_candidate"], SMALL, "{row:#}");
        assert_eq!((&row["unused_why"], &row["route"]), (&json!("blocked"), &json!("fallback")));
        assert_eq!(row["unused_status"], 200, "{row:#}");
        assert!(usd(&row["unused_cost_usd"]) > NanoUsd::ZERO, "{row:#}");
    }
    assert_eq!([&rows[0]["stream"], &rows[1]["stream"]], [&json!(false), &json!(true)]);
    // Of a stream the provider's count may not have come by the time when it was given up.
    assert_eq!(rows[0]["unused_usage_source"], "reported", "{:#}", rows[0]);

    let all = "SELECT CAST(sum(cost_usd) AS VARCHAR) AS usd FROM ( \
         SELECT cost_usd FROM calls UNION ALL \
         SELECT cost_usd FROM exchanges WHERE served_by IS NOT NULL UNION ALL \
         SELECT unused_cost_usd AS cost_usd FROM exchanges WHERE NOT stream)";
    let streamed =
        "SELECT sum(cost_usd) AS usd FROM exchanges WHERE served_by IS NOT NULL AND stream";
    assert!(deployment.rows(streamed)[0]["usd"].is_null(), "all that was served came whole");
    // The same call was put to the candidate in shadow afterwards, and cost as much there.
    let again = format!(
        "SELECT CAST(cost_usd AS VARCHAR) AS cost_usd FROM calls WHERE exchange_id = '{}'",
        text(&rows[1], "exchange_id")
    );
    until("all that the provider charged in the tables", PATIENCE, || {
        let recorded = usd(&deployment.rows(all)[0]["usd"]);
        let of_stream = usd(&deployment.rows(&again).first()?["cost_usd"]);
        (recorded + of_stream == town.harbor.log().spend("shadow")).then_some(())
    });

    let report = report(deployment);
    let both = usd(&rows[0]["unused_cost_usd"]) + usd(&rows[1]["unused_cost_usd"]);
    assert_eq!(usd(&report["spend"]["unused"]["cost_usd"]), both, "{:#}", report["spend"]);
    assert_eq!(
        usd(&report["routing"]["net"]["overhead"]["unused"]),
        both,
        "{:#}",
        report["routing"]
    );
    let explained = deployment.run(&["explain", text(&rows[0], "exchange_id")]).done();
    assert!(explained.contains("unused_why blocked"), "{explained}");
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap()
}

/// Money, or none of it yet.
fn usd(value: &Value) -> NanoUsd {
    value.as_str().map_or(NanoUsd::ZERO, |text| text.parse().unwrap())
}

#[test]
fn a_block_that_is_to_be_reported_is_told_in_the_callers_dialect() {
    let town = Town::speaking(Dialect::Gemini);
    let deployment = town.live_deployment_in("gemini");
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let text = text.replace("mode = \"R\"", "mode = \"R\"\non_block = \"report\"");
    fs::write(&deployment.pipeline, text).unwrap();
    let up = deployment.up();
    let base_url = up.base_url("openai");
    publish(&deployment);
    until("a call that the candidate serves", PATIENCE, || {
        (route(&send(&town, &base_url, 11, false)) == Some("live")).then_some(())
    });
    town.harbor.inject(SMALL, Fault::Blocked, ALWAYS);
    let whole = send(&town, &base_url, 12, false);
    assert_eq!((whole.status, route(&whole)), (200, Some("live")), "{whole:?}");
    let reply: Value = serde_json::from_slice(&whole.body).unwrap();
    assert_eq!(reply["choices"][0]["finish_reason"], "content_filter", "{reply:#}");
    let streamed = send(&town, &base_url, 13, true);
    assert_eq!(route(&streamed), Some("live"), "{streamed:?}");
    let body = String::from_utf8_lossy(&streamed.body);
    assert!(body.contains("\"finish_reason\":\"content_filter\""), "{body}");
    assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    up.stop();
}

#[track_caller]
fn send(town: &Town, base_url: &str, number: u64, streamed: bool) -> Played {
    let mut call = call(number);
    if streamed {
        let mut body: Value = serde_json::from_slice(&call.body).unwrap();
        body["stream"] = json!(true);
        call.body = Bytes::from(body.to_string());
    }
    town.runtime.block_on(Town::client(base_url).send(&call)).unwrap()
}

fn report(deployment: &Deployment) -> Value {
    serde_json::from_str(&deployment.run(&["report", "--format", "json"]).done()).unwrap()
}
