//! The testkit's providers behind the SDKs of the other dialects: what they say and how they fail, by
//! model, and what the cases must have come to.

use super::{CALLER_SECRET, SHADOW_SECRET, comparison::Upstream, language::CONNECTION_ERROR};
use exchange::ToolCall;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use testkit::sim::{Answers, Asked, Dialect, Fault, ModelPrice, Provider, ProviderSpec, Said};
use tokio::runtime::Runtime;

/// The models that answer, by the names of real ones, because what a model takes goes by its name.
const MODELS: [&str; 9] = [
    "gpt-5",
    "gpt-4.1",
    "gpt-4.1-mini",
    "claude-haiku-4-5",
    "claude-sonnet-4-6",
    "gemini-3-pro-preview",
    "gemini-3.1-pro-preview",
    "gemini-3-flash",
    "gemini-embedding-001",
];
/// What the names of candidates that fail begin with: a pipeline has each name once.
pub(crate) const CANDIDATES: &str = "candidate-";

/// The models that fail, how, and how often in each run of the cases.
const FAILING: [(&str, Fault, u32); 22] = [
    ("status-402", Fault::Status(402), u32::MAX),
    ("status-403", Fault::Status(403), u32::MAX),
    ("status-404", Fault::Status(404), u32::MAX),
    ("status-413", Fault::Status(413), u32::MAX),
    ("status-500", Fault::Status(500), u32::MAX),
    ("status-503", Fault::Status(503), u32::MAX),
    ("status-504", Fault::Status(504), u32::MAX),
    ("status-529", Fault::Status(529), u32::MAX),
    ("limited", Fault::RateLimited { retry_after_s: 7 }, u32::MAX),
    ("spent", Fault::InsufficientQuota, u32::MAX),
    ("page", Fault::Page, u32::MAX),
    ("garbage", Fault::Garbage, u32::MAX),
    ("closing", Fault::Reset, u32::MAX),
    ("silent", Fault::Hang, u32::MAX),
    ("hesitant", Fault::HeadOnly, u32::MAX),
    ("stuck", Fault::Stuck, u32::MAX),
    ("truncating", Fault::Truncated, u32::MAX),
    ("erring", Fault::ErrorInStream, u32::MAX),
    ("blocked", Fault::Blocked, u32::MAX),
    ("unreliable-429", Fault::RateLimited { retry_after_s: 1 }, FAILURES),
    ("unreliable-busy", Fault::Overloaded, FAILURES),
    ("unreliable-closed", Fault::Reset, FAILURES),
];
/// How often an unreliable model fails before it answers.
const FAILURES: u32 = 2;
/// Between the events of a stream whose first one is timed: whoever keeps it back to the end is later
/// by many of them.
pub(crate) const PACE: Duration = Duration::from_millis(10);

/// Calls that are timed out, and calls that are given up.
pub(crate) const ABANDONED: [(&str, u32); 3] = [("silent", 1), ("hesitant", 1), ("stuck", 2)];
/// Google's SDK sends a call when its first chunk is asked for, so that nobody can tell whether what is
/// given up before it had been sent.
pub(crate) const GEMINI_ABANDONED: [(&str, u32); 2] = [("silent", 1), ("stuck", 2)];

const KEYS: [(&str, &str); 2] = [("caller", CALLER_SECRET), ("shadow", SHADOW_SECRET)];

/// A provider with its runtime.
pub(crate) struct Simulated {
    _runtime: Runtime,
    provider: Provider,
    /// What the names of its models that fail begin with.
    prefix: &'static str,
}

impl Simulated {
    /// The callers' own, which answers at once.
    pub(crate) fn start(dialect: Dialect) -> Self {
        Self::started(dialect, "", &KEYS, Duration::ZERO)
    }

    /// One that takes its time between the events of a stream, the callers' own or for candidates.
    pub(crate) fn paced(dialect: Dialect) -> Self {
        Self::started(dialect, "", &KEYS, PACE)
    }

    /// One that only we have a key of, for candidates.
    pub(crate) fn of_candidates(dialect: Dialect) -> Self {
        Self::started(dialect, CANDIDATES, &[("shadow", SHADOW_SECRET)], Duration::ZERO)
    }

