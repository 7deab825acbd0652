//! A call of Chat Completions, as a neutral prompt.

use super::message;
use crate::{
    fields::{Fields, items, members, nonempty, text},
    media,
    translate::{
        Format, Held, Impossible, Losses, Part, Prompt, Role, Sampling, Source, Tool, ToolCall,
        ToolChoice, ToolResult, Voice, arguments_schema, instruction, number, parts_of,
    },
};
use serde_json::Value;

/// Members that are read here, or say nothing that another form could lack.
const KNOWN: [&str; 31] = [
    "frequency_penalty",
    "function_call",
    "functions",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user",
    "web_search_options",
    "conversation_id",
    "thread_id",
    "session_id",
];
/// The same of a message, and of what it holds.
const MESSAGE: [&str; 10] = [
    "content",
    "function_call",
    "name",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
    "role",
    "tool_call_id",
    "tool_calls",
];
const PART: [&str; 7] =
    ["cache_control", "file", "image_url", "input_audio", "refusal", "text", "type"];
const IMAGE: [&str; 2] = ["detail", "url"];
const AUDIO: [&str; 2] = ["data", "format"];
const FILE: [&str; 3] = ["file_data", "file_id", "filename"];
const CALL: [&str; 5] = ["custom", "function", "id", "index", "type"];
const CALLED: [&str; 3] = ["arguments", "input", "name"];
/// What the providers of this form call what a model thought.
const THOUGHTS: [&str; 3] = ["reasoning", "reasoning_content", "reasoning_details"];
/// The same of tools, and of the form of the reply.
const TOOL: [&str; 3] = ["cache_control", "function", "type"];
const FUNCTION: [&str; 5] = ["description", "name", "parameters", "strict", "type"];
const CHOICE: [&str; 3] = ["function", "name", "type"];
const FORMAT: [&str; 2] = ["json_schema", "type"];
const HELD: [&str; 5] = ["description", "name", "schema", "strict", "type"];

pub(crate) fn read(fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    losses.unknown("", &fields.0, &KNOWN);
    let mut prompt = Prompt {
        tools: tools(fields, losses)?,
        tool_choice: fields
            .get("tool_choice")
            .or_else(|| fields.get("function_call"))
            .and_then(|it| tool_choice(it, losses)),
        one_call: fields.get("parallel_tool_calls") == Some(&Value::from(false)),
        format: format(fields.get("response_format"), losses),
        sampling: sampling(fields),
        effort: fields.text("reasoning_effort"),
        user: fields.text("safety_identifier").or_else(|| fields.text("user")),
        metadata: fields.texts("metadata"),
        ..Prompt::default()
    };
    for message in fields.items("messages") {
        add(&mut prompt, message, losses)?;
    }
    Ok(prompt)
}

fn add(prompt: &mut Prompt, message: &Value, losses: &mut Losses) -> Result<(), Impossible> {
    losses.unknown("messages", members(message), &MESSAGE);
    let role = text(message, "role").unwrap_or_default();
    if message.get("name").is_some_and(|name| !name.is_null()) && role != "function" {
        losses.drop("messages.name", "speakers have no names elsewhere");
    }
    let parts = parts_of(message.get("content"), |part| read_part(part, losses))?;
    match role {
        "system" => prompt.instruct(Voice::System, instruction(&parts)?.into_iter()),
        "developer" => prompt.instruct(Voice::Developer, instruction(&parts)?.into_iter()),
        "user" => prompt.say(Role::User, parts),
        "assistant" => assistant(prompt, message, parts, losses),
        "tool" => {
            let id = text(message, "tool_call_id").unwrap_or_default().to_owned();
            let name = prompt.called(&id)?;
            let result = ToolResult { id, name, parts, is_error: false };
            prompt.say(Role::User, vec![Part::Result(result)]);
        }
        "function" => {
            let name = text(message, "name").unwrap_or_default().to_owned();
            let id = prompt.last_call_of(&name).map(str::to_owned);
            let id = id.ok_or_else(|| {
                Impossible::new("messages", "a function's result answers no call")
            })?;
            prompt.say(
                Role::User,
                vec![Part::Result(ToolResult { id, name, parts, is_error: false })],
            );
        }
        _ => return Err(Impossible::new("messages.role", "it is a role that no other form has")),
    }
    Ok(())
}

fn assistant(prompt: &mut Prompt, message: &Value, mut parts: Vec<Part>, losses: &mut Losses) {
    if THOUGHTS.iter().any(|name| message.get(name).is_some_and(|it| !it.is_null())) {
        losses.drop("messages.reasoning", "what a model thought is not told to another");
    }
    for call in items(message, "tool_calls") {
        losses.unknown("messages.tool_calls", members(call), &CALL);
        losses.unknown("messages.tool_calls", members(message::body(call)), &CALLED);
    }
    let older = message.get("function_call").unwrap_or(&Value::Null);
    losses.unknown("messages.function_call", members(older), &CALLED);
    parts.extend(nonempty(message.get("refusal")).map(Part::Refusal));
    let calls = message::calls_with_ids(message);
    for (nth, (id, call)) in (prompt.next_call()..).zip(calls) {
        let id = id.unwrap_or_else(|| format!("call_{nth}"));
        parts.push(Part::Call(ToolCall { id, name: call.name, arguments: call.arguments }));
    }
    prompt.say(Role::Assistant, parts);
}

