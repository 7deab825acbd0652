//! The official Python SDK gets the same objects, the same errors and its first chunk as soon through
//! Foreshadow as from the provider itself, whatever becomes of the shadow side.
//!
//! `sdk.py` is the cases; each test here runs them twice, in one state of the shadow side.

mod provider;
mod replies;

use crate::{
    deployment::Deployment,
    python::python,
    up::Foreshadow,
    wait::{PATIENCE, until},
};
use provider::Provider;
use serde_json::{Value, json};
use std::{fs, sync::Arc, time::Duration};
use testkit::sim::{self, Answers, Asked, Fault, ModelPrice, ProviderSpec, Said};
use tokio::runtime::Runtime;

const CALLER_SECRET: &str = "sdk-caller-secret";
const SHADOW_SECRET: &str = "sdk-shadow-secret";
const SHADOW_KEY: &str = "SDK_SHADOW_KEY";
/// The candidate.
const SMALL: &str = "small";
/// A slow candidate's: longer than any call of the live side takes.
const SLOW: Duration = Duration::from_secs(2);
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";
/// Pairs of streams whose first chunks are timed.
const PAIRS: usize = 15;
/// How much later the first chunk may come, at the median.
const LATER_MS_MAX: f64 = 20.0;
/// The case that comes to something else through Foreshadow.
const CONNECTION_ERROR: &str = "connection_error";
/// Fewer cases than these would not be the journey.
const CASES_MIN: usize = 50;
/// The calls that each run of the cases gives up with the provider still at it, by model.
const ABANDONED: [(&str, u32); 4] = [("hesitant", 1), ("long", 1), ("stuck", 1), ("silent", 1)];

#[test]
fn the_official_sdk_sees_no_difference_with_the_mirror_off() {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    let args = ["up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--no-mirror"];
    let up = Foreshadow::start(deployment.command(&args), &deployment.beside("up.log"));
    journey.check_first_chunk(&up);
    journey.check_cases(&up);
    assert_eq!(up.metric("foreshadow_mirror_offered_total"), 0.0);
    assert!(journey.shadow.log().calls().is_empty());
    up.stop();
}

#[test]
fn the_official_sdk_sees_no_difference_with_a_healthy_shadow() {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.check_first_chunk(&up);
    journey.wait_for_shadow(200);
    journey.check_cases(&up);
    until("the aborted stream in the tables, as such", PATIENCE, || {
        let aborted =
            "SELECT count(*) AS n FROM exchanges WHERE model = 'long' AND capture = 'aborted'";
        (deployment.count(aborted) == 1).then_some(())
    });
    up.stop();
}

#[test]
fn the_official_sdk_sees_no_difference_with_a_slow_shadow() {
    let journey = Journey::new(SLOW);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.check_first_chunk(&up);
    journey.wait_for_shadow(200);
    journey.check_cases(&up);
    // What it has under way is as slow.
    up.kill();
}

#[test]
fn the_official_sdk_sees_no_difference_with_a_hung_shadow() {
    let journey = Journey::new(Duration::ZERO);
    journey.shadow.inject(SMALL, Fault::Hang, u32::MAX);
    let deployment = journey.deployment();
    let up = deployment.up();
    journey.check_first_chunk(&up);
    journey.wait_for_shadow(0);
    journey.check_cases(&up);
    // It waits for a reply with a deadline longer than any test's.
    up.kill();
}

#[test]
fn the_official_sdk_sees_no_difference_with_a_shadow_that_nobody_runs() {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment_with_shadow(NOBODY);
    let up = deployment.up();
    journey.check_first_chunk(&up);
    until("shadow calls that reach nobody", PATIENCE, || {
        (up.metric("foreshadow_worker_calls_total") >= 1.0).then_some(())
    });
    journey.check_cases(&up);
    up.kill();
}

#[test]
fn the_official_sdk_sees_no_difference_with_a_dead_worker() {
    let journey = Journey::new(Duration::ZERO);
    let deployment = journey.deployment();
    fs::create_dir_all(&deployment.data).unwrap();
    // A file where the tables' folder should be: no worker can begin.
    fs::write(deployment.data.join("lake"), "").unwrap();
    let up = deployment.up();
    journey.check_first_chunk(&up);
    until("a failed worker counted", PATIENCE, || {
        (up.metric("foreshadow_worker_failed_total") >= 1.0).then_some(())
    });
    journey.check_cases(&up);
    assert!(journey.shadow.log().calls().is_empty());
    up.stop();
}

