//! A neutral prompt, as a call of Messages.

use super::{FORCED_TOOL_CHOICE, PREFILL, judge, schema};
use crate::translate::{
    Body, Delivery, Format, Impossible, Losses, Part, Prompt, Role, Source, Tool, ToolChoice,
    ToolResult, Turn, Voice, arguments, check_image, object,
};
use serde_json::{Map, Number, Value, json};

const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const DOCUMENT: &str = "application/pdf";
const HELD_IN_EARNEST: &str =
    "the target is held to the schema in earnest, where the call only asks";

pub(crate) fn write(
    prompt: &mut Prompt,
    mut body: Body<'_>,
) -> Result<Map<String, Value>, Impossible> {
    body.must("model", body.target.model);
    limit(prompt, &mut body);
    let (system, turns) = conversation(prompt, body.losses)?;
    if body.refuses(PREFILL) && turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
        return Err(Impossible::new("messages", "the model begins its replies itself"));
    }
    if !system.is_empty() {
        let blocks = system.iter().map(|text| json!({"type": "text", "text": text}));
        body.must("system", blocks.collect::<Value>());
    }
    let messages = turns.iter().map(|turn| message(turn, body.losses));
    let messages: Vec<Value> = messages.collect::<Result<_, _>>()?;
    body.must("messages", messages);
    if body.target.delivery == Delivery::Streamed {
        body.must("stream", true);
    }
    tools(prompt, &mut body);
    format(prompt, &mut body);
    sampling(prompt, &mut body);
    if prompt.effort.is_some() {
        body.losses.drop("reasoning_effort", "efforts of different makers are not alike");
    }
    body.set("metadata", prompt.user.as_ref().map(|user| json!({"user_id": user})).as_ref());
    if !prompt.metadata.is_empty() {
        body.losses.drop("metadata", "the target keeps none");
    }
    Ok(body.finish())
}

/// The form demands a limit.
fn limit(prompt: &Prompt, body: &mut Body<'_>) {
    let known = body.target.output_tokens_max;
    let most = known.unwrap_or_else(|| judge::output_tokens(body.target.model));
    let asked = prompt.sampling.output_tokens_max;
    if asked.is_none() && known.is_none() {
        body.losses.approximate(
            "max_tokens",
            "the target must be given a limit, and its own is not known",
        );
    }
    body.must("max_tokens", asked.unwrap_or(most));
}

/// Instructions stand at the top; then the user begins, and turns alternate.
fn conversation(
    prompt: &mut Prompt,
    losses: &mut Losses,
) -> Result<(Vec<String>, Vec<Turn>), Impossible> {
    if prompt.take_blanks() {
        losses.approximate("messages.content", "text that is white space alone is left out");
    }
    let instructions = prompt.all_instructions();
    if instructions.len() > prompt.instructions.len() {
        losses.approximate("messages.system", "instructions between turns are moved to the top");
    }
    if instructions.iter().any(|it| it.voice == Voice::Developer) {
        losses.approximate("messages.developer", "the developer's words are said as the system's");
    }
    let mut system: Vec<String> = instructions.into_iter().map(|it| it.text).collect();
    let mut turns = prompt.take_alternating();
    if turns.is_empty() {
        let Some(last) = system.pop() else {
            return Err(Impossible::new("messages", "nothing is said in it"));
        };
        losses.approximate("messages.system", "the last instruction is said as the user's words");
        turns.push(Turn { role: Role::User, parts: vec![Part::Text(last)] });
    }
    if turns.first().is_some_and(|turn| turn.role == Role::Assistant) {
        return Err(Impossible::new("messages", "the target lets nobody but the user begin"));
    }
    if let Some(last) = turns.last_mut() {
        trim(last, losses);
    }
    Ok((system, turns))
}

/// A reply that was begun may not end in white space.
fn trim(last: &mut Turn, losses: &mut Losses) {
    let said = match last.parts.last_mut() {
        Some(Part::Text(said) | Part::Refusal(said)) if last.role == Role::Assistant => said,
        Some(_) | None => return,
    };
    let kept = said.trim_end().len();
    if kept < said.len() {
        said.truncate(kept);
        losses.approximate("messages.content", "white space at the end of a begun reply is cut");
    }
}

