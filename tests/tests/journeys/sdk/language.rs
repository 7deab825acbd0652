//! The official SDKs: what runs their cases, and what each must have come to at the provider.

use super::{CALLER_SECRET, chat, simulated};
use crate::{command::Said, node::node, python::python};
use serde_json::Value;

/// The case that comes to something else through Foreshadow.
pub(crate) const CONNECTION_ERROR: &str = "connection_error";

/// The SDK of one language for one dialect. The cases of one name do the same in each.
pub(crate) struct Sdk {
    /// Runs a script with arguments.
    run: fn(&str, &[&str]) -> Said,
    cases: &'static str,
    first_chunk: &'static str,
    /// What its base URL has behind the provider's.
    base_path: &'static str,
    /// What it raises in a case.
    classes: &'static [&'static [(&'static str, &'static str)]],
    /// Fewer cases than these would not be the journey.
    cases_min: usize,
    /// So that "the same" is not said of two empty things.
    check: fn(&Value),
    /// The one difference: where a provider ends the connection without a reply, Foreshadow has a
    /// connection to answer on, and says whose failure it was.
    pub(crate) check_connection_error: fn(&Value),
    /// The calls that each run of the cases gives up with the provider still at it, by model.
    pub(crate) abandoned: &'static [(&'static str, u32)],
}

pub(crate) const PYTHON: Sdk = Sdk {
    run: python,
    cases: "sdk.py",
    first_chunk: "sdk_first_chunk.py",
    base_path: "/v1",
    classes: &[
        &chat::CLASSES,
        &[
            ("structured_output_that_does_not_fit", "ValidationError"),
            ("garbage", "JSONDecodeError"),
            ("truncated_stream", "APIConnectionError"),
            ("timeout", "APITimeoutError"),
            ("timeout_in_a_stream", "APITimeoutError"),
            ("abort_before_the_first_token", "CancelledError"),
        ],
    ],
    cases_min: 50,
    check: chat::check,
    check_connection_error: chat::check_connection_error,
    abandoned: &chat::ABANDONED,
};

pub(crate) const NODE: Sdk = Sdk {
    run: node,
    cases: "sdk.cjs",
    first_chunk: "sdk_first_chunk.cjs",
    // A stream that is aborted ends without an error.
    classes: &[
        &chat::CLASSES,
        &[
            ("structured_output_that_does_not_fit", "ZodError"),
            ("garbage", "SyntaxError"),
            ("truncated_stream", "TypeError"),
            ("timeout", "APIConnectionTimeoutError"),
        ],
    ],
    ..PYTHON
};

pub(crate) const RESPONSES_PYTHON: Sdk = Sdk {
    cases: "sdk/responses.py",
    first_chunk: "sdk/responses.py",
    base_path: "",
    classes: &[
        &simulated::OPENAI_CLASSES,
        &[
            ("structured_output_that_does_not_fit", "ValidationError"),
            ("garbage", "JSONDecodeError"),
            ("truncated_stream", "APIConnectionError"),
            ("timeout", "APITimeoutError"),
            ("timeout_in_a_stream", "APITimeoutError"),
            ("abort_before_the_first_token", "CancelledError"),
        ],
    ],
    cases_min: 38,
    check: simulated::check_responses,
    abandoned: &simulated::ABANDONED,
    ..PYTHON
};

pub(crate) const RESPONSES_NODE: Sdk = Sdk {
    run: node,
    cases: "sdk/responses.cjs",
    first_chunk: "sdk/responses.cjs",
    classes: &[
        &simulated::OPENAI_CLASSES,
        &[
            ("structured_output_that_does_not_fit", "SyntaxError"),
            ("garbage", "SyntaxError"),
            ("truncated_stream", "TypeError"),
            ("timeout", "APIConnectionTimeoutError"),
        ],
    ],
    ..RESPONSES_PYTHON
};

/// Chat Completions at the testkit's provider, which is strict; [`PYTHON`] has cases of its own.
pub(crate) const CHAT_PYTHON: Sdk = Sdk {
    cases: "sdk/chat.py",
    first_chunk: "sdk/chat.py",
    classes: &[
        &simulated::OPENAI_CLASSES,
        &[
            ("structured_output_that_does_not_fit", "ValidationError"),
            ("garbage", "JSONDecodeError"),
            ("error_in_a_stream", "APIError"),
            ("truncated_stream", "APIConnectionError"),
            ("timeout", "APITimeoutError"),
            ("timeout_in_a_stream", "APITimeoutError"),
            ("abort_before_the_first_token", "CancelledError"),
        ],
    ],
    check: simulated::check_chat,
    ..RESPONSES_PYTHON
};

