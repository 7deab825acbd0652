use crate::{
    digest,
    score::Kind,
    scorers::{
        Check, absolute, agreement, contains, exact, expected, json_equal, json_schema, normalised,
        not_refusal, not_truncated, number_equal, regex, tool_calls_equal, valid_json,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A scorer as a pipeline sets it: `{ kind = "regex", pattern = "^yes$" }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ScorerSpec {
    /// The reply says what the call's metadata says it should.
    Expected(expected::Config),
    /// A pattern matches the text, or does not.
    Regex(regex::Config),
    /// Phrases that the text must or must not contain.
    Contains(contains::Config),
    /// The text is JSON.
    ValidJson(valid_json::Config),
    /// The text is JSON that satisfies a schema.
    JsonSchema(json_schema::Config),
    /// The model did not refuse.
    NotRefusal(not_refusal::Config),
    /// The reply is whole.
    NotTruncated(not_truncated::Config),
    /// The same text and tool calls as the reference's.
    Exact(exact::Config),
    /// The same but for case, spacing and the marks around it.
    Normalised(normalised::Config),
    /// The same JSON as the reference's.
    JsonEqual(json_equal::Config),
    /// The same tools called with the same arguments.
    ToolCallsEqual(tool_calls_equal::Config),
    /// The same last number.
    NumberEqual(number_equal::Config),
}

/// What a scorer needs beside the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nature {
    /// Nothing: the reply is good or bad by itself.
    Absolute,
    /// The reference's reply: the two agree or differ. It gates only against a noise floor, because
    /// one sample of the reference is no truth.
    Agreement,
}

impl ScorerSpec {
    /// The scorer's name: its kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.traits().name
    }

    /// What it needs beside the reply.
    #[must_use]
    pub fn nature(&self) -> Nature {
        self.traits().nature
    }

    /// Digest of what the scorer is set to and of the version of its code.
    #[must_use]
    pub fn digest(&self) -> String {
        // A spec is plain data with text keys, which always has a JSON form.
        let spec = serde_json::to_value(self).unwrap_or_default();
        digest::of_json(&json!({"spec": spec, "version": self.traits().version}))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.traits().kind
    }

    pub(crate) fn compile(&self) -> Result<Check, String> {
        Ok(match self {
            Self::Expected(config) => absolute(expected::compile(config)?),
            Self::Regex(config) => absolute(regex::compile(config)?),
            Self::Contains(config) => absolute(contains::compile(config)?),
            Self::ValidJson(config) => absolute(valid_json::compile(config)?),
            Self::JsonSchema(config) => absolute(json_schema::compile(config)?),
            Self::NotRefusal(config) => absolute(not_refusal::compile(config)?),
            Self::NotTruncated(config) => absolute(not_truncated::compile(config)?),
            Self::Exact(config) => agreement(exact::compile(config)?),
            Self::Normalised(config) => agreement(normalised::compile(config)?),
            Self::JsonEqual(config) => agreement(json_equal::compile(config)?),
            Self::ToolCallsEqual(config) => agreement(tool_calls_equal::compile(config)?),
            Self::NumberEqual(config) => agreement(number_equal::compile(config)?),
        })
    }

    /// The one table of the scorers.
    fn traits(&self) -> Traits {
        use Kind::{Rule, Schema};
        use Nature::{Absolute, Agreement};
        let row = |name, nature, kind, version| Traits { name, nature, kind, version };
        match self {
            Self::Expected(_) => row("expected", Absolute, Rule, expected::VERSION),
            Self::Regex(_) => row("regex", Absolute, Rule, regex::VERSION),
            Self::Contains(_) => row("contains", Absolute, Rule, contains::VERSION),
            Self::ValidJson(_) => row("valid_json", Absolute, Schema, valid_json::VERSION),
            Self::JsonSchema(_) => row("json_schema", Absolute, Schema, json_schema::VERSION),
            Self::NotRefusal(_) => row("not_refusal", Absolute, Rule, not_refusal::VERSION),
            Self::NotTruncated(_) => row("not_truncated", Absolute, Rule, not_truncated::VERSION),
            Self::Exact(_) => row("exact", Agreement, Rule, exact::VERSION),
            Self::Normalised(_) => row("normalised", Agreement, Rule, normalised::VERSION),
            Self::JsonEqual(_) => row("json_equal", Agreement, Rule, json_equal::VERSION),
            Self::ToolCallsEqual(_) => {
                row("tool_calls_equal", Agreement, Rule, tool_calls_equal::VERSION)
            }
            Self::NumberEqual(_) => row("number_equal", Agreement, Rule, number_equal::VERSION),
        }
    }
}

struct Traits {
    name: &'static str,
    nature: Nature,
    kind: Kind,
    version: u32,
}
