//! A neutral prompt, as a call of `generateContent`.

use super::schema;
use crate::translate::{
    Body, Format, Impossible, Losses, Part, Prompt, Role, Source, Tool, ToolChoice, ToolResult,
    Turn, Voice, arguments, check_image, object, object_of, pruned_text,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const IMAGES: [&str; 5] = ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];
/// More sequences that end a reply are refused.
const STOP_MAX: usize = 5;
const HELD_IN_EARNEST: &str =
    "the target is held to the schema in earnest, where the call only asks";
/// Models that do not want back what they thought with each call of a tool. All later ones do, and a name
/// like `gemini-flash-latest` is one of those sooner or later.
const THOUGHTLESS: [&str; 4] = ["gemini-1", "gemini-2", "gemini-pro", "gemma"];
/// What the API takes for thoughts behind a call that another model made, as it is written here and not in
/// base64. Google's own page has it for histories that come from another model, beside
/// `context_engineering_is_the_way_to_go` (ai.google.dev/gemini-api/docs/thought-signatures, the first of its
/// FAQs, as of 2025-11-18), and Google's own client sends it (github.com/google-gemini/gemini-cli at 5411f11,
/// packages/core/src/core/geminiChat.ts).
pub(super) const NO_THOUGHT: &str = "skip_thought_signature_validator";

pub(crate) fn write(
    prompt: &mut Prompt,
    mut body: Body<'_>,
) -> Result<Map<String, Value>, Impossible> {
    let instructions = prompt.all_instructions();
    if instructions.len() > prompt.instructions.len() {
        body.losses
            .approximate("messages.system", "instructions between turns are moved to the top");
    }
    if instructions.iter().any(|it| it.voice == Voice::Developer) {
        body.losses
            .approximate("messages.developer", "the developer's words are said as the system's");
    }
    let mut system: Vec<String> = instructions.into_iter().map(|it| it.text).collect();
    let mut turns = prompt.take_alternating();
    if turns.is_empty() {
        let Some(last) = system.pop() else {
            return Err(Impossible::new("messages", "nothing is said in it"));
        };
        body.losses
            .approximate("messages.system", "the last instruction is said as the user's words");
        turns.push(Turn { role: Role::User, parts: vec![Part::Text(last)] });
    }
    if !system.is_empty() {
        let parts = system.iter().map(|text| json!({ "text": text }));
        body.must("systemInstruction", json!({ "parts": parts.collect::<Value>() }));
    }
    let thinks = thinks(body.target.model);
    let contents: Vec<Value> = (0..turns.len())
        .map(|at| content(&turns, at, thinks, body.losses))
        .collect::<Result<_, _>>()?;
    body.must("contents", contents);
    if !thinks && !prompt.tools.is_empty() && prompt.format != Format::Text {
        // "Function calling with a response mime type: 'application/json' is unsupported".
        let reason = "the target may not call tools where its reply is held to a form";
        return Err(Impossible::new("response_format", reason));
    }
    tools(prompt, &mut body);
    config(prompt, &mut body);
    for (name, said) in
        [("reasoning_effort", prompt.effort.is_some()), ("user", prompt.user.is_some())]
    {
        if said {
            body.losses.drop(name, "the target has no place for it");
        }
    }
    if !prompt.metadata.is_empty() {
        body.losses.drop("metadata", "the target keeps none");
    }
    Ok(body.finish())
}

/// Whether a model wants back what it thought with each call of a tool.
pub(crate) fn thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or_default();
    !THOUGHTLESS.iter().any(|it| name.starts_with(it))
}

fn content(
    turns: &[Turn],
    at: usize,
    thinks: bool,
    losses: &mut Losses,
) -> Result<Value, Impossible> {
    let turn = &turns[at];
    let role = if turn.role == Role::Assistant { "model" } else { "user" };
    let before = at.checked_sub(1).map(|before| &turns[before]);
    let mut parts = Vec::new();
    let mut unsigned = thinks;
    for item in ordered(turn, before) {
        let mut written = part(item, losses)?;
        if let (Part::Call(_), true) = (item, unsigned) {
            losses.approximate("messages.tool_calls", "thoughts behind the calls are not known");
            written["thoughtSignature"] = Value::from(NO_THOUGHT);
            unsigned = false;
        }
        parts.push(written);
    }
    Ok(object([("role", role.into()), ("parts", parts.into())]))
}

/// Results are told apart by their places, so they come in the order of the calls that they answer.
fn ordered<'t>(turn: &'t Turn, before: Option<&Turn>) -> Vec<&'t Part> {
    let calls = before.into_iter().flat_map(|turn| &turn.parts).filter_map(|part| match part {
        Part::Call(call) => Some(call.id.as_str()),
        _ => None,
    });
    let places: BTreeMap<&str, usize> = calls.zip(0..).collect();
    let place = |part: &&Part| match part {
        Part::Result(result) => places.get(result.id.as_str()).copied().unwrap_or(usize::MAX - 1),
        _ => usize::MAX,
    };
    let mut parts: Vec<&Part> = turn.parts.iter().collect();
    if turn.role == Role::User {
        parts.sort_by_key(place);
    }
    parts
}