/// The provider that both sides are asked through, and the one that only the shadow side asks.
struct Journey {
    /// What the candidate lives on.
    _runtime: Runtime,
    provider: Provider,
    shadow: sim::Provider,
}

/// The candidate: it answers everything alike.
struct Brief;

impl Answers for Brief {
    fn answer(&self, _: &Asked<'_>) -> Said {
        Said::Text("Quite so.".to_owned())
    }
}

impl Journey {
    fn new(latency: Duration) -> Self {
        let runtime = Runtime::new().unwrap();
        let spec = ProviderSpec {
            name: "harbor".to_owned(),
            prefix: String::new(),
            seed: 1,
            keys: vec![("shadow".to_owned(), SHADOW_SECRET.to_owned())],
            models: vec![ModelPrice::new(SMALL, [2500, 1250, 10_000])],
            latency,
            event_pause: Duration::ZERO,
        };
        let shadow = runtime.block_on(sim::Provider::start(spec, Arc::new(Brief))).unwrap();
        Self { _runtime: runtime, provider: Provider::start(), shadow }
    }

    fn deployment(&self) -> Deployment {
        self.deployment_with_shadow(&self.shadow.base_url())
    }

    fn deployment_with_shadow(&self, base_url: &str) -> Deployment {
        let text = PIPELINE
            .replace("OPENAI_URL", &self.provider.base_url())
            .replace("HARBOR_URL", base_url);
        Deployment::new(&text, &[(SHADOW_KEY, SHADOW_SECRET)])
    }

    /// Until the candidate was asked, and it came to `status` (0: never answered).
    #[track_caller]
    fn wait_for_shadow(&self, status: u16) {
        until("a shadow call", PATIENCE, || {
            self.shadow.log().calls().iter().any(|call| call.status == status).then_some(())
        });
    }

    #[track_caller]
    fn check_cases(&self, up: &Foreshadow) {
        let direct = said(&self.provider.base_url());
        check_reached(&direct);
        self.check_abandoned(1);
        let through = said(&up.base_url("openai"));
        let (direct, through) = (direct.as_object().unwrap(), through.as_object().unwrap());
        assert_eq!(direct.len(), through.len());
        let differences: Vec<_> = direct
            .iter()
            .filter(|(case, direct)| *case != CONNECTION_ERROR && through[*case] != **direct)
            .map(|(case, direct)| format!("{case}: {direct}\n  through: {}", through[case]))
            .collect();
        assert!(differences.is_empty(), "direct first:\n{}", differences.join("\n"));
        check_connection_error(&through[CONNECTION_ERROR]);
        self.check_abandoned(2);
    }

    /// The provider learns that nobody waits any more, once for each run of the cases.
    #[track_caller]
    fn check_abandoned(&self, runs: u32) {
        for (model, times) in ABANDONED {
            until(&format!("{model} calls abandoned at the provider"), PATIENCE, || {
                (self.provider.abandoned(model) >= times * runs).then_some(())
            });
            assert_eq!(self.provider.abandoned(model), times * runs, "{model}");
        }
    }

    /// At the median of pairs, because a single stream may meet anything on a busy machine.
    #[track_caller]
    fn check_first_chunk(&self, up: &Foreshadow) {
        let urls = [self.provider.base_url(), up.base_url("openai")].map(|url| format!("{url}/v1"));
        let args = [CALLER_SECRET, &PAIRS.to_string(), &urls[0], &urls[1]];
        let text = python("sdk_first_chunk.py", &args).done();
        let mut later_ms: Vec<f64> = serde_json::from_str(&text).unwrap();
        assert_eq!(later_ms.len(), PAIRS);
        later_ms.sort_by(f64::total_cmp);
        assert!(later_ms[PAIRS / 2] < LATER_MS_MAX, "the first chunk is later by ms: {later_ms:?}");
    }
}

fn said(base_url: &str) -> Value {
    let text = python("sdk.py", &[&format!("{base_url}/v1"), CALLER_SECRET]).done();
    serde_json::from_str(&text).unwrap()
}

/// The one difference: where a provider ends the connection without a reply, Foreshadow has a
/// connection to answer on, and says whose failure it was. The SDK tries both again.
#[track_caller]
fn check_connection_error(through: &Value) {
    assert_eq!(through["class"], "InternalServerError");
    assert_eq!(through["status"], 502);
    assert_eq!(through["code"], "upstream_closed");
    assert_eq!(through["body"]["type"], "api_error");
}