    fn started(
        dialect: Dialect,
        prefix: &'static str,
        keys: &[(&str, &str)],
        event_pause: Duration,
    ) -> Self {
        let runtime = Runtime::new().unwrap();
        let failing = FAILING.map(|(name, ..)| format!("{prefix}{name}"));
        let names = MODELS.map(str::to_owned).into_iter().chain(failing);
        let spec = ProviderSpec {
            name: "simulated".to_owned(),
            prefix: String::new(),
            seed: 1,
            keys: keys.iter().map(|(of, key)| ((*of).to_owned(), (*key).to_owned())).collect(),
            models: names.map(|name| ModelPrice::new(&name, [2000, 200, 10_000])).collect(),
            latency: Duration::ZERO,
            event_pause,
        };
        let provider = Provider::speaking(dialect, spec, Arc::new(Echo));
        Self { provider: runtime.block_on(provider).unwrap(), _runtime: runtime, prefix }
    }

    /// The models that were asked, by name.
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        self.provider.log().calls().into_iter().map(|call| call.model).collect()
    }

    /// How many calls were answered with this status, to any model.
    pub(crate) fn answered(&self, status: u16) -> usize {
        self.provider.log().calls().iter().filter(|call| call.status == status).count()
    }
}

/// The models that callers ask for and that answer sooner or later, for a pipeline that prices them.
pub(crate) fn priced() -> impl Iterator<Item = &'static str> {
    let gemini = ["gemini-3-pro-preview", "gemini-3.1-pro-preview"];
    let asked = ["gpt-5", "gpt-4.1", "claude-haiku-4-5"].into_iter().chain(gemini);
    asked.chain(failing())
}

/// The models that fail, by name.
pub(crate) fn failing() -> impl Iterator<Item = &'static str> {
    FAILING.into_iter().map(|(name, ..)| name)
}

/// The model of a dialect that is a candidate.
pub(crate) fn candidate(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "gpt-4.1-mini",
        Dialect::Anthropic => "claude-sonnet-4-6",
        Dialect::Gemini => "gemini-3-flash",
    }
}

impl Upstream for Simulated {
    fn base_url(&self) -> String {
        self.provider.base_url()
    }

    fn begin(&self) {
        for (model, fault, calls) in FAILING {
            self.provider.inject(&format!("{}{model}", self.prefix), fault, calls);
        }
    }

    fn abandoned(&self, model: &str) -> u32 {
        self.provider.log().abandoned(&format!("{}{model}", self.prefix))
    }
}

/// Says the same again, if that is not too long.
struct Echo;

impl Answers for Echo {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let weather = |city: &&str| ToolCall {
            name: "weather".to_owned(),
            arguments: json!({"city": city}).to_string(),
        };
        // Some dialects have a role for what a tool gives back.
        let answered = ["tool", "user"].map(|role| asked.last(role).contains("rain"));
        match asked.last("user") {
            _ if answered.contains(&true) => Said::Text("The tools said: rain".to_owned()),
            "Weather?" => Said::Tools(["Zürich"].iter().map(weather).collect()),
            "Weather in both?" => Said::Tools(["Zürich", "東京"].iter().map(weather).collect()),
            "invoice" => Said::Text(r#"{"number": "INV-7", "total": 12.5}"#.to_owned()),
            // Some forms tell a document as a part of the text.
            text if text.ends_with("What is this?") => Said::Text("A picture.".to_owned()),
            text if text.len() > 1000 => Said::Text(format!("{} bytes", text.len())),
            text => Said::Text(format!("You said: {text}")),
        }
    }
}

pub(crate) const OPENAI_CLASSES: [(&str, &str); 12] = [
    ("error_400", "BadRequestError"),
    ("error_of_an_unknown_key", "AuthenticationError"),
    ("error_403", "PermissionDeniedError"),
    ("error_404", "NotFoundError"),
    ("error_429", "RateLimitError"),
    ("error_500", "InternalServerError"),
    ("error_503", "InternalServerError"),
    ("error_of_a_gateway", "InternalServerError"),
    ("error_before_a_stream", "InternalServerError"),
    ("retries_that_do_not_suffice", "InternalServerError"),
    ("retries_that_the_provider_forbids", "RateLimitError"),
    (CONNECTION_ERROR, "APIConnectionError"),
];

