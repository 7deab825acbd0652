//! A call of Messages, as a neutral prompt.

use super::call;
use crate::{
    fields::{Fields, members, nonempty, text},
    translate::{
        Format, Held, Impossible, Losses, Part, Prompt, Role, Sampling, Source, Tool, ToolCall,
        ToolChoice, ToolResult, Voice, arguments_schema, instruction, number, parts_of,
    },
};
use serde_json::Value;

/// Members that are read here, or say nothing that another form could lack.
const KNOWN: [&str; 17] = [
    "container",
    "max_tokens",
    "mcp_servers",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];
/// The same of what it holds. Who called a tool is the provider's to know.
const OUTPUT: [&str; 2] = ["effort", "format"];
const FORMAT: [&str; 2] = ["schema", "type"];
const METADATA: [&str; 1] = ["user_id"];
const MESSAGE: [&str; 2] = ["content", "role"];
const BLOCK: [&str; 17] = [
    "cache_control",
    "caller",
    "citations",
    "content",
    "context",
    "data",
    "id",
    "input",
    "is_error",
    "name",
    "signature",
    "source",
    "text",
    "thinking",
    "title",
    "tool_use_id",
    "type",
];
const SOURCE: [&str; 4] = ["data", "media_type", "type", "url"];
const TOOL: [&str; 6] = ["cache_control", "description", "input_schema", "name", "strict", "type"];
const CHOICE: [&str; 3] = ["disable_parallel_tool_use", "name", "type"];

pub(crate) fn read(fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    losses.unknown("", &fields.0, &KNOWN);
    let get = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    losses.unknown("output_config", members(get("output_config")), &OUTPUT);
    losses.unknown("metadata", members(get("metadata")), &METADATA);
    losses.unknown("tool_choice", members(get("tool_choice")), &CHOICE);
    if get("output_config").get("effort").is_some_and(|effort| !effort.is_null()) {
        losses.drop("output_config.effort", "efforts of different makers are not alike");
    }
    let thinking = fields.get("thinking").and_then(|thinking| text(thinking, "type"));
    if thinking.is_some_and(|kind| kind != "disabled") {
        losses.drop("thinking", "how much a model reasons is the target's own affair");
    }
    let choice = get("tool_choice");
    let mut prompt = Prompt {
        tools: fields.items("tools").map(|it| tool(it, losses)).collect::<Result<_, _>>()?,
        tool_choice: tool_choice(choice),
        one_call: choice.get("disable_parallel_tool_use") == Some(&Value::from(true)),
        format: format(fields, losses),
        sampling: sampling(fields),
        user: nonempty(get("metadata").get("user_id")),
        ..Prompt::default()
    };
    let system = parts_of(fields.get("system"), |block| read_block(block, losses))?;
    prompt.instruct(Voice::System, instruction(&system)?.into_iter());
    for message in fields.items("messages") {
        add(&mut prompt, message, losses)?;
    }
    if prompt.turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
        losses.approximate("messages", "a reply that was begun is not continued elsewhere");
    }
    Ok(prompt)
}

fn add(prompt: &mut Prompt, message: &Value, losses: &mut Losses) -> Result<(), Impossible> {
    losses.unknown("messages", members(message), &MESSAGE);
    let role = match text(message, "role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return Err(Impossible::new("messages.role", "it is a role that no other form has")),
    };
    let parts = parts_of(message.get("content"), |block| match text(block, "type") {
        Some("tool_result") => result(prompt, block, losses).map(Some),
        _ => read_block(block, losses),
    })?;
    prompt.say(role, parts);
    Ok(())
}

fn result(prompt: &Prompt, block: &Value, losses: &mut Losses) -> Result<Part, Impossible> {
    seen(block, losses);
    let id = text(block, "tool_use_id").unwrap_or_default().to_owned();
    let name = prompt.called(&id)?;
    let parts = parts_of(block.get("content"), |block| read_block(block, losses))?;
    let is_error = block.get("is_error").and_then(Value::as_bool).unwrap_or(false);
    Ok(Part::Result(ToolResult { id, name, parts, is_error }))
}

