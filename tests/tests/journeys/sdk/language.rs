//! The official SDKs: what runs their cases, and what each must have come to at the provider.

use super::CALLER_SECRET;
use crate::{command::Said, node::node, python::python};
use serde_json::{Value, json};

/// The case that comes to something else through Foreshadow.
pub(crate) const CONNECTION_ERROR: &str = "connection_error";
/// Fewer cases than these would not be the journey.
const CASES_MIN: usize = 50;

/// The SDK of one language. The cases of one name do the same in each.
pub(crate) struct Sdk {
    /// Runs a script with arguments.
    run: fn(&str, &[&str]) -> Said,
    cases: &'static str,
    first_chunk: &'static str,
    /// What it raises in a case, beside what all SDKs raise.
    classes: &'static [(&'static str, &'static str)],
}

pub(crate) const PYTHON: Sdk = Sdk {
    run: python,
    cases: "sdk.py",
    first_chunk: "sdk_first_chunk.py",
    classes: &[
        ("structured_output_that_does_not_fit", "ValidationError"),
        ("garbage", "JSONDecodeError"),
        ("truncated_stream", "APIConnectionError"),
        ("timeout", "APITimeoutError"),
        ("timeout_in_a_stream", "APITimeoutError"),
        ("abort_before_the_first_token", "CancelledError"),
    ],
};

pub(crate) const NODE: Sdk = Sdk {
    run: node,
    cases: "sdk.cjs",
    first_chunk: "sdk_first_chunk.cjs",
    // A stream that is aborted ends without an error.
    classes: &[
        ("structured_output_that_does_not_fit", "ZodError"),
        ("garbage", "SyntaxError"),
        ("truncated_stream", "TypeError"),
        ("timeout", "APIConnectionTimeoutError"),
    ],
};

/// What every SDK raises.
const CLASSES: [(&str, &str); 14] = [
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
    (CONNECTION_ERROR, "APIConnectionError"),
];

impl Sdk {
    /// What each case came to, by name.
    #[track_caller]
    pub(crate) fn cases(&self, base_url: &str) -> Value {
        let text = (self.run)(self.cases, &[&format!("{base_url}/v1"), CALLER_SECRET]).done();
        serde_json::from_str(&text).unwrap()
    }

    /// By how much the second provider's first chunk came later than the first one's, by pair.
    #[track_caller]
    pub(crate) fn first_chunks_later_ms(
        &self,
        pairs: usize,
        first: &str,
        second: &str,
    ) -> Vec<f64> {
        let urls = [first, second].map(|url| format!("{url}/v1"));
        let args = [CALLER_SECRET, &pairs.to_string(), &urls[0], &urls[1]];
        serde_json::from_str(&(self.run)(self.first_chunk, &args).done()).unwrap()
    }

    /// So that "the same" is not said of two empty things.
    #[track_caller]
    pub(crate) fn check_reached(&self, direct: &Value) {
        assert!(direct.as_object().unwrap().len() >= CASES_MIN);
        check_objects(direct);
        check_streams(direct);
        check_retries(direct);
        for (case, class) in CLASSES.iter().chain(self.classes) {
            let said = &direct[case];
            let failure = said.get("failure").unwrap_or(said);
            assert_eq!(failure["class"], *class, "{case}");
        }
    }
}

/// The one difference: where a provider ends the connection without a reply, Foreshadow has a
/// connection to answer on, and says whose failure it was. The SDKs try both again.
#[track_caller]
pub(crate) fn check_connection_error(through: &Value) {
    assert_eq!(through["class"], "InternalServerError");
    assert_eq!(through["status"], 502);
    assert_eq!(through["code"], "upstream_closed");
    assert_eq!(through["body"]["type"], "api_error");
}

#[track_caller]
fn check_objects(direct: &Value) {
    let content = |case: &str| direct[case]["choices"][0]["message"]["content"].clone();
    assert_eq!(content("text"), "You said: text");
    assert_eq!(content("long_prompt"), "1048576 bytes");
    assert_eq!(direct["raw_response_headers"]["status"], 200);
    let calls = &direct["parallel_tools"]["choices"][0]["message"]["tool_calls"];
    assert_eq!(calls.as_array().unwrap().len(), 2);
    let parsed = json!({"number": "INV-7", "total": 12.5});
    assert_eq!(direct["structured_output"]["parsed"], parsed);
    assert_eq!(direct["several_choices"]["choices"].as_array().unwrap().len(), 2);
    let decoded = direct["embeddings_base64"][1]["data"][1]["embedding"].as_array().unwrap();
    // What is 1.0 in one language is 1 in another.
    let decoded: Vec<_> = decoded.iter().filter_map(Value::as_f64).collect();
    assert_eq!(decoded, [1.0, -2.0, 0.5]);
    assert_eq!(direct["models"].as_array().unwrap().len(), 3);
    assert_eq!(direct["files_pages"]["all"].as_array().unwrap().len(), 5);
    assert_eq!(direct["files_content"]["bytes"], 100_000);
    for refused in direct["error_404"].as_array().unwrap() {
        assert_eq!(refused["class"], "NotFoundError");
    }
    assert_eq!(direct["error_429"]["retry_after"], "7");
    assert_eq!(direct["keep_alive"]["connections"], 1);
}

#[track_caller]
fn check_streams(direct: &Value) {
    assert!(direct["stream"].as_array().unwrap().len() > 10);
    let last = direct["stream_with_usage"].as_array().unwrap().last().unwrap();
    assert_eq!(last["usage"]["total_tokens"], 21);
    for case in ["truncated_stream", "timeout_in_a_stream", "abort_after_the_first_token"] {
        assert_eq!(direct[case]["chunks"].as_array().unwrap().len(), 3, "{case}");
    }
    assert_eq!(direct["abort_before_the_first_token"]["done"], 0);
}

#[track_caller]
fn check_retries(direct: &Value) {
    for case in ["retries_after_429", "retries_after_503", "retries_after_a_closed_connection"] {
        assert_eq!(direct[case]["waited"], true, "{case}");
        let heard = direct[case]["object"]["heard"]["headers"].as_array().unwrap();
        assert!(heard.contains(&"x-stainless-retry-count: 2".into()), "{case}: {heard:?}");
    }
}
