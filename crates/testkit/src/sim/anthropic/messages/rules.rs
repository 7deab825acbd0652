//! What the shape of a request for a message cannot say.

use super::{
    super::{Version, invalid, model},
    blocks, cache, counted, items, schema, tools,
};
use crate::sim::{dialect::Refusal, question::Told};
use serde_json::Value;

/// So many places may be marked for the cache.
const MARKS_MAX: usize = 4;

/// What holds for every prompt, asked or counted.
pub(crate) fn check(version: Version, body: &Value) -> Result<(), Refusal> {
    roles(body)?;
    contents(version, body)?;
    tools::check(body)?;
    marks(body)
}

/// What holds where an answer is wanted.
pub(crate) fn check_answer(version: Version, body: &Value) -> Result<(), Refusal> {
    length(body)?;
    sampling(version, body)?;
    thinking(body)?;
    thoughts(body)?;
    prefill(body)?;
    schema::check(&body["output_config"]["format"]["schema"])
}

/// Messages of one role in a row count as one, so that roles alternate by themselves; the first one
/// is the user's all the same.
fn roles(body: &Value) -> Result<(), Refusal> {
    match items(&body["messages"]).next() {
        None => Err(invalid("messages: at least one message is required")),
        Some(first) if first["role"] == "assistant" => {
            Err(invalid("messages: first message must use the \"user\" role"))
        }
        Some(_) => system_messages(body),
    }
}

/// Some models take instructions among the messages, right behind the user's.
fn system_messages(body: &Value) -> Result<(), Refusal> {
    let takes = model::takes_system_messages(body["model"].as_str().unwrap_or_default());
    let mut before = "";
    for (place, message) in items(&body["messages"]).enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role == "system" && !takes {
            return Err(invalid("role 'system' is not supported on this model"));
        }
        if role == "system" && before != "user" {
            return Err(invalid(&format!(
                "messages.{place}: role 'system' must come immediately after a 'user' message"
            )));
        }
        before = role;
    }
    Ok(())
}

fn contents(version: Version, body: &Value) -> Result<(), Refusal> {
    let last = items(&body["messages"]).count().saturating_sub(1);
    for (place, message) in items(&body["messages"]).enumerate() {
        let content = &message["content"];
        let is_last_answer = place == last && message["role"] == "assistant";
        let is_empty = content == "" || content.as_array().is_some_and(Vec::is_empty);
        if is_empty && !is_last_answer {
            return Err(invalid(&format!(
                "messages.{place}: all messages must have non-empty content except for the optional \
                 final assistant message"
            )));
        }
        let is_blank =
            |block: &Value| block["text"].as_str().is_some_and(|it| it.trim().is_empty());
        let has_words =
            blocks(content).iter().any(|block| block["type"] == "text" && !is_blank(block));
        for (at, block) in blocks(content).iter().enumerate() {
            let kind = block["type"].as_str().unwrap_or_default();
            if kind == "text" && block["text"] == "" && !is_empty {
                return Err(invalid("messages: text content blocks must be non-empty"));
            }
            // White space is taken beside words, as measured against the API.
            if kind == "text" && !is_empty && !has_words {
                return Err(invalid(
                    "messages: text content blocks must contain non-whitespace text",
                ));
            }
            if quotes(version, message, block) {
                return Err(invalid(&format!(
                    "messages.{place}.content.{at}.text.citations: Extra inputs are not permitted"
                )));
            }
            if kind == "thinking" && !is_signed(block) {
                return Err(invalid(&format!(
                    "messages.{place}.content.{at}: Invalid `signature` in `thinking` block"
                )));
            }
            let of_user = match version {
                Version::Of2023 => ["tool_result", "image", "search_result"].as_slice(),
                Version::Of2026 => &["tool_result", "image", "search_result", "document"],
            };
            let of_assistant = ["tool_use", "thinking", "redacted_thinking"].contains(&kind);
            let (wrong, right) = match message["role"].as_str() {
                Some("user") => (of_assistant, "assistant"),
                Some(_) | None => (of_user.contains(&kind), "user"),
            };
            if wrong {
                return Err(invalid(&format!(
                    "messages.{place}.content.{at}: `{kind}` blocks can only be in `{right}` messages"
                )));
            }
        }
    }
    Ok(())
}

/// What a text quotes is the assistant's to say.
fn quotes(version: Version, message: &Value, block: &Value) -> bool {
    version == Version::Of2026
        && message["role"] == "user"
        && block["type"] == "text"
        && items(&block["citations"]).next().is_some()
}

fn is_signed(block: &Value) -> bool {
    let field = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
    let thought = field("thinking");
    // A thought that was not shown is signed all the same.
    thought.is_empty() || field("signature") == Told::signature(&thought)
}

