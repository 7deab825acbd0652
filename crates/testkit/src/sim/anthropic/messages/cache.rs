//! What of a prompt Anthropic reads from a cache, and what it writes to one: up to the marks that the
//! caller sets, and nothing of itself.

use super::{block_tokens, items};
use crate::sim::question::{Cached, MESSAGE_TOKENS, tokens};
use serde_json::Value;

/// A place in the prompt behind which the caller set a mark.
struct Mark<'a> {
    /// Tokens from the start of the prompt to here.
    tokens: u64,
    ttl: &'a str,
    /// Whether the model has answered since.
    answered: bool,
}

/// The prompt up to the last mark before the model's last answer is read, because it was written on
/// that turn; from there to the last mark it is written. What stays an hour has to come first, so
/// that the marks of an hour cover the beginning.
pub(crate) fn of(body: &Value) -> Cached {
    let marks = marks(body);
    let read = marks.iter().filter(|mark| mark.answered).map(|mark| mark.tokens).max().unwrap_or(0);
    let up_to =
        |ttl: &str| marks.iter().filter(|mark| mark.ttl == ttl).map(|mark| mark.tokens).max();
    let end_1h = up_to("1h").unwrap_or(0).max(read);
    let end_5m = up_to("5m").unwrap_or(0).max(end_1h);
    Cached { read, written_5m: end_5m - end_1h, written_1h: end_1h - read }
}

fn marks(body: &Value) -> Vec<Mark<'_>> {
    let (mut marks, mut sum) = (Vec::new(), 0);
    for tool in items(&body["tools"]) {
        sum += tokens(&tool.to_string());
        marks.extend(mark(tool, sum));
    }
    for block in items(&body["system"]) {
        sum += block_tokens(block);
        marks.extend(mark(block, sum));
    }
    sum += if body["system"].is_null() { 0 } else { MESSAGE_TOKENS };
    sum += body["system"].as_str().map_or(0, tokens);
    for message in items(&body["messages"]) {
        sum += MESSAGE_TOKENS;
        if message["role"] == "assistant" {
            marks.iter_mut().for_each(|mark| mark.answered = true);
        }
        sum += message["content"].as_str().map_or(0, tokens);
        for block in items(&message["content"]) {
            sum += block_tokens(block);
            marks.extend(mark(block, sum));
        }
    }
    // One for the whole request stands at its end.
    marks.extend(mark(body, sum));
    marks
}

fn mark(block: &Value, tokens: u64) -> Option<Mark<'_>> {
    let control = block.get("cache_control").filter(|control| control.is_object())?;
    Some(Mark { tokens, ttl: control["ttl"].as_str().unwrap_or("5m"), answered: false })
}

/// The lifetimes of the marks, in the order of the prompt.
pub(crate) fn lifetimes(body: &Value) -> Vec<&str> {
    marks(body).iter().map(|mark| mark.ttl).collect()
}
