//! What a provider of the OpenAI dialect writes: completions, chunks, models, errors.

use super::answers::Said;
use exchange::{ToolCall, Usage, UsageSource};
use serde_json::{Value, json};

/// When every simulated reply says it was made: a provider without a clock keeps runs identical.
const CREATED_S: u64 = 1_767_225_600;
/// A streamed piece is about so long.
const PIECE_BYTES: usize = 24;
/// A message costs so many tokens beside its text.
const MESSAGE_TOKENS: u64 = 4;

/// What a reply is written from.
pub(crate) struct Completion<'a> {
    pub(crate) id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) said: &'a Said,
    pub(crate) usage: Usage,
}

/// Tokens of a text: four bytes each. A provider's count need not be anybody's tokenizer's.
fn tokens(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// What `body` and the answer use. Everything before the last message counts as cached where the
/// call carries a history, as it would be on its second turn.
pub(crate) fn usage(body: &Value, said: &Said) -> Usage {
    let messages = body.get("messages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let cost = |message: &Value| {
        MESSAGE_TOKENS + message.get("content").and_then(Value::as_str).map_or(0, tokens)
    };
    let offered = ["tools", "response_format"]
        .iter()
        .filter_map(|field| body.get(field))
        .map(|field| tokens(&field.to_string()))
        .sum::<u64>();
    let turns = messages.iter().map(cost).collect::<Vec<_>>();
    let history = messages.iter().any(|message| message["role"] == "assistant");
    let all = turns.iter().sum::<u64>();
    Usage {
        input_tokens: all + offered,
        cached_tokens: if history { all - turns.last().copied().unwrap_or(0) } else { 0 },
        cache_write_tokens: 0,
        output_tokens: match said {
            Said::Text(text) => tokens(text),
            Said::Tools(calls) => {
                calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments)).sum()
            }
        },
        reasoning_tokens: 0,
        source: UsageSource::Reported,
    }
}

impl Completion<'_> {
    /// The unstreamed reply.
    pub(crate) fn json(&self) -> Value {
        let message = match self.said {
            Said::Text(text) => json!({"role": "assistant", "content": text, "refusal": null}),
            Said::Tools(calls) => {
                let calls = calls.iter().enumerate().map(|(index, call)| self.tool(index, call));
                let calls = calls.collect::<Vec<_>>();
                json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls})
            }
        };
        json!({
            "id": self.id, "object": "chat.completion", "created": CREATED_S, "model": self.model,
            "choices": [{
                "index": 0, "message": message, "logprobs": null, "finish_reason": self.finish(),
            }],
            "usage": usage_json(&self.usage),
            "service_tier": "default", "system_fingerprint": "fp_simulated",
        })
    }

    /// The streamed reply, event by event.
    pub(crate) fn events(&self, include_usage: bool) -> Vec<String> {
        let mut deltas = vec![json!({"role": "assistant", "content": "", "refusal": null})];
        match self.said {
            Said::Text(text) => {
                deltas.extend(split(text).map(|piece| json!({"content": piece})));
            }
            Said::Tools(calls) => {
                deltas[0]["content"] = Value::Null;
                for (index, call) in calls.iter().enumerate() {
                    deltas.extend(self.fragments(index, call));
                }
            }
        }
        let end =
            json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": self.finish()}]);
        let chunks = deltas.into_iter().map(
            |delta| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]),
        );
        let mut events = Vec::new();
        for choices in chunks.chain([end]) {
            let mut chunk = self.chunk(choices);
            if include_usage {
                chunk["usage"] = Value::Null;
            }
            events.push(format!("data: {chunk}\n\n"));
        }
        if include_usage {
            let mut chunk = self.chunk(json!([]));
            chunk["usage"] = usage_json(&self.usage);
            events.push(format!("data: {chunk}\n\n"));
        }
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    fn chunk(&self, choices: Value) -> Value {
        json!({
            "id": self.id, "object": "chat.completion.chunk", "created": CREATED_S,
            "model": self.model, "service_tier": "default",
            "system_fingerprint": "fp_simulated", "choices": choices,
        })
    }

    fn tool(&self, index: usize, call: &ToolCall) -> Value {
        json!({
            "id": self.tool_id(index), "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        })
    }

    /// The call's name first, then its arguments bit by bit, as providers do.
    fn fragments(&self, index: usize, call: &ToolCall) -> Vec<Value> {
        let mut first = self.tool(index, &ToolCall { arguments: String::new(), ..call.clone() });
        first["index"] = json!(index);
        let rest = split(&call.arguments)
            .map(|piece| json!({"index": index, "function": {"arguments": piece}}));
        [first].into_iter().chain(rest).map(|part| json!({"tool_calls": [part]})).collect()
    }

    fn tool_id(&self, index: usize) -> String {
        format!("call_{}{index}", self.id.trim_start_matches("chatcmpl-"))
    }

    fn finish(&self) -> &'static str {
        match self.said {
            Said::Text(_) => "stop",
            Said::Tools(_) => "tool_calls",
        }
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES.min(rest.len())));
        rest = tail;
        Some(piece)
    })
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}

/// The list of models.
pub(crate) fn models<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let models = names.map(|name| {
        json!({"id": name, "object": "model", "created": CREATED_S, "owned_by": "simulated"})
    });
    json!({"object": "list", "data": models.collect::<Vec<_>>()})
}

/// An error body: what went wrong, its type, and its code where it has one.
pub(crate) fn error(message: &str, kind: &str, code: Option<&str>) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}
