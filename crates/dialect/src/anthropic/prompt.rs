//! A call of Messages, as a neutral prompt.

use super::call;
use crate::{
    fields::{Fields, nonempty, text},
    translate::{
        Format, Impossible, Losses, Part, Prompt, Role, Sampling, Source, Tool, ToolCall,
        ToolChoice, ToolResult, Voice, arguments_schema, number, parts_of,
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

pub(crate) fn read(fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    losses.unknown(fields, &KNOWN);
    let effort = fields.get("output_config").and_then(|config| config.get("effort"));
    if effort.is_some_and(|effort| !effort.is_null()) {
        losses.drop("output_config.effort", "efforts of different makers are not alike");
    }
    let thinking = fields.get("thinking").and_then(|thinking| text(thinking, "type"));
    if thinking.is_some_and(|kind| kind != "disabled") {
        losses.drop("thinking", "how much a model reasons is the target's own affair");
    }
    let choice = fields.get("tool_choice").unwrap_or(&Value::Null);
    let mut prompt = Prompt {
        tools: fields.items("tools").map(|it| tool(it, losses)).collect::<Result<_, _>>()?,
        tool_choice: tool_choice(choice),
        one_call: choice.get("disable_parallel_tool_use") == Some(&Value::from(true)),
        format: format(fields),
        sampling: sampling(fields),
        user: fields.get("metadata").and_then(|metadata| nonempty(metadata.get("user_id"))),
        ..Prompt::default()
    };
    let system = parts_of(fields.get("system"), |block| read_block(block, losses))?;
    let texts = system.into_iter().filter_map(|part| match part {
        Part::Text(text) => Some(text),
        _ => None,
    });
    prompt.instruct(Voice::System, texts);
    for message in fields.items("messages") {
        add(&mut prompt, message, losses)?;
    }
    if prompt.turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
        losses.approximate("messages", "a reply that was begun is not continued elsewhere");
    }
    Ok(prompt)
}

fn add(prompt: &mut Prompt, message: &Value, losses: &mut Losses) -> Result<(), Impossible> {
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
    cached(block, losses);
    let id = text(block, "tool_use_id").unwrap_or_default().to_owned();
    let name = prompt.called(&id)?;
    let parts = parts_of(block.get("content"), |block| read_block(block, losses))?;
    let is_error = block.get("is_error").and_then(Value::as_bool).unwrap_or(false);
    Ok(Part::Result(ToolResult { id, name, parts, is_error }))
}

fn cached(block: &Value, losses: &mut Losses) {
    if block.get("cache_control").is_some_and(|control| !control.is_null()) {
        losses.drop("cache_control", "what is cached is the target's own affair");
    }
}

fn read_block(block: &Value, losses: &mut Losses) -> Result<Option<Part>, Impossible> {
    cached(block, losses);
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
    cached(tool, losses);
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
fn format(fields: &Fields) -> Format {
    match call::format(fields).and_then(|format| format.get("schema")) {
        Some(schema) => Format::Schema { name: None, schema: schema.clone(), is_strict: true },
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
