//! A neutral prompt, as a call of Responses.

use crate::{
    openai::request::{arguments, choice, held, tool, url},
    translate::{
        Body, Delivery, Format, Impossible, Losses, Part, Prompt, Role, Source, Tool, Turn, Voice,
        object,
    },
};
use serde_json::{Map, Value, json};

/// A lower limit is refused.
const OUTPUT_TOKENS_MIN: u64 = 16;

pub(crate) fn write(
    prompt: &mut Prompt,
    mut body: Body<'_>,
) -> Result<Map<String, Value>, Impossible> {
    body.must("model", body.target.model);
    // A reply would be kept otherwise.
    body.must("store", false);
    let mut input: Vec<Value> = prompt
        .instructions
        .iter()
        .map(|it| json!({"role": voice(it.voice), "content": it.text}))
        .collect();
    for turn in &prompt.turns {
        add(turn, &mut input, body.losses)?;
    }
    body.must("input", input);
    if body.target.delivery == Delivery::Streamed {
        body.must("stream", true);
    }
    if !prompt.tools.is_empty() {
        let tools = prompt.tools.iter().map(|it| write_tool(it, body.losses));
        let tools: Value = tools.collect();
        body.must("tools", tools);
        let choice = prompt
            .tool_choice
            .as_ref()
            .map(|it| choice(it, |name| json!({"type": "function", "name": name})));
        body.set("tool_choice", choice.as_ref());
        body.set("parallel_tool_calls", prompt.one_call.then_some(&false));
    }
    format(prompt, &mut body)?;
    sampling(prompt, &mut body);
    body.set("reasoning", prompt.effort.as_ref().map(|it| json!({ "effort": it })).as_ref());
    body.set("safety_identifier", prompt.user.as_ref());
    let metadata = (!prompt.metadata.is_empty()).then(|| json!(prompt.metadata));
    body.set("metadata", metadata.as_ref());
    Ok(body.finish())
}

fn voice(voice: Voice) -> &'static str {
    match voice {
        Voice::System => "system",
        Voice::Developer => "developer",
    }
}

fn write_tool(it: &Tool, losses: &mut Losses) -> Value {
    let mut function = tool(it, losses);
    function["type"] = Value::from("function");
    // Left out, it would be true.
    function["strict"] = Value::from(function["strict"] == true);
    if it.schema.is_none() {
        // The form demands one.
        function["parameters"] =
            json!({"type": "object", "properties": {}, "additionalProperties": false});
    }
    function
}

/// Tool calls and their results are items of their own; what is said between them is a message.
fn add(turn: &Turn, input: &mut Vec<Value>, losses: &mut Losses) -> Result<(), Impossible> {
    let role = match turn.role {
        Role::Instructor(it) => voice(it),
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let mut content: Vec<Value> = Vec::new();
    for item in &turn.parts {
        let own = match item {
            Part::Call(it) => json!({
                "type": "function_call",
                "call_id": it.id,
                "name": it.name,
                "arguments": arguments(it),
            }),
            Part::Result(it) => {
                if it.is_error {
                    losses.approximate(
                        "messages.tool",
                        "that a tool failed is told by its words only",
                    );
                }
                json!({"type": "function_call_output", "call_id": it.id, "output": output(&it.parts, losses)?})
            }
            other => {
                content.push(part(other, turn.role, losses)?);
                continue;
            }
        };
        message(role, &mut content, input);
        input.push(own);
    }
    message(role, &mut content, input);
    Ok(())
}

fn message(role: &str, content: &mut Vec<Value>, input: &mut Vec<Value>) {
    if !content.is_empty() {
        let content = std::mem::take(content).into();
        let kind = "message".into();
        input.push(object([("type", kind), ("role", role.into()), ("content", content)]));
    }
}

/// A result that is text alone is written as such.
fn output(parts: &[Part], losses: &mut Losses) -> Result<Value, Impossible> {
    match parts {
        [] => Ok(Value::from("")),
        [Part::Text(text)] => Ok(Value::from(text.as_str())),
        several => several.iter().map(|it| part(it, Role::User, losses)).collect(),
    }
}

fn part(part: &Part, role: Role, losses: &mut Losses) -> Result<Value, Impossible> {
    Ok(match part {
        Part::Text(text) if role == Role::Assistant => {
            json!({"type": "output_text", "text": text})
        }
        Part::Text(text) => json!({"type": "input_text", "text": text}),
        Part::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        Part::Image { source, detail } => {
            let mut image = json!({"type": "input_image", "image_url": url(source)?});
            if let Some(detail) = detail {
                image["detail"] = Value::from(detail.as_str());
            }
            image
        }
        Part::File { source: Source::Text(text), .. } => {
            losses.approximate("messages.document", "a document of text is said as text");
            json!({"type": "input_text", "text": text})
        }
        Part::File { source: Source::Link(url), name } => {
            if name.is_some() {
                losses.drop("messages.document.name", "a linked file is named by its link");
            }
            json!({"type": "input_file", "file_url": url})
        }
        Part::File { source: Source::Inline { media_type, data }, name } => json!({
            "type": "input_file",
            "filename": name.as_deref().unwrap_or("document"),
            "file_data": format!("data:{media_type};base64,{data}"),
        }),
        Part::Audio { .. } => {
            return Err(Impossible::new("messages.audio", "the target does not hear"));
        }
        Part::Call(_) | Part::Result(_) => Value::Null,
    })
}

fn format(prompt: &Prompt, body: &mut Body<'_>) -> Result<(), Impossible> {
    let format = match &prompt.format {
        Format::Text => return Ok(()),
        Format::JsonObject => json!({"type": "json_object"}),
        Format::Schema(schema) => {
            let mut format = held(schema, body.losses)?;
            format["type"] = Value::from("json_schema");
            format
        }
    };
    body.set("text", Some(&json!({ "format": format })));
    Ok(())
}

fn sampling(prompt: &Prompt, body: &mut Body<'_>) {
    let sampling = &prompt.sampling;
    let limit = sampling.output_tokens_max.map(|limit| limit.max(OUTPUT_TOKENS_MIN));
    if limit != sampling.output_tokens_max {
        body.losses.approximate("max_tokens", "the target takes no limit below 16");
    }
    body.set("max_output_tokens", limit.as_ref());
    body.set("temperature", sampling.temperature.as_ref());
    body.set("top_p", sampling.top_p.as_ref());
    body.cannot("top_k", sampling.top_k.as_ref());
    body.cannot("seed", sampling.seed.as_ref());
    body.cannot("presence_penalty", sampling.presence_penalty.as_ref());
    body.cannot("frequency_penalty", sampling.frequency_penalty.as_ref());
    body.cannot("stop", sampling.stop.first());
}
