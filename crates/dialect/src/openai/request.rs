//! A neutral prompt, as a call of Chat Completions.

use crate::translate::{
    Body, Delivery, Format, Held, Impossible, Losses, Part, Prompt, Role, Source, Tool, ToolCall,
    ToolChoice, Turn, Voice, check_image, object, pruned_text, strict_enough,
};
use serde_json::{Map, Value, json};

/// More sequences that end a reply are refused.
const STOP_MAX: usize = 4;
const LOOSE: &str = "the target is held in earnest to closed objects of required members only";
pub(crate) const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

pub(crate) fn write(
    prompt: &mut Prompt,
    mut body: Body<'_>,
) -> Result<Map<String, Value>, Impossible> {
    body.must("model", body.target.model);
    let mut messages: Vec<Value> = prompt
        .instructions
        .iter()
        .map(|it| json!({"role": voice(it.voice, body.losses), "content": it.text}))
        .collect();
    for turn in &prompt.turns {
        add(turn, &mut messages, body.losses)?;
    }
    body.must("messages", messages);
    if body.target.delivery == Delivery::Streamed {
        body.must("stream", true);
        // Without it nobody would say what was used.
        body.must("stream_options", json!({"include_usage": true}));
    }
    if !prompt.tools.is_empty() {
        let tools = prompt
            .tools
            .iter()
            .map(|it| object([("type", "function".into()), ("function", tool(it, body.losses))]));
        let tools: Value = tools.collect();
        body.must("tools", tools);
        let choice = prompt
            .tool_choice
            .as_ref()
            .map(|it| choice(it, |name| json!({"type": "function", "function": {"name": name}})));
        body.set("tool_choice", choice.as_ref());
        body.set("parallel_tool_calls", prompt.one_call.then_some(&false));
    }
    format(prompt, &mut body)?;
    sampling(prompt, &mut body);
    body.set("reasoning_effort", prompt.effort.as_ref());
    body.set("safety_identifier", prompt.user.as_ref());
    if !prompt.metadata.is_empty() {
        body.losses.drop("metadata", "Chat Completions takes it with replies that are kept only");
    }
    Ok(body.finish())
}

/// The developer speaks to models of `OpenAI`, whose callers are put there as they are: where their calls
/// are translated into Chat Completions, they go to others, and those know no developer.
fn voice(voice: Voice, losses: &mut Losses) -> &'static str {
    if voice == Voice::Developer {
        losses.approximate("messages.developer", "the developer's words are said as the system's");
    }
    "system"
}

fn add(turn: &Turn, messages: &mut Vec<Value>, losses: &mut Losses) -> Result<(), Impossible> {
    match turn.role {
        Role::Instructor(it) => {
            let role = voice(it, losses);
            messages.push(json!({"role": role, "content": turn.texts().join("\n")}));
        }
        Role::Assistant => messages.push(assistant(turn, losses)?),
        Role::User => {
            let mut content = Vec::new();
            for item in &turn.parts {
                match item {
                    Part::Result(result) => {
                        if result.is_error {
                            losses.approximate(
                                "messages.tool",
                                "that a tool failed is told by its words only",
                            );
                        }
                        let text = pruned_text(&result.parts)?;
                        messages.push(
                            json!({"role": "tool", "tool_call_id": result.id, "content": text}),
                        );
                    }
                    other => content.push(part(other, losses)?),
                }
            }
            if !content.is_empty() {
                messages.push(said("user", simple(content)));
            }
        }
    }
    Ok(())
}

fn said(role: &str, content: Value) -> Value {
    object([("role", role.into()), ("content", content)])
}

/// A single text is written as such, as most clients do.
fn simple(mut parts: Vec<Value>) -> Value {
    match &mut parts[..] {
        [only] if only["type"] == "text" => only["text"].take(),
        _ => Value::Array(parts),
    }
}

fn assistant(turn: &Turn, losses: &mut Losses) -> Result<Value, Impossible> {
    let (mut content, mut calls, mut refusal) = (Vec::new(), Vec::new(), Value::Null);
    for item in &turn.parts {
        match item {
            Part::Call(it) => calls.push(json!({
                "id": it.id,
                "type": "function",
                "function": {"name": it.name, "arguments": arguments(it)},
            })),
            Part::Refusal(text) => refusal = Value::from(text.as_str()),
            other => {
                if !calls.is_empty() {
                    losses.approximate(
                        "messages.content",
                        "what was said after a tool call is said before it",
                    );
                }
                content.push(part(other, losses)?);
            }
        }
    }
    let content = if content.is_empty() { Value::Null } else { simple(content) };
    let mut message = said("assistant", content);
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    if !refusal.is_null() {
        message["refusal"] = refusal;
    }
    Ok(message)
}

/// A call without arguments has an empty object of them.
pub(crate) fn arguments(call: &ToolCall) -> &str {
    if call.arguments.is_empty() { "{}" } else { &call.arguments }
}