/// So that "the same" is not said of two empty things.
#[track_caller]
fn check_reached(direct: &Value) {
    assert!(direct.as_object().unwrap().len() >= CASES_MIN);
    let content = |case: &str| direct[case]["choices"][0]["message"]["content"].clone();
    assert_eq!(content("text"), "You said: text");
    assert_eq!(content("long_prompt"), "1048576 bytes");
    assert_eq!(direct["raw_response_headers"]["status"], 200);
    assert!(direct["stream"].as_array().unwrap().len() > 10);
    let last = direct["stream_with_usage"].as_array().unwrap().last().unwrap();
    assert_eq!(last["usage"]["total_tokens"], 21);
    let calls = &direct["parallel_tools"]["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls.as_array().unwrap().len(), 2);
    let parsed = json!({"number": "INV-7", "total": 12.5});
    assert_eq!(direct["structured_output"]["parsed"], parsed);
    assert_eq!(direct["several_choices"]["choices"].as_array().unwrap().len(), 2);
    assert_eq!(direct["embeddings_base64"][1]["data"][1]["embedding"], json!([1.0, -2.0, 0.5]));
    assert_eq!(direct["models"].as_array().unwrap().len(), 3);
    assert_eq!(direct["files_pages"]["all"].as_array().unwrap().len(), 5);
    assert_eq!(direct["files_content"]["bytes"], 100_000);
    for refused in direct["error_404"].as_array().unwrap() {
        assert_eq!(refused["class"], "NotFoundError");
    }
    assert_eq!(direct["error_429"]["retry_after"], "7");
    for case in ["retries_after_429", "retries_after_503", "retries_after_a_closed_connection"] {
        assert_eq!(direct[case]["waited"], true, "{case}");
        let heard = direct[case]["object"]["heard"]["headers"].as_array().unwrap();
        assert!(heard.contains(&"x-stainless-retry-count: 2".into()), "{case}: {heard:?}");
    }
    assert_eq!(direct["abort_before_the_first_token"]["done"], 0);
    assert_eq!(direct["abort_after_the_first_token"]["chunks"].as_array().unwrap().len(), 3);
    assert_eq!(direct["keep_alive"]["connections"], 1);
    for (case, class) in CLASSES {
        let said = &direct[case];
        let failure = said.get("failure").unwrap_or(said);
        assert_eq!(failure["class"], class, "{case}");
    }
}

const CLASSES: [(&str, &str); 20] = [
    ("error_400", "BadRequestError"),
    ("error_401", "AuthenticationError"),
    ("error_403", "PermissionDeniedError"),
    ("error_409", "ConflictError"),
    ("error_422", "UnprocessableEntityError"),
    ("error_429", "RateLimitError"),
    ("error_500", "InternalServerError"),
    ("error_503", "InternalServerError"),
    ("error_of_a_gateway", "InternalServerError"),
    ("error_before_a_stream", "RateLimitError"),
    ("error_in_a_stream", "APIError"),
    ("retries_that_do_not_suffice", "InternalServerError"),
    ("retries_that_the_provider_forbids", "InternalServerError"),
    ("structured_output_that_does_not_fit", "ValidationError"),
    ("garbage", "JSONDecodeError"),
    ("truncated_stream", "APIConnectionError"),
    (CONNECTION_ERROR, "APIConnectionError"),
    ("timeout", "APITimeoutError"),
    ("timeout_in_a_stream", "APITimeoutError"),
    ("abort_before_the_first_token", "CancelledError"),
];

const PIPELINE: &str = r#"
[pipeline]
name = "sdk"

[sampling]
conversations = 1.0
calls = 1.0

[budget]
per_day_usd = 1000.0

[[provider]]
name = "openai"
dialect = "openai"
base_url = "OPENAI_URL"

[[provider]]
name = "harbor"
dialect = "openai"
base_url = "HARBOR_URL"
shadow_key_env = "SDK_SHADOW_KEY"

[[model]]
name = "large"
provider = "openai"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[model]]
name = "small"
provider = "harbor"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[category]]
name = "chat"
when = { path = "/v1/chat/completions" }
mode = "R"
bar = 0.80
candidates = ["small"]
scorers = [{ kind = "not_refusal" }]
"#;
