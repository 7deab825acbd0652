use crate::{
    digest,
    score::Kind,
    scorers::{
        Check, absolute, agreement, code_parses, contains, cost, edit_similarity, exact, expected,
        forbidden, json_equal, json_fields, json_schema, language, latency, length, length_ratio,
        limit, list_f1, normalised, not_refusal, not_truncated, number_equal, regex, rouge_l,
        set_f1, tool_arguments, tool_calls_equal, valid_json,
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
    /// Nothing that the text must not hold: words, patterns, what is often leaked.
    Forbidden(forbidden::Config),
    /// The text is neither too short nor too long.
    Length(length::Config),
    /// The text is in the language that was asked for.
    Language(language::Config),
    /// The text's code is of a language.
    CodeParses(code_parses::Config),
    /// The text is JSON.
    ValidJson(valid_json::Config),
    /// The text is JSON that satisfies a schema.
    JsonSchema(json_schema::Config),
    /// Tools that are called are offered, and their arguments satisfy their schemas.
    ToolArguments(tool_arguments::Config),
    /// The model did not refuse.
    NotRefusal(not_refusal::Config),
    /// The reply is whole.
    NotTruncated(not_truncated::Config),
    /// The reply took no longer than it may.
    Latency(latency::Config),
    /// The reply cost no more than it may.
    Cost(cost::Config),
    /// The same text and tool calls as the reference's.
    Exact(exact::Config),
    /// The same but for case, spacing and the marks around it.
    Normalised(normalised::Config),
    /// The same last number, within a tolerance.
    NumberEqual(number_equal::Config),
    /// How much of two sets is common.
    SetF1(set_f1::Config),
    /// How much of two lists is common and in order.
    ListF1(list_f1::Config),
    /// The same JSON as the reference's.
    JsonEqual(json_equal::Config),
    /// The same fields of JSON, each with its tolerance and weight.
    JsonFields(json_fields::Config),
    /// The same tools called with the same arguments.
    ToolCallsEqual(tool_calls_equal::Config),
    /// How many words are common, in order.
    RougeL(rouge_l::Config),
    /// How little must be edited to make the reference's text.
    EditSimilarity(edit_similarity::Config),
    /// About as long as the reference's.
    LengthRatio(length_ratio::Config),
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

/// Leaves a setting that came later out of a definition that does not use it, so that the digests
/// of older definitions stay.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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

    /// What it goes by.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.traits().kind
    }

    /// Digest of what the scorer is set to and of the version of its code.
    #[must_use]
    pub fn digest(&self) -> String {
        // A spec is plain data with text keys, which always has a JSON form.
        let spec = serde_json::to_value(self).unwrap_or_default();
        let mut definition = json!({"spec": spec, "version": self.traits().version});
        if let Self::Expected(expected::Config { how: expected::How::Like(inner), .. }) = self {
            definition["like"] = json!(inner.digest());
        }
        digest::of_json(&definition)
    }

    pub(crate) fn compile(&self) -> Result<Check, String> {
        Ok(match self {
            Self::Expected(config) => absolute(expected::compile(config)?),
            Self::Regex(config) => absolute(regex::compile(config)?),
            Self::Contains(config) => absolute(contains::compile(config)?),
            Self::Forbidden(config) => absolute(forbidden::compile(config)?),
            Self::Length(config) => absolute(length::compile(config)?),
            Self::Language(config) => absolute(language::compile(config)?),
            Self::CodeParses(config) => absolute(code_parses::compile(config)?),
            Self::ValidJson(config) => absolute(valid_json::compile(config)?),
            Self::JsonSchema(config) => absolute(json_schema::compile(config)?),
            Self::ToolArguments(config) => absolute(tool_arguments::compile(config)?),
            Self::NotRefusal(config) => absolute(not_refusal::compile(config)?),
            Self::NotTruncated(config) => absolute(not_truncated::compile(config)?),
            Self::Latency(config) => limit(latency::compile(config)?),
            Self::Cost(config) => limit(cost::compile(config)?),
            Self::Exact(config) => agreement(exact::compile(config)?),
            Self::Normalised(config) => agreement(normalised::compile(config)?),
            Self::NumberEqual(config) => agreement(number_equal::compile(config)?),
            Self::SetF1(config) => agreement(set_f1::compile(config)?),
            Self::ListF1(config) => agreement(list_f1::compile(config)?),
            Self::JsonEqual(config) => agreement(json_equal::compile(config)?),
            Self::JsonFields(config) => agreement(json_fields::compile(config)?),
            Self::ToolCallsEqual(config) => agreement(tool_calls_equal::compile(config)?),
            Self::RougeL(config) => agreement(rouge_l::compile(config)?),
            Self::EditSimilarity(config) => agreement(edit_similarity::compile(config)?),
            Self::LengthRatio(config) => agreement(length_ratio::compile(config)?),
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
            Self::Forbidden(_) => row("forbidden", Absolute, Rule, forbidden::VERSION),
            Self::Length(_) => row("length", Absolute, Rule, length::VERSION),
            Self::Language(_) => row("language", Absolute, Rule, language::VERSION),
            Self::CodeParses(_) => row("code_parses", Absolute, Schema, code_parses::VERSION),
            Self::ValidJson(_) => row("valid_json", Absolute, Schema, valid_json::VERSION),
            Self::JsonSchema(_) => row("json_schema", Absolute, Schema, json_schema::VERSION),
            Self::ToolArguments(_) => {
                row("tool_arguments", Absolute, Schema, tool_arguments::VERSION)
            }
            Self::NotRefusal(_) => row("not_refusal", Absolute, Rule, not_refusal::VERSION),
            Self::NotTruncated(_) => row("not_truncated", Absolute, Rule, not_truncated::VERSION),
            Self::Latency(_) => row("latency", Absolute, Rule, latency::VERSION),
            Self::Cost(_) => row("cost", Absolute, Rule, cost::VERSION),
            Self::Exact(_) => row("exact", Agreement, Rule, exact::VERSION),
            Self::Normalised(_) => row("normalised", Agreement, Rule, normalised::VERSION),
            Self::NumberEqual(_) => row("number_equal", Agreement, Rule, number_equal::VERSION),
            Self::SetF1(_) => row("set_f1", Agreement, Rule, set_f1::VERSION),
            Self::ListF1(_) => row("list_f1", Agreement, Rule, list_f1::VERSION),
            Self::JsonEqual(_) => row("json_equal", Agreement, Rule, json_equal::VERSION),
            Self::JsonFields(_) => row("json_fields", Agreement, Rule, json_fields::VERSION),
            Self::ToolCallsEqual(_) => {
                row("tool_calls_equal", Agreement, Rule, tool_calls_equal::VERSION)
            }
            Self::RougeL(_) => row("rouge_l", Agreement, Rule, rouge_l::VERSION),
            Self::EditSimilarity(_) => {
                row("edit_similarity", Agreement, Rule, edit_similarity::VERSION)
            }
            Self::LengthRatio(_) => row("length_ratio", Agreement, Rule, length_ratio::VERSION),
        }
    }
}

struct Traits {
    name: &'static str,
    nature: Nature,
    kind: Kind,
    version: u32,
}