fn part(part: &Part, losses: &mut Losses) -> Result<Value, Impossible> {
    Ok(match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        Part::Image { source, detail } => {
            let mut image = json!({"url": url(source)?});
            if let Some(detail) = detail {
                image["detail"] = Value::from(detail.as_str());
            }
            object([("type", "image_url".into()), ("image_url", image)])
        }
        Part::File { source: Source::Text(text), .. } => {
            losses.approximate("messages.document", "a document of text is said as text");
            json!({"type": "text", "text": text})
        }
        Part::File { source: Source::Link(_), .. } => {
            return Err(Impossible::new("messages.document", "the target takes no links to files"));
        }
        Part::File { source: Source::Inline { media_type, data }, name } => json!({
            "type": "file",
            "file": {
                "filename": name.as_deref().unwrap_or("document"),
                "file_data": format!("data:{media_type};base64,{data}"),
            },
        }),
        Part::Audio { source: Source::Inline { media_type, data } } => {
            let format = media_type.rsplit('/').next().unwrap_or_default();
            let format = format.strip_prefix("x-").unwrap_or(format).replace("mpeg", "mp3");
            if format != "wav" && format != "mp3" {
                return Err(Impossible::new(
                    "messages.audio",
                    "the target reads no sound of its type",
                ));
            }
            json!({"type": "input_audio", "input_audio": {"data": data, "format": format}})
        }
        Part::Audio { .. } => {
            return Err(Impossible::new("messages.audio", "the target takes no links to sound"));
        }
        Part::Call(_) | Part::Result(_) => Value::Null,
    })
}

/// An image's link, or the image in one.
pub(crate) fn url(source: &Source) -> Result<String, Impossible> {
    match source {
        Source::Link(url) => Ok(url.clone()),
        Source::Inline { media_type, data } => {
            check_image(media_type, &IMAGES)?;
            Ok(format!("data:{media_type};base64,{data}"))
        }
        Source::Text(_) => Err(Impossible::new("messages.image", "it is no image")),
    }
}

/// A function as both forms of the dialect declare it. Arguments are held to a schema in earnest as
/// replies are.
pub(crate) fn tool(tool: &Tool, losses: &mut Losses) -> Value {
    let mut function = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        function["description"] = Value::from(description.as_str());
    }
    if let Some(schema) = &tool.schema {
        function["parameters"] = schema.clone();
    }
    if tool.is_strict && tool.schema.as_ref().is_none_or(strict_enough) {
        function["strict"] = Value::from(true);
    } else if tool.is_strict {
        losses.approximate("tools.strict", LOOSE);
    }
    function
}

pub(crate) fn choice(choice: &ToolChoice, named: impl Fn(&str) -> Value) -> Value {
    match choice {
        ToolChoice::None => Value::from("none"),
        ToolChoice::Required => Value::from("required"),
        ToolChoice::Named(name) => named(name),
    }
}

fn format(prompt: &Prompt, body: &mut Body<'_>) -> Result<(), Impossible> {
    let format = match &prompt.format {
        Format::Text => return Ok(()),
        Format::JsonObject => json!({"type": "json_object"}),
        Format::Schema(schema) => {
            json!({"type": "json_schema", "json_schema": held(schema, body.losses)?})
        }
    };
    body.set("response_format", Some(&format));
    Ok(())
}

/// A schema that replies are held to, in both forms of the dialect. A reply is held to it in earnest
/// only if every object in it is closed and every member required, and in any way only to an object.
pub(crate) fn held(held: &Held, losses: &mut Losses) -> Result<Value, Impossible> {
    if held.schema.get("type").and_then(Value::as_str) != Some("object") {
        // "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'".
        let reason = "the target holds replies to a schema of an object only";
        return Err(Impossible::new("response_format", reason));
    }
    let is_strict = held.is_strict && strict_enough(&held.schema);
    if held.is_strict && !is_strict {
        losses.approximate("response_format", LOOSE);
    }
    let name = held.name.as_deref().unwrap_or("reply");
    let mut written = json!({"name": name, "schema": held.schema, "strict": is_strict});
    if let Some(description) = &held.description {
        written["description"] = Value::from(description.as_str());
    }
    Ok(written)
}

fn sampling(prompt: &Prompt, body: &mut Body<'_>) {
    let sampling = &prompt.sampling;
    // Models that reason take only the newer name; what else speaks the dialect, often only the older.
    let limit = if body.refuses("max_tokens") { "max_completion_tokens" } else { "max_tokens" };
    body.set(limit, sampling.output_tokens_max.as_ref());
    body.set("temperature", sampling.temperature.as_ref());
    body.set("top_p", sampling.top_p.as_ref());
    body.set("seed", sampling.seed.as_ref());
    body.set("presence_penalty", sampling.presence_penalty.as_ref());
    body.set("frequency_penalty", sampling.frequency_penalty.as_ref());
    body.cannot("top_k", sampling.top_k.as_ref());
    if sampling.stop.len() > STOP_MAX {
        body.losses.approximate("stop", "the target takes four sequences only");
    }
    let stop: Vec<String> = sampling.stop.iter().take(STOP_MAX).cloned().collect();
    body.set("stop", (!stop.is_empty()).then_some(&stop));
}
