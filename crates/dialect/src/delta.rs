//! What a reply says, piece by piece, in no dialect's words: what every reader of a reply makes, and
//! every writer of one takes.

use crate::failure::Failure;
use exchange::{FinishReason, Reply, ToolCall, Usage};
use std::collections::BTreeMap;

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delta {
    /// Who answers; several may say so, and the first counts.
    Begin { id: Option<String>, model: Option<String> },
    /// More of the text.
    Text(String),
    /// More of a refusal in the model's own words.
    Refusal(String),
    /// A tool call begins, or says more of itself: id and name come whole, the first counts.
    Call { at: u64, id: Option<String>, name: Option<String> },
    /// More of a tool call's arguments.
    Arguments { at: u64, text: String },
    /// What was used so far: the last counts.
    Usage(Usage),
    /// Why the model stopped: the last counts.
    Finish(FinishReason),
    /// The provider reported an error: the first counts.
    Error(Failure),
    /// Something that could not be read.
    Hole,
    /// Something was too long to be read, perhaps before the end.
    Lost,
    /// The reply has ended as its dialect says it must.
    End,
}

/// Takes the pieces as they come.
pub(crate) type Each<'e> = &'e mut dyn FnMut(Delta);

/// A reply in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    model: Option<String>,
    text: String,
    refusal: String,
    calls: BTreeMap<u64, ToolCall>,
    finish_reason: Option<FinishReason>,
    usage: Option<Usage>,
    error: Option<String>,
    ended: bool,
    has_hole: bool,
}

impl Draft {
    /// What comes behind the end is not part of the reply.
    pub(crate) fn take(&mut self, delta: Delta) {
        if self.ended && delta != Delta::Lost {
            return;
        }
        match delta {
            Delta::Begin { model, .. } => {
                if self.model.is_none() {
                    self.model = model;
                }
            }
            Delta::Text(text) => self.text.push_str(&text),
            Delta::Refusal(text) => self.refusal.push_str(&text),
            Delta::Call { at, name, .. } => {
                let call = self.call(at);
                if let Some(name) = name.filter(|_| call.name.is_empty()) {
                    call.name = name;
                }
            }
            Delta::Arguments { at, text } => self.call(at).arguments.push_str(&text),
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => {
                if self.error.is_none() {
                    self.error = Some(failure.line());
                }
            }
            Delta::Hole | Delta::Lost => self.has_hole = true,
            Delta::End => self.ended = true,
        }
    }

    fn call(&mut self, at: u64) -> &mut ToolCall {
        let empty = || ToolCall { name: String::new(), arguments: String::new() };
        self.calls.entry(at).or_insert_with(empty)
    }

    pub(crate) fn finish(self) -> Reply {
        let whole = self.ended && !self.has_hole && self.error.is_none();
        let nonempty = |text: String| (!text.is_empty()).then_some(text);
        Reply {
            model: self.model,
            text: nonempty(self.text),
            tool_calls: self.calls.into_values().filter(|call| !call.name.is_empty()).collect(),
            finish_reason: self.finish_reason,
            refusal: nonempty(self.refusal),
            usage: self.usage,
            complete: whole && self.finish_reason.is_some(),
            error: self.error,
        }
    }
}