pub(crate) const ANTHROPIC_CLASSES: [(&str, &str); 17] = [
    ("prompt_that_is_too_long", "BadRequestError"),
    ("error_400", "BadRequestError"),
    ("error_of_an_unknown_key", "AuthenticationError"),
    ("error_402", "PaymentRequiredError"),
    ("error_403", "PermissionDeniedError"),
    ("error_404", "NotFoundError"),
    ("error_of_an_unknown_path", "NotFoundError"),
    ("error_413", "ContentTooLargeError"),
    ("error_429", "RateLimitError"),
    ("error_500", "InternalServerError"),
    ("error_504", "GatewayTimeoutError"),
    ("error_529", "OverloadedError"),
    ("error_of_a_gateway", "InternalServerError"),
    ("error_before_a_stream", "OverloadedError"),
    ("retries_that_do_not_suffice", "OverloadedError"),
    ("retries_that_the_provider_forbids", "EnforcedSpendLimitReachedError"),
    (CONNECTION_ERROR, "APIConnectionError"),
];

pub(crate) const GEMINI_CLASSES: [(&str, &str); 19] = [
    ("parallel_tools_without_their_signature", "ClientError"),
    ("prompt_that_is_too_long", "ClientError"),
    ("error_400", "ClientError"),
    ("error_of_an_unknown_key", "ClientError"),
    ("error_403", "ClientError"),
    ("error_404", "ClientError"),
    ("error_429", "ClientError"),
    ("error_500", "ServerError"),
    ("error_503", "ServerError"),
    ("error_of_a_gateway", "ServerError"),
    ("error_before_a_stream", "ServerError"),
    ("error_in_a_stream", "ServerError"),
    ("garbage", "JSONDecodeError"),
    ("truncated_stream", "RemoteProtocolError"),
    ("timeout", "ReadTimeout"),
    ("timeout_in_a_stream", "ReadTimeout"),
    ("retries_that_do_not_suffice", "ServerError"),
    ("retries_that_the_provider_forbids", "ClientError"),
    (CONNECTION_ERROR, "ReadError"),
];