fn part(part: &Part, losses: &mut Losses) -> Result<Value, Impossible> {
    Ok(match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Refusal(text) => {
            losses.approximate("messages.refusal", "a refusal is said as text");
            json!({ "text": text })
        }
        Part::Image { source, detail } => {
            if detail.as_ref().is_some_and(|detail| detail != "auto") {
                losses.drop("messages.image.detail", "the target looks at images in one way only");
            }
            if let Source::Inline { media_type, .. } = source {
                check_image(media_type, &IMAGES)?;
            }
            inline(source)?
        }
        Part::File { source: Source::Text(text), .. } => {
            losses.approximate("messages.document", "a document of text is said as text");
            json!({ "text": text })
        }
        Part::File { source, name } => {
            if name.is_some() {
                losses.drop("messages.document.name", "files have no names there");
            }
            inline(source)?
        }
        Part::Audio { source } => inline(source)?,
        Part::Call(call) => {
            let name = call.name.as_str().into();
            object([("functionCall", object([("name", name), ("args", arguments(call, losses))]))])
        }
        Part::Result(it) => {
            let name = it.name.as_str().into();
            object([("functionResponse", object([("name", name), ("response", response(it)?)]))])
        }
    })
}

fn inline(source: &Source) -> Result<Value, Impossible> {
    match source {
        Source::Inline { media_type, data } => {
            Ok(json!({"inlineData": {"mimeType": media_type, "data": data}}))
        }
        Source::Link(_) => {
            Err(Impossible::new("messages.media", "the target takes no links to media"))
        }
        Source::Text(text) => Ok(json!({ "text": text })),
    }
}

/// A result is an object: the one that its text is, or one around the text.
fn response(result: &ToolResult) -> Result<Value, Impossible> {
    let text = pruned_text(&result.parts)?;
    Ok(match (result.is_error, object_of(&text)) {
        (true, _) => json!({ "error": text }),
        (false, Some(object)) => Value::Object(object),
        (false, None) => json!({ "result": text }),
    })
}

fn tools(prompt: &Prompt, body: &mut Body<'_>) {
    if prompt.tools.is_empty() {
        return;
    }
    if prompt.tools.iter().any(|tool| tool.is_strict) {
        body.losses
            .approximate("tools.strict", "arguments are not held to their schema in earnest");
    }
    let functions: Vec<Value> =
        prompt.tools.iter().map(|tool| function(tool, body.losses)).collect();
    body.must("tools", vec![object([("functionDeclarations", functions.into())])]);
    if prompt.one_call {
        body.losses.drop("parallel_tool_calls", "the target calls as many tools as it likes");
    }
    let config = match &prompt.tool_choice {
        None => return,
        Some(ToolChoice::None) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required) => json!({"mode": "ANY"}),
        Some(ToolChoice::Named(name)) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.set("toolConfig", Some(&json!({"functionCallingConfig": config})));
}

/// Arguments are an object with members, so a function that takes none, or any, has no schema.
fn function(tool: &Tool, losses: &mut Losses) -> Value {
    let mut written = json!({"name": tool.name});
    if let Some(description) = &tool.description {
        written["description"] = Value::from(description.as_str());
    }
    let Some(schema) = &tool.schema else { return written };
    let schema = schema::own(schema, "tools.parameters", losses);
    if schema.get("properties").is_some() {
        written["parameters"] = schema;
    } else {
        losses.approximate("tools.parameters", "an object of any members cannot be said");
    }
    written
}

/// The configuration, whose members may be refused like those of a body.
fn config(prompt: &Prompt, body: &mut Body<'_>) {
    let mut config = Body::new(body.target, body.losses);
    let sampling = &prompt.sampling;
    config.set("maxOutputTokens", sampling.output_tokens_max.as_ref());
    config.set("temperature", sampling.temperature.as_ref());
    config.set("topP", sampling.top_p.as_ref());
    config.set("topK", sampling.top_k.as_ref());
    config.set("seed", sampling.seed.as_ref());
    config.set("presencePenalty", sampling.presence_penalty.as_ref());
    config.set("frequencyPenalty", sampling.frequency_penalty.as_ref());
    if sampling.stop.len() > STOP_MAX {
        config.losses.approximate("stop", "the target takes five sequences only");
    }
    let stop: Vec<String> = sampling.stop.iter().take(STOP_MAX).cloned().collect();
    config.set("stopSequences", (!stop.is_empty()).then_some(&stop));
    let json = Value::from("application/json");
    match &prompt.format {
        Format::Text => {}
        Format::JsonObject => config.set("responseMimeType", Some(&json)),
        Format::Schema(held) => {
            if !held.is_strict {
                config.losses.approximate("response_format", HELD_IN_EARNEST);
            }
            config.cannot("response_format.description", held.description.as_ref());
            let schema = schema::own(&held.schema, "response_format", config.losses);
            config.set("responseMimeType", Some(&json));
            config.set("responseSchema", Some(&schema));
        }
    }
    let config = config.finish();
    if !config.is_empty() {
        body.must("generationConfig", config);
    }
}
