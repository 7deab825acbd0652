use super::{FORCED_TOOL_CHOICE, PREFILL, THINKING_BUDGET, THINKING_DISABLED, message};
use crate::{
    OPAQUE,
    fields::{Fields, text},
    media, transcript, unreplayable,
};
use exchange::{Call, Headers};
use memchr::memmem::Finder;
use serde_json::Value;
use std::{collections::BTreeMap, sync::LazyLock};

pub(crate) const MESSAGES: &str = "messages";
const COUNT: &str = "messages.count_tokens";
/// Endpoints that are known by the first segment of this name in their path.
const KNOWN: [&str; 6] = ["batches", "complete", "files", "models", "organizations", "skills"];
/// Beginnings of the types of tools that the client runs, though their makers describe them.
const CLIENT_TOOLS: [&str; 6] =
    ["custom", "function", "bash_", "text_editor_", "computer_", "memory_"];
/// Members by which a call leans on what the provider keeps.
const KEPT: [&str; 1] = ["container"];
/// No call without one of these carries a turn of the assistant.
static HISTORY_MARKS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["assistant", "\\u"].map(Finder::new));

pub(crate) fn read(method: &str, path: &str, headers: &Headers, body: &[u8]) -> Call {
    let endpoint = endpoint(method, path);
    let fields = Fields::read(headers, body);
    let user = |fields: &Fields| Some(text(fields.get("metadata")?, "user_id")?.to_owned());
    let mut call = Call {
        endpoint: endpoint.to_owned(),
        model: fields.as_ref().and_then(|fields| fields.text("model")),
        stream: fields.as_ref().is_some_and(|fields| fields.is_true("stream")),
        user: fields.as_ref().and_then(user),
        ..Call::default()
    };
    if endpoint != MESSAGES {
        call.unreplayable.push(unreplayable::ENDPOINT.to_owned());
        return call;
    }
    match fields.as_ref().and_then(|fields| Some((fields, fields.get("messages")?.as_array()?))) {
        Some((fields, messages)) => fill(fields, messages, &mut call),
        None => call.unreplayable.push(unreplayable::BODY.to_owned()),
    }
    call
}

/// Whether [`read`] may find a turn of the assistant: the dialect has no conversation of its own.
pub(crate) fn may_tell_conversation(
    method: &str,
    path: &str,
    headers: &Headers,
    body: &[u8],
) -> bool {
    let is_plain = headers.get("content-encoding").is_none();
    endpoint(method, path) == MESSAGES
        && !(is_plain && HISTORY_MARKS.iter().all(|mark| mark.find(body).is_none()))
}

fn endpoint(method: &str, path: &str) -> &'static str {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let is_post = method.eq_ignore_ascii_case("POST");
    if path.ends_with("/messages") {
        return if is_post { MESSAGES } else { OPAQUE };
    }
    if path.ends_with("/messages/count_tokens") {
        return if is_post { COUNT } else { OPAQUE };
    }
    let known = |segment: &str| KNOWN.into_iter().find(|name| *name == segment);
    path.split('/').find_map(known).unwrap_or(OPAQUE)
}

fn fill(fields: &Fields, messages: &[Value], call: &mut Call) {
    let system = message::text(fields.get("system")).map(|text| ("system".to_owned(), text));
    let turns = messages.iter().flat_map(message::turns);
    transcript::fill(call, system.into_iter().chain(turns).collect());
    call.tools = tools(fields);
    call.tool_schemas = tool_schemas(fields);
    if let Some(schema) = format(fields).and_then(|format| format.get("schema")) {
        call.response_format = Some("json_schema".to_owned());
        call.response_schema = Some(schema.clone());
    }
    call.parameters = parameters(fields, messages);
    call.media = media(messages);
    call.output_tokens_max = fields.get("max_tokens").and_then(Value::as_u64);
    call.metadata = fields.texts("metadata");
    call.offers = fields.written(&["tools", "output_config", "output_format"]);
    call.unreplayable = unreplayable(fields, messages);
}

/// The form of the output; it was a member of the body before it was one of `output_config`.
pub(crate) fn format(fields: &Fields) -> Option<&Value> {
    let now = fields.get("output_config").and_then(|config| config.get("format"));
    now.or_else(|| fields.get("output_format")).filter(|format| format.is_object())
}

/// The members of the body, and what models refuse beside members.
fn parameters(fields: &Fields, messages: &[Value]) -> Vec<String> {
    let choice = fields.get("tool_choice").and_then(|choice| text(choice, "type"));
    let last = messages.last().and_then(|message| text(message, "role"));
    let thinking = fields.get("thinking").and_then(|thinking| text(thinking, "type"));
    let more = [
        (FORCED_TOOL_CHOICE, matches!(choice, Some("any" | "tool"))),
        (PREFILL, last == Some("assistant")),
        (THINKING_BUDGET, thinking == Some("enabled")),
        (THINKING_DISABLED, thinking == Some("disabled")),
    ];
    let more = more.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name.to_owned());
    fields.names().into_iter().chain(more).collect()
}

fn tools(fields: &Fields) -> Vec<String> {
    let name = |tool: &Value| text(tool, "name").or_else(|| text(tool, "type")).map(str::to_owned);
    fields.items("tools").filter_map(name).collect()
}

fn tool_schemas(fields: &Fields) -> BTreeMap<String, Value> {
    let schema = |tool: &Value| {
        let schema = tool.get("input_schema").filter(|schema| !schema.is_null())?;
        Some((text(tool, "name")?.to_owned(), schema.clone()))
    };
    fields.items("tools").filter_map(schema).collect()
}

fn media(messages: &[Value]) -> Vec<String> {
    media::kinds(messages.iter().flat_map(message::blocks).filter_map(|block| {
        match text(block, "type")? {
            "image" => Some("image"),
            "document" => Some("file"),
            _ => None,
        }
    }))
}

fn unreplayable(fields: &Fields, messages: &[Value]) -> Vec<String> {
    let kinds = || fields.items("tools").map(|tool| text(tool, "type").unwrap_or("custom"));
    let is_search = |kind: &str| kind.starts_with("web_search");
    let is_client = |kind: &str| CLIENT_TOOLS.iter().any(|known| kind.starts_with(known));
    let blocks = || messages.iter().flat_map(message::blocks);
    let source = |block: &Value, name: &str| {
        block.get("source").and_then(|source| text(source, name)).map(str::to_owned)
    };
    let reasons = [
        (unreplayable::WEB_SEARCH, kinds().any(is_search)),
        (
            unreplayable::SERVER_TOOL,
            kinds().any(|kind| !is_client(kind) && !is_search(kind))
                || fields.items("mcp_servers").next().is_some(),
        ),
        (
            unreplayable::STATEFUL,
            KEPT.into_iter().any(|name| fields.asks(name))
                || blocks().any(|block| {
                    text(block, "type") == Some("container_upload")
                        || source(block, "type").as_deref() == Some("file")
                }),
        ),
        (
            unreplayable::EXPIRING_MEDIA,
            blocks().any(|block| source(block, "url").is_some_and(|url| media::expires(&url))),
        ),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code.to_owned()).collect()
}