fn marks(body: &Value) -> Result<(), Refusal> {
    let lifetimes = cache::lifetimes(body);
    if lifetimes.len() > MARKS_MAX {
        return Err(invalid(&format!(
            "A maximum of {MARKS_MAX} blocks with cache_control may be provided. Found {}.",
            lifetimes.len()
        )));
    }
    let short = lifetimes.iter().position(|ttl| *ttl == "5m");
    let long = lifetimes.iter().rposition(|ttl| *ttl == "1h");
    match (short, long) {
        (Some(short), Some(long)) if short < long => Err(invalid(
            "cache_control: a ttl='1h' cache_control block must not come after a ttl='5m' \
             cache_control block. Note that blocks are processed in the following order: `tools`, \
             `system`, `messages`.",
        )),
        (_, _) => Ok(()),
    }
}

fn length(body: &Value) -> Result<(), Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let (wanted, most) = (body["max_tokens"].as_u64().unwrap_or(0), model::output_tokens_max(name));
    if wanted > most {
        return Err(invalid(&format!(
            "max_tokens: {wanted} > {most}, which is the maximum allowed number of output tokens for \
             {name}"
        )));
    }
    let (prompt, most) = (counted(body.clone()).input_tokens(), model::context_tokens_max(name));
    if prompt > most {
        return Err(invalid(&format!("prompt is too long: {prompt} tokens > {most} maximum")));
    }
    Ok(())
}

fn sampling(version: Version, body: &Value) -> Result<(), Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let given = |param: &str| body.get(param).is_some_and(|value| !value.is_null());
    let param = ["temperature", "top_p", "top_k"].into_iter().find(|param| given(param));
    match param {
        Some(param) if version == Version::Of2026 => {
            return Err(invalid(&format!("{param}: Extra inputs are not permitted")));
        }
        Some(param) if model::samples_its_own_way(name) => {
            return Err(invalid(&format!("`{param}` is deprecated for this model.")));
        }
        Some(_) | None => {}
    }
    if model::samples_one_way(name) && given("temperature") && given("top_p") {
        return Err(invalid(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ));
    }
    Ok(())
}

fn thinking(body: &Value) -> Result<(), Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let kind = body["thinking"]["type"].as_str();
    if kind == Some("enabled") && !model::takes_a_budget(name) {
        return Err(invalid(
            "\"thinking.type.enabled\" is not supported for this model. Use \
             \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.",
        ));
    }
    if !matches!(kind, Some("enabled" | "adaptive")) {
        return Ok(());
    }
    if body["thinking"]["budget_tokens"].as_u64() >= body["max_tokens"].as_u64() {
        return Err(invalid("`max_tokens` must be greater than `thinking.budget_tokens`."));
    }
    if body["temperature"].as_f64().is_some_and(|given| given != 1.0) {
        return Err(invalid("`temperature` may only be set to 1 when thinking is enabled."));
    }
    if body["top_k"].is_number() {
        return Err(invalid("`top_k` must be unset when thinking is enabled."));
    }
    if matches!(body["tool_choice"]["type"].as_str(), Some("any" | "tool")) {
        return Err(invalid("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}

/// With a budget for thoughts, a turn that goes on with the results of tools begins with a thought.
fn thoughts(body: &Value) -> Result<(), Refusal> {
    if body["thinking"]["type"] != "enabled" {
        return Ok(());
    }
    let messages = items(&body["messages"]).collect::<Vec<_>>();
    let has = |message: &Value, kind: &str| {
        blocks(&message["content"]).iter().any(|block| block["type"] == kind)
    };
    let says = |message: &&Value| message["role"] == "user" && !has(message, "tool_result");
    let turn = messages.iter().rposition(says).unwrap_or(0);
    let mut answers = messages.iter().enumerate().skip(turn);
    let Some((place, answer)) = answers.find(|(_, message)| message["role"] == "assistant") else {
        return Ok(());
    };
    let first = blocks(&answer["content"]).first().map(|block| block["type"].clone());
    let kind = first.as_ref().and_then(Value::as_str).unwrap_or("text");
    if !has(answer, "tool_use") || ["thinking", "redacted_thinking"].contains(&kind) {
        return Ok(());
    }
    Err(invalid(&format!(
        "messages.{place}.content.0.type: Expected `thinking` or `redacted_thinking`, but found \
         `{kind}`. When `thinking` is enabled, a final `assistant` message must start with a thinking \
         block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you \
         include thinking blocks from previous turns. To avoid this requirement, disable `thinking`."
    )))
}

/// A message that ends with the assistant's is to be gone on with, by the models that do.
fn prefill(body: &Value) -> Result<(), Refusal> {
    let Some(last) = items(&body["messages"]).last().filter(|last| last["role"] == "assistant")
    else {
        return Ok(());
    };
    if !model::takes_prefill(body["model"].as_str().unwrap_or_default()) {
        return Err(invalid(
            "This model does not support assistant message prefill. The conversation must end with \
             a user message.",
        ));
    }
    let blocks = blocks(&last["content"]);
    let text = blocks.last().and_then(|block| block["text"].as_str()).unwrap_or_default();
    if text.ends_with(char::is_whitespace) {
        return Err(invalid(
            "messages: final assistant content cannot end with trailing whitespace",
        ));
    }
    Ok(())
}
