//! What the shape of a request for content cannot say.

use super::{
    super::{invalid, model, problem},
    items, schema,
};
use crate::sim::{dialect::Refusal, question::Told};
use serde_json::Value;

/// So many texts may end an answer.
const STOPS_MAX: usize = 5;
/// A function's name is no longer.
const NAME_CHARS_MAX: usize = 64;
/// What a part holds one of.
const DATA: [&str; 7] = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
];
/// What a caller may send in place of a signature that it does not have.
const NO_SIGNATURE: [&str; 2] =
    ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

pub(crate) fn check(name: &str, body: &Value) -> Result<(), Refusal> {
    contents(body)?;
    calls(body)?;
    if model::wants_signatures(name) {
        signatures(body)?;
    }
    functions(body)?;
    config(name, body)
}

fn contents(body: &Value) -> Result<(), Refusal> {
    if items(&body["contents"]).next().is_none() {
        return Err(problem::missing("contents"));
    }
    for (place, content) in items(&body["contents"]).enumerate() {
        let at = format!("contents[{place}]");
        if !matches!(content["role"].as_str(), None | Some("user" | "model" | "function")) {
            return Err(invalid("Please use a valid role: user, model."));
        }
        parts(content, &at)?;
    }
    match body.get("systemInstruction") {
        Some(system) => parts(system, "system_instruction"),
        None => Ok(()),
    }
}

fn parts(content: &Value, at: &str) -> Result<(), Refusal> {
    if items(&content["parts"]).next().is_none() {
        let why = "contents.parts must not be empty.";
        return Err(problem::wrong(&format!("{at}.parts"), why));
    }
    for (place, part) in items(&content["parts"]).enumerate() {
        let at = format!("{at}.parts[{place}]");
        let held =
            DATA.iter().filter(|field| part.get(field).is_some_and(|value| !value.is_null()));
        match held.count() {
            0 => {
                let why = "required oneof field 'data' must have one initialized field";
                return Err(problem::wrong(&format!("{at}.data"), why));
            }
            1 => {}
            _ => {
                return Err(invalid(&format!(
                    "Invalid value at '{at}' (oneof), oneof field 'data' is already set."
                )));
            }
        }
        let inline = &part["inlineData"];
        if inline.is_object() && !["mimeType", "data"].iter().all(|field| inline[field].is_string())
        {
            return Err(invalid("Unable to process input image. Please retry or report."));
        }
        for (field, told) in
            [("functionCall", "function_call"), ("functionResponse", "function_response")]
        {
            let named = part[field]["name"].as_str().is_some_and(|name| !name.is_empty());
            if part[field].is_object() && !named {
                return Err(problem::wrong(&format!("{at}.{told}.name"), "Name cannot be empty."));
            }
        }
    }
    Ok(())
}

/// The names at a field of a content's parts, sorted.
fn named<'a>(content: &'a Value, field: &str) -> Vec<&'a str> {
    let names = items(&content["parts"]).filter_map(|part| part[field]["name"].as_str());
    let mut names = names.collect::<Vec<_>>();
    names.sort_unstable();
    names
}

/// Whose calls are answered right behind them, each once; where both have an id, by that id.
fn calls(body: &Value) -> Result<(), Refusal> {
    let contents = items(&body["contents"]).collect::<Vec<_>>();
    for (place, content) in contents.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| contents.get(place).copied());
        let behind = contents.get(place + 1).copied();
        let (called, answered) =
            (named(content, "functionCall"), named(content, "functionResponse"));
        let is_model = content["role"] == "model";
        if !called.is_empty()
            && (!is_model || before.is_none_or(|before| before["role"] == "model"))
        {
            return Err(invalid(
                "Please ensure that function call turn comes immediately after a user turn or after \
                 a function response turn.",
            ));
        }
        let asked = before.map_or(Vec::new(), |before| named(before, "functionCall"));
        if !answered.is_empty() && (is_model || asked.is_empty()) {
            return Err(invalid(
                "Please ensure that function response turn comes immediately after a function call \
                 turn.",
            ));
        }
        let heard = behind.map_or(Vec::new(), |behind| named(behind, "functionResponse"));
        if !called.is_empty() && heard.len() != called.len() {
            return Err(invalid(
                "Please ensure that the number of function response parts is equal to the number of \
                 function call parts of the function call turn.",
            ));
        }
        if !called.is_empty() && heard != called {
            return Err(invalid(
                "Please ensure that function response parts have the names of the function call parts \
                 of the function call turn.",
            ));
        }
    }
    Ok(())
}

