use super::message;
use crate::{OPAQUE, fields::Fields, media, responses, transcript, unreplayable};
use exchange::{Call, Headers};
use memchr::memmem::Finder;
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};

pub(crate) const CHAT: &str = "chat.completions";
/// Endpoints that are known by the first segment of this name in their path.
const KNOWN: [&str; 20] = [
    "assistants",
    "audio",
    "batches",
    "completions",
    "containers",
    "conversations",
    "embeddings",
    "evals",
    "files",
    "fine_tuning",
    "images",
    "models",
    "moderations",
    "realtime",
    "rerank",
    "responses",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
];
/// No call without any of these in its body tells a conversation. The last begins an escaped character,
/// which could be part of the others.
static CONVERSATION_MARKS: LazyLock<[Finder<'static>; 6]> = LazyLock::new(|| {
    let marks = ["assistant", "conversation", "thread_id", "session_id", "_call\"", "\\u"];
    marks.map(Finder::new)
});

pub(crate) fn read(method: &str, path: &str, headers: &Headers, body: &[u8]) -> Call {
    let endpoint = endpoint(method, path);
    let fields = Fields::read(headers, body);
    let mut call = Call {
        endpoint: endpoint.to_owned(),
        model: fields.as_ref().and_then(|fields| fields.text("model")),
        stream: fields.as_ref().is_some_and(|fields| fields.is_true("stream")),
        user: fields.as_ref().and_then(user),
        ..Call::default()
    };
    let is_response = responses::call::is_create(method, path);
    if endpoint != CHAT && !is_response {
        call.unreplayable.push(unreplayable::ENDPOINT.to_owned());
        return call;
    }
    call.model = call.model.or_else(|| deployment(path));
    let asked = if is_response { "input" } else { "messages" };
    match fields.as_ref().and_then(|fields| Some((fields, fields.get(asked)?))) {
        Some((fields, input)) if is_response => responses::call::fill(fields, input, &mut call),
        Some((fields, Value::Array(messages))) => read_chat(fields, messages, &mut call),
        Some(_) | None => call.unreplayable.push(unreplayable::BODY.to_owned()),
    }
    call
}

/// Whether [`read`] may find a conversation's id or a turn of the assistant.
pub(crate) fn may_tell_conversation(
    method: &str,
    path: &str,
    headers: &Headers,
    body: &[u8],
) -> bool {
    // What is coded, or written in escapes, is not told by its bytes.
    let is_plain = headers.get("content-encoding").is_none();
    (endpoint(method, path) == CHAT || responses::call::is_create(method, path))
        && !(is_plain && CONVERSATION_MARKS.iter().all(|mark| mark.find(body).is_none()))
}

fn endpoint(method: &str, path: &str) -> &'static str {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if path.ends_with("/chat/completions") {
        return if method.eq_ignore_ascii_case("POST") { CHAT } else { OPAQUE };
    }
    let known = |segment: &str| KNOWN.into_iter().find(|name| *name == segment);
    // `chat/completions/ID` is a kept reply, not a completion.
    if path.contains("/chat/") { OPAQUE } else { path.split('/').find_map(known).unwrap_or(OPAQUE) }
}

