//! A call of `generateContent`, as a neutral prompt.

use super::{call, content, schema};
use crate::{
    fields::{Fields, members, nonempty, text},
    media,
    translate::{
        Format, Held, Impossible, Losses, Part, Prompt, Role, Sampling, Source, Tool, ToolCall,
        ToolChoice, ToolResult, Voice, arguments_schema, instruction, number,
    },
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Members that are read here, or say nothing that another form could lack.
const KNOWN: [&str; 8] = [
    "cachedContent",
    "contents",
    "generationConfig",
    "labels",
    "model",
    "systemInstruction",
    "toolConfig",
    "tools",
];
/// The same of the configuration.
const KNOWN_CONFIG: [&str; 16] = [
    "candidateCount",
    "frequencyPenalty",
    "logprobs",
    "maxOutputTokens",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "seed",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];
/// The same of what they hold.
const CONTENT: [&str; 2] = ["parts", "role"];
const PART: [&str; 7] = [
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "text",
    "thought",
    "thoughtSignature",
];
const MEDIA: [&str; 4] = ["data", "displayName", "fileUri", "mimeType"];
const CALL: [&str; 3] = ["args", "id", "name"];
const RESPONSE: [&str; 4] = ["id", "name", "parts", "response"];
const FUNCTION: [&str; 4] = ["description", "name", "parameters", "parametersJsonSchema"];
const TOOL_CONFIG: [&str; 1] = ["functionCallingConfig"];
const CALLING: [&str; 2] = ["allowedFunctionNames", "mode"];

pub(crate) fn read(fields: &Fields, losses: &mut Losses) -> Result<Prompt, Impossible> {
    let fields = &call::camel(fields.clone());
    losses.unknown("", content::camel(&fields.0), &KNOWN);
    let config = fields.get("generationConfig").unwrap_or(&Value::Null);
    losses.unknown("", content::camel(members(config)), &KNOWN_CONFIG);
    if content::member(config, "thinkingConfig").is_some_and(|it| !it.is_null()) {
        losses.drop("thinkingConfig", "how much a model reasons is the target's own affair");
    }
    let mut prompt = Prompt {
        tools: tools(fields, losses)?,
        tool_choice: tool_choice(fields, losses),
        format: format(config),
        sampling: sampling(config),
        metadata: fields.texts("labels"),
        ..Prompt::default()
    };
    let system = fields.get("systemInstruction").unwrap_or(&Value::Null);
    losses.unknown("systemInstruction", content::camel(members(system)), &CONTENT);
    let system: Vec<Option<Part>> =
        content::parts(system).map(|part| read_part(part, losses)).collect::<Result<_, _>>()?;
    let system = instruction(&system.into_iter().flatten().collect::<Vec<_>>())?;
    prompt.instruct(Voice::System, system.into_iter());
    for item in call::contents(fields).unwrap_or_default() {
        add(&mut prompt, item, losses)?;
    }
    Ok(prompt)
}

fn add(prompt: &mut Prompt, item: &Value, losses: &mut Losses) -> Result<(), Impossible> {
    losses.unknown("contents", content::camel(members(item)), &CONTENT);
    let role = match text(item, "role") {
        Some("model") => Role::Assistant,
        None | Some("user" | "function" | "") => Role::User,
        Some(_) => {
            return Err(Impossible::new("contents.role", "it is a role that no other form has"));
        }
    };
    let mut parts = Vec::new();
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    let mut next = prompt.next_call();
    for part in content::parts(item) {
        if content::is_thought(part) || content::member(part, "thoughtSignature").is_some() {
            losses.drop("contents.thought", "only the model that wrote it can read it");
        }
        if content::is_thought(part) {
            continue;
        }
        if let Some(call) = content::member(part, "functionCall") {
            losses.unknown("contents.functionCall", content::camel(members(call)), &CALL);
            parts.push(Part::Call(read_call(call, next)));
            next += 1;
        } else if let Some(response) = content::member(part, "functionResponse") {
            let said = result_parts(response, losses)?;
            parts.push(Part::Result(result(prompt, response, said, &mut answered)?));
        } else {
            parts.extend(read_part(part, losses)?);
            continue;
        }
        losses.unknown("contents.parts", content::camel(members(part)), &PART);
    }
    prompt.say(role, parts);
    Ok(())
}

/// The form needs no ids; others do.
fn read_call(call: &Value, nth: usize) -> ToolCall {
    let args = call.get("args").filter(|args| !args.is_null());
    ToolCall {
        id: nonempty(call.get("id")).unwrap_or_else(|| format!("call_{nth}")),
        name: text(call, "name").unwrap_or_default().to_owned(),
        arguments: args.map_or_else(|| "{}".to_owned(), Value::to_string),
    }
}

/// Without an id, a result answers the calls of its tool in their order; `answered` counts them.
fn result(
    prompt: &Prompt,
    response: &Value,
    (parts, is_error): (Vec<Part>, bool),
    answered: &mut BTreeMap<String, usize>,
) -> Result<ToolResult, Impossible> {
    let name = text(response, "name").unwrap_or_default().to_owned();
    let nth = answered.entry(name.clone()).or_default();
    let by_order = prompt.latest_call_of(&name, *nth).map(str::to_owned);
    *nth += 1;
    let id = nonempty(response.get("id")).or(by_order);
    let id = id.ok_or_else(|| Impossible::new("contents", "a tool's result answers no call"))?;
    Ok(ToolResult { id, name, parts, is_error })
}

/// What a tool gave back, its media behind its words, and whether it failed.
fn result_parts(response: &Value, losses: &mut Losses) -> Result<(Vec<Part>, bool), Impossible> {
    losses.unknown("contents.functionResponse", content::camel(members(response)), &RESPONSE);
    let (text, is_error) = words(response.get("response").unwrap_or(&Value::Null));
    let mut parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] };
    for part in content::parts(response) {
        parts.extend(read_part(part, losses)?);
    }
    Ok((parts, is_error))
}