pub(crate) const CHAT_NODE: Sdk = Sdk {
    cases: "sdk/chat.cjs",
    first_chunk: "sdk/chat.cjs",
    classes: RESPONSES_NODE.classes,
    run: node,
    ..CHAT_PYTHON
};

pub(crate) const ANTHROPIC_PYTHON: Sdk = Sdk {
    cases: "sdk/messages.py",
    first_chunk: "sdk/messages.py",
    classes: &[
        &simulated::ANTHROPIC_CLASSES,
        &[
            ("structured_output_that_does_not_fit", "ValidationError"),
            ("garbage", "JSONDecodeError"),
            ("error_in_a_stream", "APIStatusError"),
            ("truncated_stream", "RemoteProtocolError"),
            ("timeout", "APITimeoutError"),
            ("timeout_in_a_stream", "ReadTimeout"),
            ("abort_before_the_first_token", "CancelledError"),
        ],
    ],
    cases_min: 45,
    check: simulated::check_messages,
    check_connection_error: simulated::check_anthropic_connection_error,
    ..RESPONSES_PYTHON
};

pub(crate) const ANTHROPIC_NODE: Sdk = Sdk {
    run: node,
    cases: "sdk/messages.cjs",
    first_chunk: "sdk/messages.cjs",
    classes: &[
        &simulated::ANTHROPIC_CLASSES,
        &[
            ("structured_output_that_does_not_fit", "AnthropicError"),
            ("error_in_a_stream", "APIError"),
            ("garbage", "SyntaxError"),
            ("truncated_stream", "TypeError"),
            ("timeout", "APIConnectionTimeoutError"),
        ],
    ],
    ..ANTHROPIC_PYTHON
};

pub(crate) const GEMINI_PYTHON: Sdk = Sdk {
    cases: "sdk/generate.py",
    first_chunk: "sdk/generate.py",
    classes: &[&simulated::GEMINI_CLASSES],
    cases_min: 40,
    check: simulated::check_generate,
    check_connection_error: simulated::check_gemini_connection_error,
    abandoned: &simulated::GEMINI_ABANDONED,
    ..RESPONSES_PYTHON
};

impl Sdk {
    /// What each case came to, by name.
    #[track_caller]
    pub(crate) fn cases(&self, base_url: &str) -> Value {
        self.come_to("cases", base_url, &[])
    }

    /// What those cases came to.
    #[track_caller]
    pub(crate) fn some_cases(&self, base_url: &str, names: &[&str]) -> Value {
        self.come_to("cases", base_url, names)
    }

    /// Asks each model, whole and streamed.
    #[track_caller]
    pub(crate) fn warm(&self, base_url: &str, models: &[&str]) {
        self.come_to("warm", base_url, models);
    }

    #[track_caller]
    fn come_to(&self, verb: &str, base_url: &str, names: &[&str]) -> Value {
        let url = format!("{base_url}{}", self.base_path);
        let args = [&[verb, &url, CALLER_SECRET], names].concat();
        serde_json::from_str(&(self.run)(self.cases, &args).done()).unwrap()
    }

    /// By how much the second provider's first chunk came later than the first one's, by pair.
    #[track_caller]
    pub(crate) fn first_chunks_later_ms(
        &self,
        pairs: usize,
        first: &str,
        second: &str,
    ) -> Vec<f64> {
        let urls = [first, second].map(|url| format!("{url}{}", self.base_path));
        let args = ["first-chunk", CALLER_SECRET, &pairs.to_string(), &urls[0], &urls[1]];
        serde_json::from_str(&(self.run)(self.first_chunk, &args).done()).unwrap()
    }

    /// So that "the same" is not said of two empty things.
    #[track_caller]
    pub(crate) fn check_reached(&self, direct: &Value) {
        assert!(direct.as_object().unwrap().len() >= self.cases_min);
        for (case, class) in self.classes.iter().copied().flatten() {
            let said = &direct[case];
            let failure = said.get("failure").unwrap_or(said);
            let first = failure.get(0).unwrap_or(failure);
            assert_eq!(first["class"], *class, "{case}: {said}");
        }
        (self.check)(direct);
    }
}
