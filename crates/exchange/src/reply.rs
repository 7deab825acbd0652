use crate::{
    body::Body,
    call::{Headers, ToolCall},
    usage::Usage,
};
use serde::{Deserialize, Serialize};

/// A reply as it went over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawReply {
    /// The HTTP status; 0 where none arrived.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// What a dialect read in a [`RawReply`], streamed or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The model that says it answered.
    pub model: Option<String>,
    /// The text of the first choice; `None` where the reply carries none.
    pub text: Option<String>,
    /// The tool calls of the first choice, in order.
    pub tool_calls: Vec<ToolCall>,
    /// Why the model stopped.
    pub finish_reason: Option<FinishReason>,
    /// The model's own words of refusal, where the dialect has a place for them.
    pub refusal: Option<String>,
    /// What was used, where the reply says so.
    pub usage: Option<Usage>,
    /// The error that the provider reported, in an error body or in the middle of a stream.
    pub error: Option<String>,
    /// Whether the reply ended as the dialect says it must (a stream without its end did not).
    pub complete: bool,
}

impl Reply {
    /// Whose content policy stopped the reply, where one did: an outcome of its own, which is neither
    /// an answer to the call nor a failure to reply.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        if self.finish_reason == Some(FinishReason::ContentFilter) {
            return Some(Block::Filter);
        }
        self.refusal.is_some().then_some(Block::Refusal)
    }
}

/// Whose content policy stopped a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// The provider's, before or in the middle of the reply.
    Filter,
    /// The model's, in its own words.
    Refusal,
}

impl Block {
    /// The block's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Refusal => "refusal",
        }
    }
}

/// Why a model stopped, in the field's common words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said all.
    Stop,
    /// The token limit cut it.
    Length,
    /// It wants tools to be called.
    ToolCalls,
    /// The provider's content policy cut it.
    ContentFilter,
    /// Something else.
    Other,
}

impl FinishReason {
    /// The reason's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other => "other",
        }
    }
}