fn read_part(part: &Value, losses: &mut Losses) -> Result<Option<Part>, Impossible> {
    losses.cached(part);
    losses.unknown("messages.content", members(part), &PART);
    Ok(match text(part, "type") {
        Some("text") => nonempty(part.get("text")).map(Part::Text),
        Some("refusal") => nonempty(part.get("refusal")).map(Part::Refusal),
        Some("image_url") => {
            let image = part.get("image_url").unwrap_or(&Value::Null);
            losses.unknown("messages.image", members(image), &IMAGE);
            let url = image.as_str().or_else(|| text(image, "url")).unwrap_or_default();
            Some(Part::Image {
                source: link(url),
                detail: text(image, "detail").map(str::to_owned),
            })
        }
        Some("input_audio") => {
            let audio = part.get("input_audio").unwrap_or(&Value::Null);
            losses.unknown("messages.audio", members(audio), &AUDIO);
            let format = text(audio, "format").unwrap_or_default();
            let data = text(audio, "data").unwrap_or_default().to_owned();
            let media_type = format!("audio/{format}");
            Some(Part::Audio { source: Source::Inline { media_type, data } })
        }
        Some("file") => {
            let file = part.get("file").unwrap_or(&Value::Null);
            losses.unknown("messages.document", members(file), &FILE);
            let name = text(file, "filename").map(str::to_owned);
            Some(Part::File { source: link(text(file, "file_data").unwrap_or_default()), name })
        }
        _ => return Err(Impossible::new("messages.content", "it has a part of an unknown kind")),
    })
}

/// Media in a link, or behind one.
pub(crate) fn link(url: &str) -> Source {
    match media::data_url(url) {
        Some((media_type, data)) => {
            Source::Inline { media_type: media_type.to_owned(), data: data.to_owned() }
        }
        None => Source::Link(url.to_owned()),
    }
}

fn tools(fields: &Fields, losses: &mut Losses) -> Result<Vec<Tool>, Impossible> {
    let mut tools = Vec::new();
    for it in fields.items("tools") {
        losses.cached(it);
        losses.unknown("tools", members(it), &TOOL);
        let function = it.get("function").ok_or_else(|| {
            Impossible::new("tools", "a tool takes free text, which has no like elsewhere")
        })?;
        tools.push(tool(function, losses));
    }
    tools.extend(fields.items("functions").map(|function| tool(function, losses)));
    Ok(tools)
}

/// A function as it is declared, under its own name or beside its type.
pub(crate) fn tool(function: &Value, losses: &mut Losses) -> Tool {
    losses.unknown("tools", members(function), &FUNCTION);
    Tool {
        name: text(function, "name").unwrap_or_default().to_owned(),
        description: nonempty(function.get("description")),
        schema: arguments_schema(function.get("parameters")),
        is_strict: function.get("strict").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// The choice of a tool, in both forms of the dialect.
pub(crate) fn tool_choice(choice: &Value, losses: &mut Losses) -> Option<ToolChoice> {
    match choice.as_str() {
        Some("none") => Some(ToolChoice::None),
        Some("required" | "any") => Some(ToolChoice::Required),
        Some(_) => None,
        None => {
            let function = choice.get("function").unwrap_or(&Value::Null);
            let Some(name) = text(choice, "name").or_else(|| text(function, "name")) else {
                if !choice.is_null() {
                    losses.approximate(
                        "tool_choice",
                        "a choice among some tools is said as a free one",
                    );
                }
                return None;
            };
            losses.unknown("tool_choice", members(choice).chain(members(function)), &CHOICE);
            Some(ToolChoice::Named(name.to_owned()))
        }
    }
}

fn format(format: Option<&Value>, losses: &mut Losses) -> Format {
    let format = format.unwrap_or(&Value::Null);
    losses.unknown("response_format", members(format), &FORMAT);
    let inner = format.get("json_schema").unwrap_or(&Value::Null);
    schema_format(text(format, "type"), inner, losses)
}

/// The form of a reply, whose schema stands in `inner`.
pub(crate) fn schema_format(kind: Option<&str>, inner: &Value, losses: &mut Losses) -> Format {
    losses.unknown("response_format", members(inner), &HELD);
    match (kind, inner.get("schema")) {
        (Some("json_schema"), Some(schema)) => Format::Schema(Held {
            name: nonempty(inner.get("name")),
            description: nonempty(inner.get("description")),
            schema: schema.clone(),
            is_strict: inner.get("strict").and_then(Value::as_bool).unwrap_or(false),
        }),
        (Some("json_object" | "json_schema"), _) => Format::JsonObject,
        (Some("text") | None, _) => Format::Text,
        (Some(_), _) => {
            losses.drop("response_format", "it is of a kind that no other form has");
            Format::Text
        }
    }
}

fn sampling(fields: &Fields) -> Sampling {
    let stop = match fields.get("stop") {
        Some(Value::String(one)) => vec![one.clone()],
        _ => fields.items("stop").filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    let limits = ["max_completion_tokens", "max_tokens"];
    Sampling {
        output_tokens_max: limits.into_iter().find_map(|name| fields.get(name)?.as_u64()),
        temperature: number(fields.get("temperature")),
        top_p: number(fields.get("top_p")),
        top_k: number(fields.get("top_k")),
        seed: number(fields.get("seed")),
        presence_penalty: number(fields.get("presence_penalty")),
        frequency_penalty: number(fields.get("frequency_penalty")),
        stop,
    }
}