/// What a block of any kind may have that is not read.
fn seen(block: &Value, losses: &mut Losses) {
    losses.cached(block);
    losses.unknown("messages.content", members(block), &BLOCK);
    let source = block.get("source").unwrap_or(&Value::Null);
    losses.unknown("messages.source", members(source), &SOURCE);
}

fn read_block(block: &Value, losses: &mut Losses) -> Result<Option<Part>, Impossible> {
    seen(block, losses);
    Ok(match text(block, "type") {
        Some("text") => {
            if block
                .get("citations")
                .is_some_and(|it| it.as_array().is_some_and(|it| !it.is_empty()))
            {
                losses.drop("messages.citations", "they have no like elsewhere");
            }
            nonempty(block.get("text")).map(Part::Text)
        }
        Some("image") => Some(Part::Image { source: source(block)?, detail: None }),
        Some("document") => {
            for name in ["citations", "context"] {
                if block.get(name).is_some_and(|it| !it.is_null()) {
                    losses.drop(&format!("messages.document.{name}"), "it has no like elsewhere");
                }
            }
            Some(Part::File { source: source(block)?, name: nonempty(block.get("title")) })
        }
        Some("tool_use") => Some(Part::Call(ToolCall {
            id: text(block, "id").unwrap_or_default().to_owned(),
            name: text(block, "name").unwrap_or_default().to_owned(),
            arguments: block.get("input").map(Value::to_string).unwrap_or_default(),
        })),
        Some("thinking" | "redacted_thinking") => {
            losses.drop("messages.thinking", "only the model that wrote it can read it");
            None
        }
        _ => {
            return Err(Impossible::new(
                "messages.content",
                "it has a block of a kind that no other form has",
            ));
        }
    })
}

fn source(block: &Value) -> Result<Source, Impossible> {
    let source = block.get("source").unwrap_or(&Value::Null);
    let say = |name: &str| text(source, name).unwrap_or_default().to_owned();
    match text(source, "type") {
        Some("base64") => Ok(Source::Inline { media_type: say("media_type"), data: say("data") }),
        Some("url") => Ok(Source::Link(say("url"))),
        Some("text") => Ok(Source::Text(say("data"))),
        _ => Err(Impossible::new("messages.source", "it lies where no other provider looks")),
    }
}

fn tool(tool: &Value, losses: &mut Losses) -> Result<Tool, Impossible> {
    losses.cached(tool);
    losses.unknown("tools", members(tool), &TOOL);
    if !matches!(text(tool, "type"), None | Some("custom")) {
        return Err(Impossible::new("tools", "a tool is described by its provider only"));
    }
    Ok(Tool {
        name: text(tool, "name").unwrap_or_default().to_owned(),
        description: nonempty(tool.get("description")),
        schema: arguments_schema(tool.get("input_schema")),
        is_strict: tool.get("strict").and_then(Value::as_bool).unwrap_or(false),
    })
}

fn tool_choice(choice: &Value) -> Option<ToolChoice> {
    Some(match text(choice, "type")? {
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(text(choice, "name")?.to_owned()),
        _ => return None,
    })
}

/// What is held to a schema here is held to it in earnest.
fn format(fields: &Fields, losses: &mut Losses) -> Format {
    let format = call::format(fields).unwrap_or(&Value::Null);
    losses.unknown("output_config.format", members(format), &FORMAT);
    match format.get("schema").cloned() {
        Some(schema) => {
            Format::Schema(Held { name: None, description: None, schema, is_strict: true })
        }
        None => Format::Text,
    }
}

fn sampling(fields: &Fields) -> Sampling {
    Sampling {
        output_tokens_max: fields.get("max_tokens").and_then(Value::as_u64),
        temperature: number(fields.get("temperature")),
        top_p: number(fields.get("top_p")),
        top_k: number(fields.get("top_k")),
        stop: fields.items("stop_sequences").filter_map(Value::as_str).map(str::to_owned).collect(),
        ..Sampling::default()
    }
}