fn message(turn: &Turn, losses: &mut Losses) -> Result<Value, Impossible> {
    let role = if turn.role == Role::Assistant { "assistant" } else { "user" };
    let is_result = |part: &&Part| matches!(part, Part::Result(_));
    // Results answer the calls before them, so they come first.
    let results = turn.parts.iter().filter(is_result);
    let others = turn.parts.iter().filter(|part| !is_result(part));
    let blocks: Result<Vec<Value>, Impossible> =
        results.chain(others).map(|part| block(part, losses)).collect();
    Ok(object([("role", role.into()), ("content", blocks?.into())]))
}

fn block(part: &Part, losses: &mut Losses) -> Result<Value, Impossible> {
    Ok(match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Refusal(text) => {
            losses.approximate("messages.refusal", "a refusal is said as text");
            json!({"type": "text", "text": text})
        }
        Part::Image { source, detail } => {
            if detail.as_ref().is_some_and(|detail| detail != "auto") {
                losses.drop("messages.image.detail", "the target looks at images in one way only");
            }
            object([("type", "image".into()), ("source", image(source)?)])
        }
        Part::File { source, name } => {
            let mut document = object([("type", "document".into()), ("source", document(source)?)]);
            if let Some(name) = name {
                document["title"] = Value::from(name.as_str());
            }
            document
        }
        Part::Audio { .. } => {
            return Err(Impossible::new("messages.audio", "the target does not hear"));
        }
        Part::Call(call) => object([
            ("type", "tool_use".into()),
            ("id", id(&call.id).into()),
            ("name", call.name.as_str().into()),
            ("input", arguments(call, losses)),
        ]),
        Part::Result(result) => tool_result(result, losses)?,
    })
}

fn image(source: &Source) -> Result<Value, Impossible> {
    match source {
        Source::Inline { media_type, data } => {
            check_image(media_type, &IMAGES)?;
            Ok(json!({"type": "base64", "media_type": media_type, "data": data}))
        }
        Source::Link(url) => Ok(json!({"type": "url", "url": url})),
        Source::Text(_) => Err(Impossible::new("messages.image", "it is no image")),
    }
}

fn document(source: &Source) -> Result<Value, Impossible> {
    match source {
        Source::Inline { media_type, data } if media_type == DOCUMENT => {
            Ok(json!({"type": "base64", "media_type": media_type, "data": data}))
        }
        Source::Inline { .. } => {
            Err(Impossible::new("messages.document", "the target reads no document of its type"))
        }
        Source::Link(url) => Ok(json!({"type": "url", "url": url})),
        Source::Text(text) => Ok(json!({"type": "text", "media_type": "text/plain", "data": text})),
    }
}

/// An id of the characters that the target takes; calls and results are changed alike.
fn id(id: &str) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if id.is_empty() {
        return "call".to_owned();
    }
    id.chars().map(|char| if fits(char) { char } else { '_' }).collect()
}

fn tool_result(result: &ToolResult, losses: &mut Losses) -> Result<Value, Impossible> {
    let mut written = json!({"type": "tool_result", "tool_use_id": id(&result.id)});
    match &result.parts[..] {
        [] => {}
        [Part::Text(text)] => written["content"] = Value::from(text.as_str()),
        parts => {
            let blocks: Result<Value, Impossible> =
                parts.iter().map(|part| block(part, losses)).collect();
            written["content"] = blocks?;
        }
    }
    if result.is_error {
        written["is_error"] = Value::from(true);
    }
    Ok(written)
}

