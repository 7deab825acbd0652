//! Chat Completions: what its cases must have come to at the provider.

use super::language::CONNECTION_ERROR;
use serde_json::{Value, json};

/// The calls that are given up.
pub(crate) const ABANDONED: [(&str, u32); 4] =
    [("hesitant", 1), ("long", 1), ("stuck", 1), ("silent", 1)];

/// What every SDK raises.
pub(crate) const CLASSES: [(&str, &str); 14] = [
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

#[track_caller]
pub(crate) fn check(direct: &Value) {
    check_objects(direct);
    check_streams(direct);
    check_retries(direct);
}

/// The SDKs try both again.
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
