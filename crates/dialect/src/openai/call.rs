use super::message;
use crate::{OPAQUE, content, tokens, unreplayable};
use exchange::{Call, Headers};
use memchr::memmem::Finder;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::LazyLock};

const CHAT: &str = "chat.completions";
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
static CONVERSATION_MARKS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
    ["assistant", "conversation", "thread_id", "session_id", "\\u"].map(Finder::new)
});
/// Tokens that the format spends on each message, and on the start of the reply.
const MESSAGE_TOKENS: u64 = 3;
/// Words in the query of a link that expires: S3, Google Cloud Storage, Azure Blob, CloudFront.
const EXPIRY_MARKS: [&str; 5] = ["x-amz-expires=", "x-goog-expires=", "expires=", "se=", "expiry="];

pub(crate) fn read(method: &str, path: &str, headers: &Headers, body: &[u8]) -> Call {
    let endpoint = endpoint(method, path);
    let fields = fields(headers, body);
    let mut call = Call {
        endpoint: endpoint.to_owned(),
        model: fields.as_ref().and_then(|fields| string(fields, "model")),
        stream: fields.as_ref().is_some_and(|fields| is_true(fields, "stream")),
        user: fields.as_ref().and_then(user),
        ..Call::default()
    };
    if endpoint != CHAT {
        call.unreplayable.push(unreplayable::ENDPOINT.to_owned());
        return call;
    }
    call.model = call.model.or_else(|| deployment(path));
    match fields.as_ref().and_then(|fields| Some((fields, fields.get("messages")?.as_array()?))) {
        Some((fields, messages)) => read_chat(fields, messages, &mut call),
        None => call.unreplayable.push(unreplayable::BODY.to_owned()),
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
    endpoint(method, path) == CHAT
        && !(is_plain && CONVERSATION_MARKS.iter().all(|mark| mark.find(body).is_none()))
}

/// About how many tokens the prompt is; a call without messages has none.
pub(crate) fn prompt_tokens(call: &Call) -> u64 {
    if call.transcript.is_empty() {
        return 0;
    }
    let turns = call.transcript.iter().map(|(_, text)| tokens::count(text) + MESSAGE_TOKENS);
    let offers = call.offers.iter().map(|offer| tokens::count(offer));
    turns.chain(offers).sum::<u64>() + MESSAGE_TOKENS
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

fn fields(headers: &Headers, body: &[u8]) -> Option<Map<String, Value>> {
    let body = content::decode(headers, body, content::DECODED_BYTES_MAX).ok()?;
    match serde_json::from_slice(&body).ok()? {
        Value::Object(fields) => Some(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

fn read_chat(fields: &Map<String, Value>, messages: &[Value], call: &mut Call) {
    call.transcript = messages.iter().map(message::turn).collect();
    call.system = system(&call.transcript);
    call.first_user = first_of(&call.transcript, "user");
    call.assistant_turns = count_of(&call.transcript, "assistant");
    call.tools = tools(fields);
    (call.response_format, call.response_schema) = response_format(fields);
    call.metadata = metadata(fields);
    call.conversation = conversation(fields, &call.metadata);
    call.offers = offers(fields);
    call.unreplayable = unreplayable(fields, messages);
}

fn system(transcript: &[(String, String)]) -> Option<String> {
    let texts: Vec<&str> = transcript
        .iter()
        .filter(|(role, _)| role == "system" || role == "developer")
        .map(|(_, text)| text.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn first_of(transcript: &[(String, String)], wanted: &str) -> Option<String> {
    transcript.iter().find(|(role, _)| role == wanted).map(|(_, text)| text.clone())
}

fn count_of(transcript: &[(String, String)], wanted: &str) -> u32 {
    u32::try_from(transcript.iter().filter(|(role, _)| role == wanted).count()).unwrap_or(u32::MAX)
}

/// Tools, and functions as they were called before.
fn tools(fields: &Map<String, Value>) -> Vec<String> {
    let tools = items(fields, "tools").filter_map(|tool| {
        let kind = tool.get("type")?.as_str()?;
        let name = tool.get(kind).and_then(|body| body.get("name")).and_then(Value::as_str);
        Some(name.unwrap_or(kind).to_owned())
    });
    let functions = items(fields, "functions")
        .filter_map(|function| function.get("name")?.as_str().map(str::to_owned));
    tools.chain(functions).collect()
}

fn response_format(fields: &Map<String, Value>) -> (Option<String>, Option<Value>) {
    let Some(format) = fields.get("response_format") else { return (None, None) };
    let kind = format.get("type").and_then(Value::as_str).map(str::to_owned);
    (kind, format.pointer("/json_schema/schema").cloned())
}

fn metadata(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let entries = fields.get("metadata").and_then(Value::as_object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    entries.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Chat Completions has no conversation of its own; these are the places where callers and
/// compatible providers put one.
fn conversation(
    fields: &Map<String, Value>,
    metadata: &BTreeMap<String, String>,
) -> Option<String> {
    let field = fields
        .get("conversation")
        .and_then(|value| value.as_str().or_else(|| value.get("id")?.as_str()).map(str::to_owned));
    let named = || ["conversation_id", "thread_id", "session_id"].into_iter();
    field
        .or_else(|| named().find_map(|name| string(fields, name)))
        .or_else(|| named().find_map(|name| metadata.get(name).cloned()))
        .filter(|id| !id.is_empty())
}

fn user(fields: &Map<String, Value>) -> Option<String> {
    string(fields, "safety_identifier").or_else(|| string(fields, "user"))
}

fn offers(fields: &Map<String, Value>) -> Vec<String> {
    let named = ["tools", "functions", "response_format"].into_iter();
    named.filter_map(|name| fields.get(name)).map(Value::to_string).collect()
}

fn unreplayable(fields: &Map<String, Value>, messages: &[Value]) -> Vec<String> {
    let asks = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let choices = fields.get("n").is_some_and(|n| !n.is_null() && n.as_u64() != Some(1));
    let sound = items(fields, "modalities").any(|modality| modality.as_str() == Some("audio"));
    let kept = ["previous_response_id", "conversation", "container", "background"];
    let parts = || messages.iter().flat_map(message::parts);
    let reasons = [
        (unreplayable::CHOICES, choices),
        (unreplayable::STORE, is_true(fields, "store")),
        (unreplayable::WEB_SEARCH, asks("web_search_options")),
        (unreplayable::SERVER_TOOL, items(fields, "tools").any(runs_at_provider)),
        (unreplayable::AUDIO, sound || asks("audio")),
        (unreplayable::LOGPROBS, is_true(fields, "logprobs")),
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
    let Some((_, query)) = url.and_then(Value::as_str).and_then(|url| url.split_once('?')) else {
        return false;
    };
    query
        .split('&')
        .map(str::to_ascii_lowercase)
        .any(|parameter| EXPIRY_MARKS.iter().any(|mark| parameter.starts_with(mark)))
}

fn items<'f>(fields: &'f Map<String, Value>, name: &str) -> impl Iterator<Item = &'f Value> {
    fields.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn string(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

fn is_true(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name).and_then(Value::as_bool).unwrap_or(false)
}
