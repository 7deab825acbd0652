//! What is held to be true of the models, from where, and what a change of prices does to the report.

use crate::town::Town;
use serde_json::{Value, json};
use std::fs;

const PRICE: &str =
    "price = [{ from = \"2026-01-01\", input = 2.5, cached_input = 1.25, output = 10.0 }]";
const TOKENS: &str = "context_tokens = 8_000\nrefuses = [\"seed\"]";

#[test]
fn models_are_shown_with_what_they_take_and_cost_and_from_where() {
    let town = Town::open();
    let deployment = town.deployment();
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let sourced = PRICE
        .replace("output", "cache_write_1h = 5, batch_discount = 0.5, source = \"a page\", output");
    let (first, rest) = text.split_once(PRICE).unwrap();
    fs::write(&deployment.pipeline, format!("{first}{sourced}\n{TOKENS}{rest}")).unwrap();

    let shown = deployment.run(&["models", "--format", "json"]).done();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let large = &shown["models"][0];
    assert_eq!(large["name"], "clerk-large", "{shown:#}");
    let context = json!({"name": "context_tokens", "value": 8_000, "from": "pipeline"});
    assert_eq!(large["capabilities"][0], context, "{large:#}");
    let price = &large["prices"][0];
    assert_eq!((&price["source"], &price["holds"]), (&json!("a page"), &json!(true)), "{price:#}");
    assert_eq!(price["batch_discount_ppm"], 500_000, "{price:#}");
    let rates = json!([
        ["input", "2.500000000"],
        ["cached_input", "1.250000000"],
        ["cache_write", "2.500000000"],
        ["cache_write_1h", "5.000000000"],
        ["output", "10.000000000"],
        ["reasoning", "10.000000000"],
    ]);
    assert_eq!(price["rates"], rates, "{price:#}");

    let words = deployment.run(&["models"]).done();
    assert!(words.contains("clerk-large at openai (family clerk)"), "{words}");
    assert!(words.contains("context_tokens: 8000 [pipeline]"), "{words}");
    assert!(words.contains("batches 50 % less, from 2026-01-01 [a page]"), "{words}");
}

#[test]
fn a_change_of_prices_forecasts_the_report_anew() {
    let town = Town::open();
    let deployment = town.shadowed(6);
    let forecast = || -> Value {
        let report = deployment.run(&["report", "--format", "json"]).done();
        serde_json::from_str::<Value>(&report).unwrap()["cells"][0]["forecast"].clone()
    };
    let before = forecast();
    assert_eq!(before["as_recorded"], before["by_prices_now"], "{before:#}");
    assert_eq!(before["calls"], 6, "{before:#}");

    // The candidate, which was as dear as the reference, costs a tenth from now on.
    let text = fs::read_to_string(&deployment.pipeline).unwrap();
    let (first, rest) = text.rsplit_once(PRICE).unwrap();
    let cheaper =
        "price = [{ from = \"2026-01-01\", input = 0.25, cached_input = 0.125, output = 1.0 }]";
    fs::write(&deployment.pipeline, format!("{first}{cheaper}{rest}")).unwrap();
    let after = forecast();
    assert_eq!(after["as_recorded"], before["as_recorded"], "what was paid stays what it was");
    let usd = |of: &Value, side: &str| of[side].as_str().unwrap().parse::<f64>().unwrap();
    let tenth = usd(&before["by_prices_now"], "candidate_usd") / 10.0;
    let now = usd(&after["by_prices_now"], "candidate_usd");
    assert!((now - tenth).abs() < 1e-8, "{after:#}");
    let words = deployment.run(&["report"]).done();
    let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(line.contains("by the prices of now the same calls would have saved"), "{words}");
}