#[track_caller]
pub(crate) fn check_chat(direct: &Value) {
    let message = |reply: &Value| reply["choices"][0]["message"].clone();
    assert_eq!(message(&direct["text"])["content"], "You said: text");
    assert_eq!(direct["structured_output"]["parsed"], json!({"number": "INV-7", "total": 12.5}));
    let [first, second] = [0, 1].map(|at| message(&direct["parallel_tools_and_their_results"][at]));
    assert_eq!(first["tool_calls"].as_array().unwrap().len(), 2);
    assert_eq!(second["content"], "The tools said: rain");
    let last = direct["stream_with_usage"]["chunks"].as_array().unwrap().last().unwrap();
    assert!(last["usage"]["total_tokens"].is_number(), "{last}");
    assert_eq!(direct["limit"]["choices"][0]["finish_reason"], "length");
    assert_eq!(direct["content_policy"]["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(direct["error_429"]["retry_after"], "7");
    check_retries(direct);
}

#[track_caller]
pub(crate) fn check_responses(direct: &Value) {
    assert_eq!(direct["text"]["output"][1]["content"][0]["text"], "You said: text");
    assert_eq!(direct["structured_output"]["parsed"], json!({"number": "INV-7", "total": 12.5}));
    let [first, second] =
        [0, 1].map(|at| &direct["parallel_tools_and_their_results"][at]["output"]);
    assert_eq!(first.as_array().unwrap().len(), 3, "reasoning and two calls");
    assert_eq!(second[1]["content"][0]["text"], "The tools said: rain");
    assert!(direct["reasoning_stream"]["chunks"].as_array().unwrap().len() > 15);
    // An error in a stream of Responses is an event like others: the SDKs raise nothing.
    assert_eq!(direct["error_in_a_stream"]["failure"], Value::Null);
    let last = direct["error_in_a_stream"]["chunks"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["type"], &last["code"]), (&json!("error"), &json!("server_error")));
    assert_eq!(direct["limit"]["status"], "incomplete");
    assert_eq!(direct["error_429"]["retry_after"], "7");
    check_retries(direct);
}

#[track_caller]
pub(crate) fn check_messages(direct: &Value) {
    assert_eq!(direct["text"]["content"][0]["text"], "You said: text");
    assert_eq!(direct["structured_output"]["parsed"], json!({"number": "INV-7", "total": 12.5}));
    let [first, second] = [0, 1].map(|at| &direct["parallel_tools_and_their_results"][at]);
    assert_eq!(first["content"].as_array().unwrap().len(), 2);
    assert_eq!(second["content"][0]["text"], "The tools said: rain");
    assert_eq!(direct["thinking_and_back"][0]["content"][0]["type"], "thinking");
    let [first, second] = [0, 1].map(|at| &direct["thinking_before_tools"][at]["content"]);
    assert_eq!((&first[0]["type"], &first[1]["type"]), (&json!("thinking"), &json!("tool_use")));
    assert_eq!(second[1]["text"], "The tools said: rain");
    let [first, second] = [0, 1].map(|at| &direct["cache"][at]);
    assert_eq!(first["cache_creation"]["ephemeral_1h_input_tokens"], 100);
    assert_eq!(second["cache_read_input_tokens"], first["cache_creation_input_tokens"]);
    assert_eq!(direct["limit"]["stop_reason"], "max_tokens");
    assert_eq!(direct["stop_sequence"]["stop_reason"], "stop_sequence");
    assert_eq!(direct["content_policy"]["stop_reason"], "refusal");
    let kind = |case: &str| direct[case]["type"].clone();
    assert_eq!(kind("error_402"), "billing_error");
    assert_eq!(kind("error_504"), "timeout_error");
    assert_eq!(direct["error_in_a_stream"]["failure"]["type"], "overloaded_error");
    assert!(direct["error_in_a_stream"]["chunks"].as_array().unwrap().len() > 1);
    assert_eq!(direct["error_429"]["retry_after"], "7");
    check_retries(direct);
}

#[track_caller]
pub(crate) fn check_generate(direct: &Value) {
    let parts = |reply: &Value| reply["candidates"][0]["content"]["parts"].clone();
    assert_eq!(parts(&direct["text"])[0]["text"], "You said: text");
    assert_eq!(direct["structured_output"]["parsed"], json!({"number": "INV-7", "total": 12.5}));
    let replies = &direct["parallel_tools_and_their_results"];
    assert_eq!(parts(&replies[0]).as_array().unwrap().len(), 2);
    assert!(parts(&replies[0])[0]["thought_signature"].is_string());
    assert!(parts(&replies[1])[0]["text"].as_str().unwrap().contains("rain"));
    assert_eq!(parts(&direct["thinking_and_back"][0])[0]["thought"], true);
    assert_eq!(direct["tools_that_another_model_goes_on_with"]["said"], "The tools said: rain");
    assert!(direct["stream"]["chunks"].as_array().unwrap().len() > 1);
    assert_eq!(direct["limit"]["candidates"][0]["finish_reason"], "MAX_TOKENS");
    assert_eq!(direct["content_policy"]["prompt_feedback"]["block_reason"], "PROHIBITED_CONTENT");
    assert_eq!(direct["embeddings"]["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(direct["error_429"]["code"], 429);
    assert_eq!(direct["retries_that_the_provider_forbids"]["code"], 402);
    assert_eq!(direct["retries_after_429"]["waited"], true);
    assert_eq!(direct["retries_after_an_overload"]["waited"], true);
}

#[track_caller]
fn check_retries(direct: &Value) {
    for how in ["429", "an_overload", "a_closed_connection"] {
        let case = &format!("retries_after_{how}");
        assert_eq!(direct[case]["waited"], true, "{case}");
        assert!(direct[case]["object"]["id"].is_string(), "{case}");
    }
}

#[track_caller]
pub(crate) fn check_anthropic_connection_error(through: &Value) {
    assert_eq!(
        (&through["class"], &through["status"]),
        (&json!("InternalServerError"), &json!(502))
    );
}

#[track_caller]
pub(crate) fn check_gemini_connection_error(through: &Value) {
    assert_eq!((&through["class"], &through["code"]), (&json!("ServerError"), &json!(502)));
}
