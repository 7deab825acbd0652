//! A call of Responses, as a neutral prompt.

use crate::{
    fields::{Fields, members, nonempty, text},
    openai::prompt::{link, schema_format, tool, tool_choice},
    translate::{
        Impossible, Losses, Part, Prompt, Role, Sampling, Source, Tool, ToolCall, ToolResult,
        Voice, instruction, number, parts_of,
    },
};
use serde_json::Value;

/// Members that are read here, or say nothing that another form could lack.
const KNOWN: [&str; 21] = [
    "background",
    "conversation",
    "input",
    "instructions",
    "max_output_tokens",
    "metadata",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "safety_identifier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
];
/// The same of what it holds. Ids and statuses of items are their provider's, and probabilities were told.
const REASONING: [&str; 2] = ["effort", "summary"];
const TEXT: [&str; 2] = ["format", "verbosity"];
const MESSAGE: [&str; 5] = ["content", "id", "role", "status", "type"];
const CALL: [&str; 6] = ["arguments", "call_id", "id", "name", "status", "type"];
const OUTPUT: [&str; 5] = ["call_id", "id", "output", "status", "type"];
const PART: [&str; 10] = [
    "detail",
    "file_data",
    "file_id",
    "file_url",
    "filename",
    "image_url",
    "logprobs",
    "refusal",
    "text",
    "type",
];

pub(crate) fn read(fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    losses.unknown("", &fields.0, &KNOWN);
    if fields.get("store") != Some(&Value::from(false)) {
        losses.drop("store", "the reply is not kept, so that no call can lean on its id");
    }
    let said = fields.get("text").unwrap_or(&Value::Null);
    let format = said.get("format").unwrap_or(&Value::Null);
    let reasoning = fields.get("reasoning").unwrap_or(&Value::Null);
    losses.unknown("text", members(said), &TEXT);
    losses.unknown("reasoning", members(reasoning), &REASONING);
    if said.get("verbosity").is_some_and(|it| !it.is_null()) {
        losses.drop("text.verbosity", "it has no like elsewhere");
    }
    if reasoning.get("summary").is_some_and(|summary| !summary.is_null()) {
        losses.drop("reasoning.summary", "what a model thinks is not told in a translation");
    }
    let mut prompt = Prompt {
        tools: fields.items("tools").map(|it| read_tool(it, losses)).collect::<Result<_, _>>()?,
        tool_choice: fields.get("tool_choice").and_then(|it| tool_choice(it, losses)),
        one_call: fields.get("parallel_tool_calls") == Some(&Value::from(false)),
        format: schema_format(text(format, "type"), format, losses),
        sampling: Sampling {
            output_tokens_max: fields.get("max_output_tokens").and_then(Value::as_u64),
            temperature: number(fields.get("temperature")),
            top_p: number(fields.get("top_p")),
            ..Sampling::default()
        },
        effort: nonempty(reasoning.get("effort")),
        user: fields.text("safety_identifier").or_else(|| fields.text("user")),
        metadata: fields.texts("metadata"),
        ..Prompt::default()
    };
    prompt.instruct(Voice::System, fields.text("instructions").into_iter());
    match fields.get("input") {
        Some(Value::String(text)) => prompt.say(Role::User, vec![Part::Text(text.clone())]),
        _ => fields.items("input").try_for_each(|item| add(&mut prompt, item, losses))?,
    }
    Ok(prompt)
}

/// A tool's arguments are held to its schema unless it says otherwise.
fn read_tool(function: &Value, losses: &mut Losses) -> Result<Tool, Impossible> {
    if text(function, "type") != Some("function") {
        return Err(Impossible::new("tools", "a tool is no function, which has no like elsewhere"));
    }
    let said = function.get("strict").and_then(Value::as_bool);
    Ok(Tool { is_strict: said.unwrap_or(true), ..tool(function, losses) })
}

fn add(prompt: &mut Prompt, item: &Value, losses: &mut Losses) -> Result<(), Impossible> {
    match text(item, "type") {
        None | Some("message") => message(prompt, item, losses),
        Some("function_call") => {
            losses.unknown("input", members(item), &CALL);
            let id = nonempty(item.get("call_id"))
                .unwrap_or_else(|| format!("call_{}", prompt.next_call()));
            let say = |name: &str| text(item, name).unwrap_or_default().to_owned();
            let call = ToolCall { id, name: say("name"), arguments: say("arguments") };
            prompt.say_on(Role::Assistant, Part::Call(call));
            Ok(())
        }
        Some("function_call_output") => {
            losses.unknown("input", members(item), &OUTPUT);
            let id = text(item, "call_id").unwrap_or_default().to_owned();
            let name = prompt.called(&id)?;
            let parts = parts_of(item.get("output"), |part| read_part(part, losses))?;
            let result = ToolResult { id, name, parts, is_error: false };
            prompt.say_on(Role::User, Part::Result(result));
            Ok(())
        }
        Some("reasoning") => {
            losses.drop("input.reasoning", "only the model that wrote it can read it");
            Ok(())
        }
        Some(_) => Err(Impossible::new("input", "it has an item of a kind that no other form has")),
    }
}

fn message(prompt: &mut Prompt, item: &Value, losses: &mut Losses) -> Result<(), Impossible> {
    losses.unknown("input", members(item), &MESSAGE);
    let parts = parts_of(item.get("content"), |part| read_part(part, losses))?;
    match text(item, "role") {
        Some("user") => prompt.say(Role::User, parts),
        Some("assistant") => prompt.say(Role::Assistant, parts),
        Some("system") => prompt.instruct(Voice::System, instruction(&parts)?.into_iter()),
        Some("developer") => prompt.instruct(Voice::Developer, instruction(&parts)?.into_iter()),
        _ => return Err(Impossible::new("input.role", "it is a role that no other form has")),
    }
    Ok(())
}

fn read_part(part: &Value, losses: &mut Losses) -> Result<Option<Part>, Impossible> {
    losses.unknown("input.content", members(part), &PART);
    Ok(match text(part, "type") {
        Some("input_text" | "output_text" | "text") => nonempty(part.get("text")).map(Part::Text),
        Some("refusal") => nonempty(part.get("refusal")).map(Part::Refusal),
        Some("input_image") => Some(Part::Image {
            source: link(text(part, "image_url").unwrap_or_default()),
            detail: nonempty(part.get("detail")),
        }),
        Some("input_file") => {
            let name = nonempty(part.get("filename"));
            let inline = text(part, "file_data").map(link);
            let source =
                inline.or_else(|| text(part, "file_url").map(|url| Source::Link(url.to_owned())));
            let source =
                source.ok_or_else(|| Impossible::new("input.file", "it says not where it lies"))?;
            Some(Part::File { source, name })
        }
        _ => return Err(Impossible::new("input.content", "it has a part of an unknown kind")),
    })
}
