//! What a reply says, piece by piece, in no dialect's words: what every reader of a reply makes, and
//! every writer of one takes.

use crate::{
    failure::{Class, Failure},
    tokens,
};
use exchange::{FinishReason, Reply, ToolCall, Usage, UsageSource};
use std::collections::BTreeMap;

/// No reply calls more tools than this.
pub(crate) const CALLS_MAX: usize = 1 << 16;

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Delta {
    /// Who answers; several may say so, and the first counts.
    Begin { id: Option<String>, model: Option<String> },
    /// The model thinks: what it thinks is not the answer, but it has begun.
    Thinks,
    /// More of the text.
    Text(String),
    /// More of a refusal in the model's own words.
    Refusal(String),
    /// A tool call begins, or says more of itself: id and name come whole, the first counts.
    Call { at: u64, id: Option<String>, name: Option<String> },
    /// More of a tool call's arguments.
    Arguments { at: u64, text: String },
    /// What was used so far: the last counts. It is an estimate as long as its provider has more to count.
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

impl Called {
    /// Id and name come whole; some providers repeat them, and the first count.
    pub(crate) fn name(&mut self, id: Option<String>, name: Option<String>) {
        self.id = self.id.take().or(id);
        if self.name.is_empty() {
            self.name = name.unwrap_or_default();
        }
    }
}

/// Takes the pieces as they come.
pub(crate) type Each<'e> = &'e mut dyn FnMut(Delta);

/// Sees how a reply ends: one that stops for a reason that is neither the model's nor a policy's is an error,
/// whatever its status, and whatever was said by then.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    is_odd: bool,
}

impl Ending {
    pub(crate) fn take(&mut self, delta: Delta, each: Each<'_>) {
        match &delta {
            Delta::Finish(reason) => self.is_odd = *reason == FinishReason::Other,
            Delta::End if self.is_odd => each(Delta::Error(Failure::odd())),
            Delta::Begin { .. }
            | Delta::Thinks
            | Delta::Text(_)
            | Delta::Refusal(_)
            | Delta::Call { .. }
            | Delta::Arguments { .. }
            | Delta::Usage(_)
            | Delta::Error(_)
            | Delta::Hole
            | Delta::Lost
            | Delta::End => {}
        }
        each(delta);
    }
}

/// A reply in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) text: String,
    pub(crate) refusal: String,
    pub(crate) calls: BTreeMap<u64, Called>,
    pub(crate) finish_reason: Option<FinishReason>,
    pub(crate) usage: Option<Usage>,
    pub(crate) error: Option<Failure>,
    ended: bool,
    has_hole: bool,
}

/// A tool call in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Called {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl Draft {
    /// What comes behind the end is not part of the reply.
    pub(crate) fn take(&mut self, delta: Delta) {
        if self.ended && delta != Delta::Lost {
            return;
        }
        match delta {
            Delta::Begin { id, model } => {
                self.id = self.id.take().or(id);
                self.model = self.model.take().or(model);
            }
            Delta::Thinks => {}
            Delta::Text(text) => self.text.push_str(&text),
            Delta::Refusal(text) => self.refusal.push_str(&text),
            Delta::Call { at, id, name } => self.calls.entry(at).or_default().name(id, name),
            Delta::Arguments { at, text } => {
                self.calls.entry(at).or_default().arguments.push_str(&text);
            }
            Delta::Usage(usage) => self.usage = Some(usage),
            Delta::Finish(reason) => self.finish_reason = Some(reason),
            Delta::Error(failure) => {
                if self.error.is_none() && failure.class == Class::Blocked {
                    self.finish_reason = Some(FinishReason::ContentFilter);
                }
                self.error.get_or_insert(failure);
            }
            Delta::Hole | Delta::Lost => self.has_hole = true,
            Delta::End => self.ended = true,
        }
    }

    /// Whether the error that was reported is a content policy's word.
    pub(crate) fn is_blocked(&self) -> bool {
        self.error.as_ref().is_some_and(|failure| failure.class == Class::Blocked)
    }

    /// The calls that were named: others cannot be made.
    pub(crate) fn named_calls(&self) -> impl Iterator<Item = &Called> {
        self.calls.values().filter(|call| !call.name.is_empty())
    }

    pub(crate) fn finish(self) -> Reply {
        let whole = self.ended && !self.has_hole && self.error.is_none();
        let nonempty = |text: String| (!text.is_empty()).then_some(text);
        let named = self.calls.into_values().filter(|call| !call.name.is_empty());
        let mut reply = Reply {
            model: self.model,
            text: nonempty(self.text),
            tool_calls: named
                .map(|call| ToolCall { name: call.name, arguments: call.arguments })
                .collect(),
            finish_reason: self.finish_reason,
            refusal: nonempty(self.refusal),
            usage: self.usage,
            complete: whole && self.finish_reason.is_some(),
            error: self.error.map(|failure| failure.line()),
        };
        if let Some(usage) = reply.usage.filter(|usage| usage.source == UsageSource::Estimated) {
            // What was counted before the end is the least that it can be.
            let output_tokens = usage.output_tokens.max(tokens::of_reply(&reply));
            reply.usage = Some(Usage { output_tokens, ..usage });
        }
        reply
    }
}
