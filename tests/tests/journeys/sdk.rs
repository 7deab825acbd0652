//! The official Python SDK gets the same objects and the same errors through Foreshadow as from the
//! provider itself.

use crate::{
    deployment::Deployment,
    python::python,
    wait::{PATIENCE, until},
};
use exchange::ToolCall;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use testkit::sim::{Answers, Asked, Fault, ModelPrice, Provider, ProviderSpec, Said};
use tokio::runtime::Runtime;

const CALLER_SECRET: &str = "sdk-caller-secret";
/// Long enough for a client to hang up in the middle of a stream.
const EVENT_PAUSE: Duration = Duration::from_millis(20);

/// Says something of each shape that a reply can have.
struct Shapes;

impl Answers for Shapes {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let call = |city: &str| ToolCall {
            name: "weather".to_owned(),
            arguments: json!({"city": city}).to_string(),
        };
        match asked.last("user") {
            "tools" => Said::Tools(vec![call("Zürich"), call("Genève")]),
            "invoice" => Said::Text(r#"{"number": "INV-7", "total": 12.5}"#.to_owned()),
            "long" => Said::Text("One word after another. ".repeat(200)),
            _ => Said::Text("Hello, 世界: a line\nand another with \"quotes\".".to_owned()),
        }
    }
}

fn provider(runtime: &Runtime) -> Provider {
    let models = ["large", "limited", "failing", "truncating", "slow"];
    let spec = ProviderSpec {
        name: "openai".to_owned(),
        prefix: String::new(),
        seed: 1,
        keys: vec![("caller".to_owned(), CALLER_SECRET.to_owned())],
        models: models.map(|model| ModelPrice::new(model, [2500, 1250, 10_000])).to_vec(),
        latency: Duration::ZERO,
        event_pause: EVENT_PAUSE,
    };
    let provider = runtime.block_on(Provider::start(spec, Arc::new(Shapes))).unwrap();
    provider.inject("limited", Fault::RateLimited { retry_after_s: 7 }, u32::MAX);
    provider.inject("failing", Fault::ServerError, u32::MAX);
    provider.inject("truncating", Fault::Truncated, u32::MAX);
    provider
}

fn said(base_url: &str) -> Value {
    let text = python("sdk.py", &[&format!("{base_url}/v1"), CALLER_SECRET]).done();
    serde_json::from_str(&text).unwrap()
}

/// So that "the same" is not said of two empty things.
fn check_reached(direct: &Value) {
    assert_eq!(direct["text"]["status"], 200);
    assert!(direct["stream"].as_array().unwrap().len() > 3);
    let calls = &direct["tools"]["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls.as_array().unwrap().len(), 2, "parallel tool calls");
    assert_eq!(direct["parse"]["parsed"], json!({"number": "INV-7", "total": 12.5}));
    assert_eq!(direct["models"].as_array().unwrap().len(), 5);
    let class = |case: &str| direct[case]["class"].as_str().unwrap().to_owned();
    assert_eq!(class("not_authenticated"), "AuthenticationError");
    assert_eq!(class("no_such_model"), "NotFoundError");
    assert_eq!(class("bad_request"), "BadRequestError");
    assert_eq!(class("rate_limited"), "RateLimitError");
    assert_eq!(direct["rate_limited"]["retry_after"], "7");
    assert_eq!(class("server_error"), "InternalServerError");
    assert!(direct["truncated_stream"]["failure"].is_object());
    assert_eq!(direct["aborted_stream"]["chunks"].as_array().unwrap().len(), 3);
}

#[test]
fn the_official_sdk_sees_no_difference() {
    let runtime = Runtime::new().unwrap();
    let openai = provider(&runtime);
    let deployment = Deployment::new(&PIPELINE.replace("OPENAI_URL", &openai.base_url()), &[]);
    let up = deployment.up();
    let direct = said(&openai.base_url());
    check_reached(&direct);
    let through = said(&up.base_url("openai"));
    let cases = direct.as_object().unwrap();
    assert_eq!(cases.len(), through.as_object().unwrap().len());
    for (case, direct) in cases {
        assert_eq!(direct, &through[case], "case {case}: direct on the left");
    }
    until("the aborted stream in the tables, as such", PATIENCE, || {
        let aborted =
            "SELECT count(*) AS n FROM exchanges WHERE model = 'slow' AND capture = 'aborted'";
        (deployment.count(aborted) == 1).then_some(())
    });
    up.stop();
}

const PIPELINE: &str = r#"
[pipeline]
name = "sdk"

[budget]
per_day_usd = 10.0

[[provider]]
name = "openai"
dialect = "openai"
base_url = "OPENAI_URL"

[[model]]
name = "large"
provider = "openai"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[model]]
name = "slow"
provider = "openai"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[category]]
name = "chat"
when = { model = "never" }
mode = "R"
bar = 0.80
candidates = ["slow"]
scorers = [{ kind = "not_refusal" }]
"#;