fn tools(prompt: &Prompt, body: &mut Body<'_>) {
    if prompt.tools.is_empty() {
        return;
    }
    if prompt.tools.iter().any(|tool| tool.is_strict) {
        body.losses
            .approximate("tools.strict", "arguments are not held to their schema in earnest");
    }
    let tools = prompt.tools.iter().map(|tool| {
        let schema = arguments_of(tool, body.losses);
        let mut written = object([("name", tool.name.as_str().into()), ("input_schema", schema)]);
        if let Some(description) = &tool.description {
            written["description"] = Value::from(description.as_str());
        }
        written
    });
    let tools: Value = tools.collect();
    body.must("tools", tools);
    let mut choice = match &prompt.tool_choice {
        None if !prompt.one_call => return,
        None => json!({"type": "auto"}),
        Some(ToolChoice::Required | ToolChoice::Named(_)) if body.refuses(FORCED_TOOL_CHOICE) => {
            body.losses.approximate("tool_choice", "the model cannot be made to call a tool");
            json!({"type": "auto"})
        }
        Some(ToolChoice::None) => json!({"type": "none"}),
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": name}),
    };
    if prompt.one_call && choice["type"] != "none" {
        choice["disable_parallel_tool_use"] = Value::from(true);
    }
    body.set("tool_choice", Some(&choice));
}

/// The schema of a tool's arguments, which is an object's and has no alternatives at its top.
fn arguments_of(tool: &Tool, losses: &mut Losses) -> Value {
    let Some(Value::Object(mut schema)) = tool.schema.clone() else {
        return json!({"type": "object", "properties": {}});
    };
    for name in ["allOf", "anyOf", "oneOf"] {
        if schema.remove(name).is_some() {
            losses.approximate("tools.parameters", &format!("`{name}` cannot be said at the top"));
        }
    }
    let kind = schema.insert("type".to_owned(), Value::from("object"));
    if kind.is_some_and(|kind| kind != "object") {
        losses.approximate("tools.parameters", "arguments are an object");
    }
    Value::Object(schema)
}

fn format(prompt: &Prompt, body: &mut Body<'_>) {
    match &prompt.format {
        Format::Text => {}
        Format::JsonObject => {
            body.losses.drop("response_format", "the target is held to JSON by a schema only");
        }
        Format::Schema(held) => {
            body.cannot("response_format.description", held.description.as_ref());
            let Some(schema) = schema::closed(&held.schema, "response_format", body.losses) else {
                return;
            };
            if !held.is_strict {
                body.losses.approximate("response_format", HELD_IN_EARNEST);
            }
            let config = json!({"format": {"type": "json_schema", "schema": schema}});
            body.set("output_config", Some(&config));
        }
    }
}

fn sampling(prompt: &Prompt, body: &mut Body<'_>) {
    let sampling = &prompt.sampling;
    let hot = sampling.temperature.as_ref().and_then(Number::as_f64).is_some_and(|it| it > 1.0);
    if hot {
        body.losses.approximate("temperature", "the target takes one up to 1 only");
    }
    let temperature = if hot { Some(Number::from(1)) } else { sampling.temperature.clone() };
    // To say what is the default anyway is to say nothing, for models that refuse to be told.
    let is_usual = |value: &Number| value.as_f64() == Some(1.0);
    let temperature = temperature.filter(|it| !(body.refuses("temperature") && is_usual(it)));
    body.set("temperature", temperature.as_ref());
    // Present models take one of the two.
    if temperature.is_none() {
        body.set("top_p", sampling.top_p.as_ref());
    } else if sampling.top_p.as_ref().and_then(Number::as_f64).is_some_and(|it| it != 1.0) {
        body.losses.drop("top_p", "the target takes it or a temperature, not both");
    }
    body.set("top_k", sampling.top_k.as_ref());
    body.cannot("seed", sampling.seed.as_ref());
    body.cannot("presence_penalty", sampling.presence_penalty.as_ref());
    body.cannot("frequency_penalty", sampling.frequency_penalty.as_ref());
    let said = |text: &&String| !text.trim().is_empty();
    if !sampling.stop.iter().all(|text| said(&text)) {
        body.losses.drop("stop", "the target does not stop at white space");
    }
    let stop: Vec<String> = sampling.stop.iter().filter(said).cloned().collect();
    body.set("stop_sequences", (!stop.is_empty()).then_some(&stop));
}
