use crate::body::Body;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Header fields in the order in which they arrived, duplicates kept.
///
/// Names are lower case. A value is the wire's bytes read as Latin-1, so that 8-bit values survive
/// the JSON header of the wire form without loss.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The first value of `name` (lower case).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A call as it went over the wire: what the proxy forwards, untouched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawCall {
    /// The HTTP method.
    pub method: String,
    /// Path and query below the provider's name: `/v1/chat/completions`.
    pub path: String,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// What a dialect read in a [`RawCall`]: the fields that decisions need, and no others.
///
/// A field that the dialect did not find is `None`, empty or zero turns, never a guess.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Call {
    /// The dialect's name for what was called: `chat.completions`; `opaque` if not understood.
    pub endpoint: String,
    /// The model that the client asked for.
    pub model: Option<String>,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The text of the system or developer messages, joined by newlines.
    pub system: Option<String>,
    /// The text of the first user message.
    pub first_user: Option<String>,
    /// The text of every message, role by role, as a judge or a person would read it.
    pub transcript: Vec<(String, String)>,
    /// How many assistant turns the call carries: its history.
    pub assistant_turns: u32,
    /// Names of the tools that are offered.
    pub tools: Vec<String>,
    /// The JSON Schema of each offered tool's arguments, by the tool's name, where the call carries
    /// one.
    pub tool_schemas: BTreeMap<String, serde_json::Value>,
    /// The kind of structured output that was asked for: `json_object`, `json_schema`.
    pub response_format: Option<String>,
    /// The JSON Schema that the reply must satisfy, where the call carries one.
    pub response_schema: Option<serde_json::Value>,
    /// Names of the parameters that the call sets, in the dialect's words.
    pub parameters: Vec<String>,
    /// Kinds of content beside text, once each: `image`, `audio`, `file`.
    pub media: Vec<String>,
    /// The most tokens that the reply may have, where the call says so.
    pub output_tokens_max: Option<u64>,
    /// The call's own metadata.
    pub metadata: BTreeMap<String, String>,
    /// The dialect's id of a conversation, thread or session.
    pub conversation: Option<String>,
    /// The dialect's id of the end user.
    pub user: Option<String>,
    /// What is part of the prompt beside the messages, as JSON text: tools, functions, the form of
    /// the output.
    pub offers: Vec<String>,
    /// Why this call cannot be replayed honestly; empty if it can.
    pub unreplayable: Vec<String>,
}

/// One call of a tool, as a model asked for it. It is compared, never executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them (JSON text, perhaps broken).
    pub arguments: String,
}
