use crate::{
    fields::{Fields, items, text},
    media, openai, transcript,
    transcript::Turn,
    unreplayable,
};
use exchange::Call;
use serde_json::Value;
use std::collections::BTreeMap;

/// Tools that the client runs; all others run at the provider.
const CLIENT_TOOLS: [&str; 6] =
    ["function", "custom", "local_shell", "apply_patch", "computer_use_preview", "computer"];
/// Members by which a call leans on what the provider keeps, or is fetched from there later.
const KEPT: [&str; 4] = ["previous_response_id", "conversation", "prompt", "container"];

/// Whether a new response is asked for; a kept one has its id behind the endpoint.
pub(crate) fn is_create(method: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    method.eq_ignore_ascii_case("POST") && path.ends_with("/responses")
}

pub(crate) fn fill(fields: &Fields, input: &Value, call: &mut Call) {
    let items: Vec<&Value> = input.as_array().into_iter().flatten().collect();
    if !input.is_string() && !input.is_array() {
        return call.unreplayable.push(unreplayable::BODY.to_owned());
    }
    transcript::fill(call, turns(fields, input, &items));
    call.tools = tools(fields);
    call.tool_schemas = tool_schemas(fields);
    let format = fields.get("text").and_then(|text| text.get("format")).unwrap_or(&Value::Null);
    call.response_format = text(format, "type").map(str::to_owned);
    call.response_schema = format.get("schema").cloned();
    call.parameters = fields.names();
    call.media = media(&items);
    call.output_tokens_max = fields.get("max_output_tokens").and_then(Value::as_u64);
    call.metadata = fields.texts("metadata");
    call.conversation = openai::call::conversation(fields, &call.metadata);
    call.offers = fields.written(&["tools", "text"]);
    call.unreplayable = unreplayable(fields, &items);
}

fn turns(fields: &Fields, input: &Value, items: &[&Value]) -> Vec<Turn> {
    let instructions = fields.text("instructions").map(|text| ("system".to_owned(), text));
    let question = input.as_str().map(|text| ("user".to_owned(), text.to_owned()));
    let said = items.iter().filter_map(|item| turn(item));
    transcript::merged(instructions.into_iter().chain(question).chain(said))
}

fn turn(item: &Value) -> Option<Turn> {
    let assistant = |text: String| ("assistant".to_owned(), text);
    let say = |name: &str| text(item, name).unwrap_or_default();
    Some(match text(item, "type") {
        None | Some("message") => {
            let role = text(item, "role").unwrap_or("unknown").to_owned();
            (role, content_text(item.get("content")).unwrap_or_default())
        }
        Some("function_call") => {
            assistant(format!("[calls {}({})]", say("name"), say("arguments")))
        }
        Some("custom_tool_call") => assistant(format!("[calls {}({})]", say("name"), say("input"))),
        Some("function_call_output" | "custom_tool_call_output") => {
            ("tool".to_owned(), content_text(item.get("output")).unwrap_or_default())
        }
        Some("reasoning") => return None,
        Some(kind) => ("unknown".to_owned(), format!("[{kind}]")),
    })
}

/// The text of a content, which is a string or a list of parts. A part that is not text leaves its
/// kind in brackets.
fn content_text(content: Option<&Value>) -> Option<String> {
    match content? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts = parts.iter().map(|part| {
                let said = text(part, "text").or_else(|| text(part, "refusal"));
                let kind = || format!("[{}]", text(part, "type").unwrap_or("part"));
                said.map_or_else(kind, str::to_owned)
            });
            Some(texts.collect::<Vec<String>>().join("\n"))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn tools(fields: &Fields) -> Vec<String> {
    let name = |tool: &Value| text(tool, "name").or_else(|| text(tool, "type")).map(str::to_owned);
    fields.items("tools").filter_map(name).collect()
}

fn tool_schemas(fields: &Fields) -> BTreeMap<String, Value> {
    let functions = fields.items("tools").filter(|tool| text(tool, "type") == Some("function"));
    let schema = |tool: &Value| {
        let schema = tool.get("parameters").filter(|schema| !schema.is_null())?;
        Some((text(tool, "name")?.to_owned(), schema.clone()))
    };
    functions.filter_map(schema).collect()
}

fn parts<'i>(input: &'i [&'i Value]) -> impl Iterator<Item = &'i Value> {
    input.iter().flat_map(|item| items(item, "content").chain(items(item, "output")))
}

fn media(input: &[&Value]) -> Vec<String> {
    media::kinds(parts(input).filter_map(|part| match text(part, "type")? {
        "input_image" => Some("image"),
        "input_audio" => Some("audio"),
        "input_file" => Some("file"),
        _ => None,
    }))
}

fn unreplayable(fields: &Fields, input: &[&Value]) -> Vec<String> {
    let kinds = || fields.items("tools").map(|tool| text(tool, "type").unwrap_or_default());
    let is_search = |kind: &str| kind.starts_with("web_search");
    let logprobs = fields.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0) > 0
        || fields.items("include").any(|it| it.as_str().is_some_and(|it| it.ends_with("logprobs")));
    let named = |item: &&Value| text(item, "type") == Some("item_reference");
    let link = |part: &Value| {
        let links = ["image_url", "file_url"].into_iter().filter_map(|name| text(part, name));
        links.into_iter().any(media::expires)
    };
    let reasons = [
        (unreplayable::STORE, fields.is_true("store")),
        (unreplayable::WEB_SEARCH, kinds().any(is_search)),
        (
            unreplayable::SERVER_TOOL,
            kinds().any(|kind| !CLIENT_TOOLS.contains(&kind) && !is_search(kind)),
        ),
        (unreplayable::LOGPROBS, logprobs),
        (
            unreplayable::STATEFUL,
            KEPT.into_iter().any(|name| fields.asks(name))
                || fields.is_true("background")
                || input.iter().any(named)
                || parts(input).any(|part| part.get("file_id").is_some_and(|id| !id.is_null())),
        ),
        (unreplayable::EXPIRING_MEDIA, parts(input).any(link)),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(code, _)| code.to_owned()).collect()
}
