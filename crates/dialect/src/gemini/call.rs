use super::{
    content,
    path::{GENERATE, Path, STREAM},
};
use crate::{
    OPAQUE,
    fields::{Fields, text},
    media, transcript, unreplayable,
};
use exchange::{Call, Headers};
use memchr::memmem::Finder;
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};

/// Methods of models that are known by name beside generating.
const METHODS: [&str; 5] =
    ["batchEmbedContents", "batchGenerateContent", "countTokens", "embedContent", "predict"];
/// Endpoints that are known by the first segment of this name in their path.
const KNOWN: [&str; 7] =
    ["batches", "cachedContents", "corpora", "files", "models", "operations", "tunedModels"];
/// Tools that the client runs; all others run at the provider.
const CLIENT_TOOLS: [&str; 2] = ["functionDeclarations", "computerUse"];
const SEARCHES: [&str; 3] = ["googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"];
/// No call without one of these carries a turn of the model.
static HISTORY_MARKS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["\"model\"", "assistant", "\\u"].map(Finder::new));

pub(crate) fn read(method: &str, path: &str, headers: &Headers, body: &[u8]) -> Call {
    let asked = Path::read(path);
    let endpoint = endpoint(method, path, asked.as_ref());
    let fields = Fields::read(headers, body).map(camel);
    let mut call = Call {
        endpoint: endpoint.to_owned(),
        model: asked.as_ref().map(|path| path.model.to_owned()).filter(|name| !name.is_empty()),
        stream: asked.is_some_and(|path| path.method == STREAM),
        ..Call::default()
    };
    if endpoint != GENERATE {
        // Embeddings often come back without a word on usage, which is then counted by what was said.
        let said = fields.as_ref().and_then(|fields| fields.get("content")).map(content::words);
        call.transcript = said.map(|text| ("user".to_owned(), text)).into_iter().collect();
        call.unreplayable.push(unreplayable::ENDPOINT.to_owned());
        return call;
    }
    match fields.as_ref().and_then(|fields| Some((fields, contents(fields)?))) {
        Some((fields, contents)) => fill(fields, &contents, &mut call),
        None => call.unreplayable.push(unreplayable::BODY.to_owned()),
    }
    call
}

/// Whether [`read`] may find a turn of the model: the dialect has no conversation of its own.
pub(crate) fn may_tell_conversation(
    method: &str,
    path: &str,
    headers: &Headers,
    body: &[u8],
) -> bool {
    let is_plain = headers.get("content-encoding").is_none();
    endpoint(method, path, Path::read(path).as_ref()) == GENERATE
        && !(is_plain && HISTORY_MARKS.iter().all(|mark| mark.find(body).is_none()))
}

