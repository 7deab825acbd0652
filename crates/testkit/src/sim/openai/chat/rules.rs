//! What the shape of a request for a chat completion cannot say.

use super::super::{invalid_param, model, schema};
use super::{parts, strings};
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// So many texts may end an answer.
const STOPS_MAX: usize = 4;

pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    lists(body)?;
    together(body)?;
    reasoning(body)?;
    tool_messages(body)?;
    schemas(body)
}

fn lists(body: &Value) -> Result<(), Refusal> {
    for (param, list) in [("messages", &body["messages"]), ("tools", &body["tools"])] {
        if list.as_array().is_some_and(Vec::is_empty) {
            let message = format!(
                "Invalid '{param}': empty array. Expected an array with minimum length 1, but got \
                 an empty array instead."
            );
            return Err(invalid_param(param, &message, Some("empty_array")));
        }
    }
    let stops = strings(&body["stop"]).count();
    if stops > STOPS_MAX {
        let message = format!(
            "Invalid 'stop': array too long. Expected an array with maximum length {STOPS_MAX}, but \
             got an array with length {stops} instead."
        );
        return Err(invalid_param("stop", &message, Some("array_above_max_length")));
    }
    Ok(())
}

/// Parameters that only make sense beside others.
fn together(body: &Value) -> Result<(), Refusal> {
    let given = |param: &str| body.get(param).is_some_and(|value| !value.is_null());
    let (tools, streams) = (given("tools"), body["stream"] == true);
    let needs = [
        ("tool_choice", tools, "'tool_choice' is only allowed when 'tools' are specified."),
        (
            "parallel_tool_calls",
            tools,
            "'parallel_tool_calls' is only allowed when 'tools' are specified.",
        ),
        (
            "stream_options",
            streams,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ),
        (
            "top_logprobs",
            body["logprobs"] == true,
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ),
    ];
    for (param, there, message) in needs {
        if given(param) && !there {
            return Err(invalid_param(
                param,
                &format!("Invalid value for '{param}': {message}"),
                None,
            ));
        }
    }
    let chosen = body["tool_choice"]["function"]["name"].as_str();
    let named = |name: &str| parts(&body["tools"]).any(|tool| tool["function"]["name"] == name);
    match chosen {
        Some(name) if !named(name) => {
            let message = format!("Tool choice 'function.{name}' not found in 'tools' parameter.");
            Err(invalid_param("tool_choice", &message, None))
        }
        Some(_) | None => Ok(()),
    }
}

/// What models which reason refuse.
fn reasoning(body: &Value) -> Result<(), Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let given = |param: &str| body.get(param).is_some_and(|value| !value.is_null());
    if !model::reasons(name) {
        return match given("reasoning_effort") {
            true => {
                let message = "Unrecognized request argument supplied: reasoning_effort";
                Err(invalid_param("reasoning_effort", message, None))
            }
            false => Ok(()),
        };
    }
    let unsupported = ["max_tokens", "logit_bias", "logprobs", "top_logprobs", "stop"];
    if let Some(param) = unsupported.into_iter().find(|param| given(param)) {
        return Err(model::unsupported(param));
    }
    let only = [
        ("temperature", 1.0),
        ("top_p", 1.0),
        ("presence_penalty", 0.0),
        ("frequency_penalty", 0.0),
    ];
    for (param, default) in only {
        model::only(body, param, default)?;
    }
    let effort = body["reasoning_effort"].as_str().is_some_and(|effort| effort != "none");
    if effort && given("tools") && model::wants_responses_for_tools(name) {
        let message = format!(
            "Function tools with reasoning_effort are not supported for {name} in \
             /v1/chat/completions. Please use /v1/responses instead."
        );
        return Err(invalid_param("reasoning_effort", &message, None));
    }
    Ok(())
}

/// Each call of a tool is answered, at once, and nothing else is.
fn tool_messages(body: &Value) -> Result<(), Refusal> {
    let mut open: Vec<&str> = Vec::new();
    let mut called: Vec<&str> = Vec::new();
    for (place, message) in parts(&body["messages"]).enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            if !called.contains(&id) {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a \
                               preceeding message with 'tool_calls'.";
                return Err(invalid_param(&format!("messages.[{place}].role"), message, None));
            }
            open.retain(|waiting| *waiting != id);
            continue;
        }
        answered(&open)?;
        called = parts(&message["tool_calls"]).filter_map(|call| call["id"].as_str()).collect();
        open.clone_from(&called);
        if message["role"] == "assistant" && is_empty(message) {
            let message = "Invalid value for 'content': expected a string, got null.";
            return Err(invalid_param(&format!("messages.[{place}].content"), message, None));
        }
    }
    answered(&open)
}

fn is_empty(message: &Value) -> bool {
    ["content", "tool_calls", "refusal", "function_call", "audio"]
        .iter()
        .all(|field| message.get(field).is_none_or(Value::is_null))
}

fn answered(open: &[&str]) -> Result<(), Refusal> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
         'tool_call_id'. The following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(invalid_param("messages", &message, None))
}

fn schemas(body: &Value) -> Result<(), Refusal> {
    let format = &body["response_format"]["json_schema"];
    if format["strict"] == true {
        let what = format!("response_format '{}'", format["name"].as_str().unwrap_or_default());
        schema::check(&format["schema"], &what, "response_format")?;
    }
    for (place, tool) in parts(&body["tools"]).enumerate() {
        let function = &tool["function"];
        if function["strict"] == true {
            let what = format!("function '{}'", function["name"].as_str().unwrap_or_default());
            let param = format!("tools[{place}].function.parameters");
            schema::check(&function["parameters"], &what, &param)?;
        }
    }
    Ok(())
}