/// Of each step of the turn that goes on, the first call brings back its signature.
fn signatures(body: &Value) -> Result<(), Refusal> {
    let contents = items(&body["contents"]).collect::<Vec<_>>();
    let says = |content: &&Value| {
        content["role"] != "model" && named(content, "functionResponse").is_empty()
    };
    let turn = contents.iter().rposition(says).unwrap_or(0);
    for (place, content) in contents.iter().enumerate().skip(turn) {
        let first =
            items(&content["parts"]).enumerate().find(|(_, part)| part["functionCall"].is_object());
        let Some((at, part)) = first else { continue };
        let name = part["functionCall"]["name"].as_str().unwrap_or_default();
        match part["thoughtSignature"].as_str() {
            None => {
                return Err(invalid(&format!(
                    "Function call is missing a thought_signature in functionCall parts. This is \
                     required for tools to work correctly, and missing thought_signature may lead to \
                     degraded model performance. Additional data, function call `default_api:{name}` , \
                     position {}. Please refer to \
                     https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                    place + at + 1
                )));
            }
            Some(signature) if NO_SIGNATURE.contains(&signature) => {}
            Some(signature) if signature == Told::signature(name) => {}
            Some(_) => return Err(invalid("Thought signature is not valid.")),
        }
    }
    Ok(())
}

fn functions(body: &Value) -> Result<(), Refusal> {
    let mut names = Vec::new();
    for (tool_place, tool) in items(&body["tools"]).enumerate() {
        for (place, function) in items(&tool["functionDeclarations"]).enumerate() {
            let at = format!("tools[{tool_place}].function_declarations[{place}]");
            let name = function["name"].as_str().unwrap_or_default();
            let well = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
            let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !begins || name.len() > NAME_CHARS_MAX || !name.chars().all(well) {
                return Err(problem::wrong(
                    &format!("{at}.name"),
                    "[Invalid function name]. Must start with a letter or an underscore. Must be \
                     alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes \
                     (-), with a maximum length of 64.",
                ));
            }
            if names.contains(&name) {
                return Err(invalid(&format!("Duplicate function declaration found: {name}")));
            }
            names.push(name);
            if function["parameters"].is_object() && function["parametersJsonSchema"].is_object() {
                let why = "only one of parameters and parameters_json_schema may be set";
                return Err(problem::wrong(&format!("{at}.parameters"), why));
            }
            schema::check(&function["parameters"], &format!("{at}.parameters"))?;
        }
    }
    let config = &body["toolConfig"]["functionCallingConfig"];
    let allowed =
        items(&config["allowedFunctionNames"]).filter_map(Value::as_str).collect::<Vec<_>>();
    if !allowed.is_empty() && !matches!(config["mode"].as_str(), Some("ANY" | "VALIDATED")) {
        return Err(invalid(
            "Allowed function names can only be set when function calling mode is ANY.",
        ));
    }
    match allowed.iter().find(|name| !names.contains(name)) {
        Some(name) => Err(invalid(&format!("Allowed function name {name} is not declared."))),
        None => Ok(()),
    }
}

fn config(name: &str, body: &Value) -> Result<(), Refusal> {
    let config = &body["generationConfig"];
    if items(&config["stopSequences"]).count() > STOPS_MAX {
        let why = format!("must have at most {STOPS_MAX} elements");
        return Err(problem::wrong("generation_config.stop_sequences", &why));
    }
    if config["maxOutputTokens"].as_u64().is_some_and(|most| most > model::OUTPUT_TOKENS_MAX) {
        let why = format!("must be at most {}", model::OUTPUT_TOKENS_MAX);
        return Err(problem::wrong("generation_config.max_output_tokens", &why));
    }
    let schemas = ["responseSchema", "responseJsonSchema"].map(|field| config[field].is_object());
    let json =
        matches!(config["responseMimeType"].as_str(), Some("application/json" | "text/x.enum"));
    if schemas == [true, true] {
        return Err(invalid("Only one of response_schema and response_json_schema may be set."));
    }
    if schemas.contains(&true) && !json {
        return Err(invalid(
            "Response schema is only supported with response mime type 'application/json'.",
        ));
    }
    let calls = items(&body["tools"]).any(|tool| tool["functionDeclarations"].is_array());
    if json && calls && !model::has_levels(name) {
        return Err(invalid(
            "Function calling with a response mime type: 'application/json' is unsupported",
        ));
    }
    schema::check(&config["responseSchema"], "generation_config.response_schema")?;
    let thinking = &config["thinkingConfig"];
    match (thinking["thinkingBudget"].is_number(), thinking["thinkingLevel"].is_string()) {
        (true, true) => {
            Err(invalid("You can only set only one of thinking budget and thinking level."))
        }
        (false, true) if !model::has_levels(name) => {
            Err(invalid("Thinking level is not supported for this model."))
        }
        (_, _) => Ok(()),
    }
}