/// A result of one text under the usual names is that text.
fn words(response: &Value) -> (String, bool) {
    let single = response.as_object().filter(|members| members.len() == 1);
    let said = |name: &str| single?.get(name)?.as_str().map(str::to_owned);
    match (said("result").or_else(|| said("output")), said("error")) {
        (Some(text), _) => (text, false),
        (None, Some(text)) => (text, true),
        (None, None) if response.is_null() => (String::new(), false),
        (None, None) => (response.to_string(), false),
    }
}

fn read_part(part: &Value, losses: &mut Losses) -> Result<Option<Part>, Impossible> {
    losses.unknown("contents.parts", content::camel(members(part)), &PART);
    if let Some(said) = text(part, "text") {
        return Ok((!said.is_empty()).then(|| Part::Text(said.to_owned())));
    }
    let media_type = content::media_type(part).unwrap_or_default().to_owned();
    let inline = content::member(part, "inlineData").and_then(|it| text(it, "data"));
    let source = match (inline, content::file_uri(part)) {
        (Some(data), _) => Source::Inline { media_type: media_type.clone(), data: data.to_owned() },
        (None, Some(uri)) => Source::Link(uri.to_owned()),
        (None, None) => {
            return Err(Impossible::new(
                "contents.parts",
                "it has a part of a kind that no other form has",
            ));
        }
    };
    let media = ["inlineData", "fileData"].into_iter().find_map(|it| content::member(part, it));
    let media = media.unwrap_or(&Value::Null);
    losses.unknown("contents.media", content::camel(members(media)), &MEDIA);
    let name = nonempty(content::member(media, "displayName"));
    let kind = media::kind(&media_type);
    if name.is_some() && kind != "file" {
        losses.drop("contents.media.displayName", "only files have names elsewhere");
    }
    Ok(Some(match kind {
        "image" => Part::Image { source, detail: None },
        "audio" => Part::Audio { source },
        _ => Part::File { source, name },
    }))
}

/// Each tool is an object with a member of its kind's name.
fn tools(fields: &Fields, losses: &mut Losses) -> Result<Vec<Tool>, Impossible> {
    let kinds = fields.items("tools").flat_map(|tool| content::camel(members(tool)));
    let mut set = kinds.filter(|(_, tool)| !tool.is_null());
    if set.any(|(kind, _)| kind != "functionDeclarations") {
        return Err(Impossible::new("tools", "a tool is no function, which has no like elsewhere"));
    }
    Ok(call::functions(fields).map(|function| tool(function, losses)).collect())
}

fn tool(function: &Value, losses: &mut Losses) -> Tool {
    losses.unknown("tools", content::camel(members(function)), &FUNCTION);
    let schema = call::function_schema(function).map(schema::standard);
    Tool {
        name: text(function, "name").unwrap_or_default().to_owned(),
        description: nonempty(function.get("description")),
        schema: arguments_schema(schema.as_ref()),
        is_strict: false,
    }
}

fn tool_choice(fields: &Fields, losses: &mut Losses) -> Option<ToolChoice> {
    let config = fields.get("toolConfig")?;
    losses.unknown("toolConfig", content::camel(members(config)), &TOOL_CONFIG);
    let config = content::member(config, "functionCallingConfig")?;
    losses.unknown("toolConfig", content::camel(members(config)), &CALLING);
    let names = content::member(config, "allowedFunctionNames").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    match (text(config, "mode"), &names[..]) {
        (Some("NONE"), _) => Some(ToolChoice::None),
        (Some("ANY"), [name]) => Some(ToolChoice::Named((*name).to_owned())),
        (Some("ANY"), names) => {
            if !names.is_empty() {
                losses.approximate("toolConfig", "a choice among some tools is said as a free one");
            }
            Some(ToolChoice::Required)
        }
        (Some("VALIDATED"), _) => {
            losses.approximate("toolConfig", "calls are not held to their schema in earnest");
            None
        }
        (Some(_) | None, _) => None,
    }
}

/// The API holds its replies to a schema in earnest.
fn format(config: &Value) -> Format {
    match (call::response_schema(config), content::member(config, "responseMimeType")) {
        (Some(schema), _) => {
            Format::Schema(Held { name: None, description: None, schema, is_strict: true })
        }
        (None, Some(kind)) if kind == "application/json" => Format::JsonObject,
        (None, Some(_) | None) => Format::Text,
    }
}

fn sampling(config: &Value) -> Sampling {
    let get = |name: &str| content::member(config, name);
    let stop = get("stopSequences").and_then(Value::as_array).into_iter().flatten();
    Sampling {
        output_tokens_max: get("maxOutputTokens").and_then(Value::as_u64),
        temperature: number(get("temperature")),
        top_p: number(get("topP")),
        top_k: number(get("topK")),
        seed: number(get("seed")),
        presence_penalty: number(get("presencePenalty")),
        frequency_penalty: number(get("frequencyPenalty")),
        stop: stop.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