/// Azure names the model in the path: `/openai/deployments/NAME/chat/completions`.
fn deployment(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/deployments/")?;
    rest.split('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn read_chat(fields: &Fields, messages: &[Value], call: &mut Call) {
    transcript::fill(call, messages.iter().map(message::turn).collect());
    call.tools = tools(fields);
    call.tool_schemas = tool_schemas(fields);
    (call.response_format, call.response_schema) = response_format(fields);
    call.parameters = fields.names();
    call.media = media(messages);
    call.output_tokens_max = output_tokens_max(fields);
    call.metadata = fields.texts("metadata");
    call.conversation = conversation(fields, &call.metadata);
    call.offers = fields.written(&["tools", "functions", "response_format"]);
    call.unreplayable = unreplayable(fields, messages);
}

/// Tools, and functions as they were called before.
fn tools(fields: &Fields) -> Vec<String> {
    let tools = fields.items("tools").filter_map(|tool| {
        let kind = tool.get("type")?.as_str()?;
        let name = tool.get(kind).and_then(|body| body.get("name")).and_then(Value::as_str);
        Some(name.unwrap_or(kind).to_owned())
    });
    let functions = fields
        .items("functions")
        .filter_map(|function| function.get("name")?.as_str().map(str::to_owned));
    tools.chain(functions).collect()
}

/// What each function says of its arguments. A custom tool takes free text, which has no schema.
fn tool_schemas(fields: &Fields) -> BTreeMap<String, Value> {
    let tools = fields.items("tools").filter_map(|tool| tool.get("function"));
    let functions = tools.chain(fields.items("functions"));
    let schemas = functions.filter_map(|function| {
        let name = function.get("name")?.as_str()?.to_owned();
        Some((name, function.get("parameters").filter(|schema| !schema.is_null())?.clone()))
    });
    schemas.collect()
}

fn response_format(fields: &Fields) -> (Option<String>, Option<Value>) {
    let Some(format) = fields.get("response_format") else { return (None, None) };
    let kind = format.get("type").and_then(Value::as_str).map(str::to_owned);
    (kind, format.pointer("/json_schema/schema").cloned())
}

fn media(messages: &[Value]) -> Vec<String> {
    media::kinds(messages.iter().flat_map(message::parts).filter_map(|part| {
        match part.get("type")?.as_str()? {
            "image_url" | "input_image" => Some("image"),
            "input_audio" => Some("audio"),
            "file" | "input_file" => Some("file"),
            _ => None,
        }
    }))
}

fn output_tokens_max(fields: &Fields) -> Option<u64> {
    let names = ["max_completion_tokens", "max_tokens"];
    names.into_iter().find_map(|name| fields.get(name)?.as_u64())
}

/// Chat Completions has no conversation of its own; these are the places where callers and
/// compatible providers put one.
pub(crate) fn conversation(fields: &Fields, metadata: &BTreeMap<String, String>) -> Option<String> {
    let field = fields
        .get("conversation")
        .and_then(|value| value.as_str().or_else(|| value.get("id")?.as_str()).map(str::to_owned));
    let named = || ["conversation_id", "thread_id", "session_id"].into_iter();
    field
        .or_else(|| named().find_map(|name| fields.text(name)))
        .or_else(|| named().find_map(|name| metadata.get(name).cloned()))
        .filter(|id| !id.is_empty())
}

fn user(fields: &Fields) -> Option<String> {
    fields.text("safety_identifier").or_else(|| fields.text("user"))
}

fn unreplayable(fields: &Fields, messages: &[Value]) -> Vec<String> {
    let asks = |name: &str| fields.asks(name);
    let choices = fields.get("n").is_some_and(|n| !n.is_null() && n.as_u64() != Some(1));
    let sound = fields.items("modalities").any(|modality| modality.as_str() == Some("audio"));
    let kept = ["previous_response_id", "conversation", "container", "background"];
    let parts = || messages.iter().flat_map(message::parts);
    let reasons = [
        (unreplayable::CHOICES, choices),
        (unreplayable::STORE, fields.is_true("store")),
        (unreplayable::WEB_SEARCH, asks("web_search_options")),
        (unreplayable::SERVER_TOOL, fields.items("tools").any(runs_at_provider)),
        (unreplayable::AUDIO, sound || asks("audio")),
        (unreplayable::LOGPROBS, fields.is_true("logprobs")),
        (
            unreplayable::STATEFUL,
            kept.into_iter().any(asks)
                || messages.iter().any(|message| message.pointer("/audio/id").is_some())
                || parts().any(|part| part.pointer("/file/file_id").is_some()),
        ),
        (unreplayable::EXPIRING_MEDIA, parts().any(expires)),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code.to_owned()).collect()
}

fn runs_at_provider(tool: &Value) -> bool {
    !matches!(tool.get("type").and_then(Value::as_str), Some("function" | "custom"))
}

fn expires(part: &Value) -> bool {
    let url = part.pointer("/image_url/url").or_else(|| part.get("image_url"));
    url.and_then(Value::as_str).is_some_and(media::expires)
}