fn endpoint(method: &str, path: &str, asked: Option<&Path<'_>>) -> &'static str {
    if let Some(asked) = asked {
        return match asked.method {
            GENERATE | STREAM if method.eq_ignore_ascii_case("POST") => GENERATE,
            other => METHODS.into_iter().find(|name| *name == other).unwrap_or(OPAQUE),
        };
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let known = |segment: &str| KNOWN.into_iter().find(|name| *name == segment);
    path.split('/').find_map(known).unwrap_or(OPAQUE)
}

/// The members in camel case; both spellings are taken by the API.
pub(crate) fn camel(fields: Fields) -> Fields {
    let named = |name: String| match name.as_str() {
        "system_instruction" => "systemInstruction".to_owned(),
        "generation_config" => "generationConfig".to_owned(),
        "tool_config" => "toolConfig".to_owned(),
        "safety_settings" => "safetySettings".to_owned(),
        "cached_content" => "cachedContent".to_owned(),
        _ => name,
    };
    Fields(fields.0.into_iter().map(|(name, value)| (named(name), value)).collect())
}

/// The contents: a list, or a single one.
pub(crate) fn contents(fields: &Fields) -> Option<Vec<&Value>> {
    match fields.get("contents")? {
        Value::Array(contents) => Some(contents.iter().collect()),
        single @ Value::Object(_) => Some(vec![single]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn fill(fields: &Fields, contents: &[&Value], call: &mut Call) {
    let system = fields.get("systemInstruction").map(content::words);
    let system = system.map(|text| ("system".to_owned(), text));
    let turns = contents.iter().flat_map(|content| content::turns(content));
    transcript::fill(call, system.into_iter().chain(turns).collect());
    let config = fields.get("generationConfig").unwrap_or(&Value::Null);
    call.tools = tools(fields);
    call.tool_schemas = tool_schemas(fields);
    (call.response_format, call.response_schema) = response_format(config);
    call.parameters = parameters(fields, config);
    call.media = media::kinds(parts(contents).filter_map(content::media_type).map(media::kind));
    call.output_tokens_max = content::member(config, "maxOutputTokens").and_then(Value::as_u64);
    call.metadata = fields.texts("labels");
    call.offers = fields.written(&["tools"]);
    call.offers.extend(call.response_schema.as_ref().map(Value::to_string));
    call.unreplayable = unreplayable(fields, config, contents);
}

/// The parts of the contents, those inside the results of tools among them.
fn parts<'c>(contents: &'c [&'c Value]) -> impl Iterator<Item = &'c Value> {
    contents.iter().flat_map(|content| content::parts(content)).flat_map(|part| {
        let result = content::member(part, "functionResponse");
        std::iter::once(part).chain(result.into_iter().flat_map(content::parts))
    })
}

/// The functions that are declared, and the names of other tools.
fn tools(fields: &Fields) -> Vec<String> {
    let other = kinds(fields).into_iter().filter(|kind| kind != CLIENT_TOOLS[0]);
    let functions = functions(fields).filter_map(|it| text(it, "name").map(str::to_owned));
    functions.chain(other).collect()
}

/// The kinds of the tools: each is an object with a member of its kind's name.
fn kinds(fields: &Fields) -> Vec<String> {
    let objects = fields.items("tools").filter_map(Value::as_object);
    let names = objects.flat_map(|tool| tool.keys());
    let camel = |name: &String| {
        let known = CLIENT_TOOLS.iter().chain(&SEARCHES);
        let mut known = known.filter(|known| content::snake(known) == *name);
        known.next().map_or_else(|| name.clone(), |known| (*known).to_owned())
    };
    names.map(camel).collect()
}

pub(crate) fn functions(fields: &Fields) -> impl Iterator<Item = &Value> {
    let declared = |tool| content::member(tool, "functionDeclarations").and_then(Value::as_array);
    fields.items("tools").filter_map(declared).flatten()
}

/// The schema of a function's arguments: JSON Schema, or the API's own form of it.
pub(crate) fn function_schema(function: &Value) -> Option<&Value> {
    content::member(function, "parametersJsonSchema").or_else(|| function.get("parameters"))
}

fn tool_schemas(fields: &Fields) -> BTreeMap<String, Value> {
    let schema = |function: &Value| {
        let schema = function_schema(function).filter(|schema| !schema.is_null())?;
        Some((text(function, "name")?.to_owned(), super::schema::standard(schema)))
    };
    functions(fields).filter_map(schema).collect()
}

fn response_format(config: &Value) -> (Option<String>, Option<Value>) {
    let schema = response_schema(config);
    let kind = content::member(config, "responseMimeType").and_then(Value::as_str);
    let format = match (&schema, kind) {
        (Some(_), _) => Some("json_schema".to_owned()),
        (None, Some("application/json")) => Some("json_object".to_owned()),
        (None, Some(_) | None) => None,
    };
    (format, schema)
}

/// The schema that the reply must satisfy, as JSON Schema.
pub(crate) fn response_schema(config: &Value) -> Option<Value> {
    let written = content::member(config, "responseJsonSchema");
    let own = || content::member(config, "responseSchema").map(super::schema::standard);
    written.cloned().or_else(own).filter(|schema| !schema.is_null())
}

/// The members of the body and of its configuration, which hold what other dialects say at the top.
fn parameters(fields: &Fields, config: &Value) -> Vec<String> {
    let set = config.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let mut names = fields.names();
    names.retain(|name| name != "generationConfig");
    names.extend(set.map(|(name, _)| name.clone()));
    names.sort();
    names.dedup();
    names
}

fn unreplayable(fields: &Fields, config: &Value, contents: &[&Value]) -> Vec<String> {
    let kinds = kinds(fields);
    let has = |name: &str| content::member(config, name).filter(|value| !value.is_null());
    let modalities = has("responseModalities").and_then(Value::as_array).into_iter().flatten();
    let asked: Vec<String> =
        modalities.filter_map(Value::as_str).map(str::to_ascii_uppercase).collect();
    let is_asked = |modality: &str| asked.iter().any(|asked| asked == modality);
    let logprobs = has("responseLogprobs").and_then(Value::as_bool) == Some(true);
    let is_search = |kind: &String| SEARCHES.contains(&kind.as_str());
    let is_client = |kind: &String| CLIENT_TOOLS.contains(&kind.as_str());
    let files = || parts(contents).filter_map(content::file_uri);
    let reasons = [
        (unreplayable::CHOICES, has("candidateCount").is_some_and(|n| n.as_u64() != Some(1))),
        (unreplayable::WEB_SEARCH, kinds.iter().any(is_search)),
        (unreplayable::SERVER_TOOL, kinds.iter().any(|kind| !is_client(kind) && !is_search(kind))),
        (unreplayable::AUDIO, is_asked("AUDIO")),
        (unreplayable::IMAGE, is_asked("IMAGE")),
        (unreplayable::LOGPROBS, logprobs || has("logprobs").is_some()),
        (unreplayable::STATEFUL, fields.asks("cachedContent") || files().any(is_kept_by_provider)),
        (unreplayable::EXPIRING_MEDIA, files().any(media::expires)),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code.to_owned()).collect()
}

/// Files that were uploaded to the API, or lie in the caller's own store.
fn is_kept_by_provider(uri: &str) -> bool {
    uri.starts_with("gs://")
        || uri.contains("generativelanguage.googleapis.com")
        || !uri.contains("://")
}
