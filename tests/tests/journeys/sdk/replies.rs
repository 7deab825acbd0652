//! What the provider says, by path and by model. Ids and dates are always the same.

use super::{CALLER_SECRET, provider::Heard};
use serde_json::{Value, json};
use std::time::Duration;

const CREATED: u64 = 1_790_000_000;
/// Events are cut at this length, which falls inside characters too.
const PIECE_BYTES: usize = 37;
/// A stream that nobody reads to its end.
const LONG_EVENTS: usize = 2_000;
const LONG_PAUSE: Duration = Duration::from_millis(20);
/// Between the first event of a stream and the rest: whoever keeps the first back is that late.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const FILES: usize = 5;
/// How often an unreliable model fails before it answers.
const FAILURES: u32 = 2;

/// A reply.
pub(crate) enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    Events {
        pieces: Vec<Vec<u8>>,
        pause: Duration,
        end: End,
    },
    /// The connection ends instead.
    Closed,
    Never,
}

/// How a stream ends.
pub(crate) enum End {
    Whole,
    Broken,
    Never,
}

pub(crate) fn reply(heard: &Heard) -> Reply {
    let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
    let key = heard.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if key != Some(CALLER_SECRET) {
        return error(401, vec![]);
    }
    match (heard.method.as_str(), path) {
        ("POST", "/v1/chat/completions") => chat(heard),
        ("POST", "/v1/embeddings") => embeddings(heard),
        ("POST", "/v1/moderations") => moderations(heard),
        ("GET", "/v1/models") => models(),
        ("POST", "/v1/files") => well(file(0, heard.echo())),
        ("GET", "/v1/files") => files(query),
        ("GET", "/v1/files/file-1/content") => Reply::Whole {
            status: 200,
            headers: vec![("content-type", "application/octet-stream".to_owned())],
            body: (0..=u8::MAX).cycle().take(100_000).collect(),
        },
        ("DELETE", "/v1/files/file-1") => {
            well(json!({"id": "file-1", "object": "file", "deleted": true, "heard": heard.echo()}))
        }
        _ => error(404, vec![]),
    }
}

fn well(body: Value) -> Reply {
    // Doubled, odd and empty headers, as gateways before providers send them.
    let headers = [
        ("content-type", "application/json"),
        ("x-request-id", "req_1"),
        ("openai-processing-ms", "12"),
        ("set-cookie", "one=1; path=/"),
        ("set-cookie", "two=2; path=/"),
        ("x-empty", ""),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
    Reply::Whole { status: 200, headers, body: body.to_string().into_bytes() }
}

fn error(status: u16, mut headers: Vec<(&'static str, String)>) -> Reply {
    headers.push(("content-type", "application/json".to_owned()));
    headers.push(("x-request-id", format!("req_{status}")));
    let error = json!({
        "message": format!("Refused with {status}: é, 世界."),
        "type": "made_up",
        "param": "model",
        "code": format!("code_{status}"),
    });
    Reply::Whole { status, headers, body: json!({"error": error}).to_string().into_bytes() }
}

fn chat(heard: &Heard) -> Reply {
    let body = heard.json();
    let model = body["model"].as_str().unwrap_or_default();
    if let Some(status) = model.strip_prefix("status-") {
        return error(status.parse().unwrap(), vec![]);
    }
    if let Some(status) = model.strip_prefix("unreliable-") {
        return unreliable(status, heard);
    }
    match model {
        "limited" => error(429, vec![("retry-after", "7".to_owned())]),
        "final" => error(503, vec![("x-should-retry", "false".to_owned())]),
        "page" => Reply::Whole {
            status: 502,
            headers: vec![("content-type", "text/html".to_owned())],
            body: b"<html><h1>Bad gateway</h1></html>".to_vec(),
        },
        "garbage" => Reply::Whole {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: b"{\"id\": \"chatcmpl-1\", \"choices\": [".to_vec(),
        },
        "closing" => Reply::Closed,
        "silent" => Reply::Never,
        _ if body["stream"] == true => stream(model, &body),
        _ => well(completion(&body, heard.echo())),
    }
}

/// Fails until the SDK says that it has tried often enough, so that nothing need be remembered.
fn unreliable(how: &str, heard: &Heard) -> Reply {
    let tried = heard.header("x-stainless-retry-count").and_then(|count| count.parse().ok());
    match (tried, how) {
        (Some(FAILURES..), _) => well(completion(&heard.json(), heard.echo())),
        (_, "closed") => Reply::Closed,
        // The two ways in which a wait is told.
        (Some(0), "429") => error(429, vec![("retry-after", "1".to_owned())]),
        (_, status) => error(status.parse().unwrap(), vec![("retry-after-ms", "10".to_owned())]),
    }
}

fn completion(body: &Value, heard: Value) -> Value {
    let choices: Vec<_> = (0..body["n"].as_u64().unwrap_or(1))
        .map(|index| {
            let (message, finish) = message(body, index);
            let logprobs = (body["logprobs"] == true).then(logprobs);
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish})
        })
        .collect();
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": CREATED,
        "model": body["model"], "choices": choices, "usage": usage(), "heard": heard,
        "service_tier": "default", "system_fingerprint": "fp_1",
    })
}

fn message(body: &Value, index: u64) -> (Value, &'static str) {
    if body["tools"].is_array() {
        let calls: Vec<_> = cities(body).iter().map(|city| tool_call(city)).collect();
        let message = json!({"role": "assistant", "content": null, "tool_calls": calls});
        return (message, "tool_calls");
    }
    let text = format!("{}{}", text(body), "!".repeat(index.try_into().unwrap()));
    (json!({"role": "assistant", "content": text, "refusal": null, "annotations": []}), "stop")
}

fn cities(body: &Value) -> &'static [&'static str] {
    if body["parallel_tool_calls"] == true { &["Zürich", "東京"] } else { &["Zürich"] }
}

fn tool_call(city: &str) -> Value {
    let arguments = json!({"city": city}).to_string();
    let function = json!({"name": "weather", "arguments": arguments});
    json!({"id": format!("call_{city}"), "type": "function", "function": function})
}

/// What it says to the last message: the same again, if that is not too long.
fn text(body: &Value) -> String {
    let said =
        &body["messages"].as_array().and_then(|all| all.last()).unwrap_or(&Value::Null)["content"];
    match said.as_str() {
        Some("invoice") => r#"{"number": "INV-7", "total": 12.5}"#.to_owned(),
        Some("nothing") => String::new(),
        Some(text) if text.len() > 1000 => format!("{} bytes", text.len()),
        Some(text) => format!("You said: {text}"),
        None => format!("You showed: {}", said.to_string().len()),
    }
}

fn usage() -> Value {
    json!({
        "prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    })
}

fn logprobs() -> Value {
    let token = json!({"token": "é", "logprob": -0.125, "bytes": [195, 169], "top_logprobs": [
        {"token": "é", "logprob": -0.125, "bytes": [195, 169]},
        {"token": "e", "logprob": -2.75, "bytes": [101]},
    ]});
    json!({"content": [token], "refusal": null})
}

fn stream(model: &str, body: &Value) -> Reply {
    let events = events(body);
    let each = |events: &[String]| events.iter().map(|event| event.clone().into_bytes()).collect();
    match model {
        "long" => {
            let pieces = vec![events[1].clone().into_bytes(); LONG_EVENTS];
            Reply::Events { pieces, pause: LONG_PAUSE, end: End::Whole }
        }
        // A sign of life, and no token after it.
        "hesitant" => {
            let pieces = vec![b": keep-alive\n\n".to_vec()];
            Reply::Events { pieces, pause: Duration::ZERO, end: End::Never }
        }
        "stuck" => {
            Reply::Events { pieces: each(&events[..3]), pause: Duration::ZERO, end: End::Never }
        }
        "truncating" => {
            Reply::Events { pieces: each(&events[..3]), pause: Duration::ZERO, end: End::Broken }
        }
        "erring" => {
            let error = json!({"error": {"message": "overloaded", "type": "server_error"}});
            let pieces = vec![events[0].clone().into_bytes(), sse(&error).into_bytes()];
            Reply::Events { pieces, pause: Duration::ZERO, end: End::Whole }
        }
        "paced" => {
            let pieces = vec![events[0].clone().into_bytes(), events[1..].concat().into_bytes()];
            Reply::Events { pieces, pause: FIRST_PAUSE, end: End::Whole }
        }
        _ => {
            let bytes = format!(": keep-alive\n\n{}", events.concat()).into_bytes();
            let pieces = bytes.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect();
            Reply::Events { pieces, pause: Duration::ZERO, end: End::Whole }
        }
    }
}

fn sse(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn events(body: &Value) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        sse(&json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": CREATED,
            "model": body["model"], "choices": choices, "usage": usage,
        }))
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish}]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    if body["tools"].is_array() {
        for (index, city) in cities(body).iter().enumerate() {
            let mut call = tool_call(city);
            call["index"] = index.into();
            events.push(delta(json!({"tool_calls": [call]}), Value::Null));
        }
        events.push(delta(json!({}), "tool_calls".into()));
    } else {
        for letter in text(body).chars() {
            events.push(delta(json!({"content": letter.to_string()}), Value::Null));
        }
        events.push(delta(json!({}), "stop".into()));
    }
    if body["stream_options"]["include_usage"] == true {
        events.push(chunk(json!([]), usage()));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn embeddings(heard: &Heard) -> Reply {
    let body = heard.json();
    let embedding = if body["encoding_format"] == "base64" {
        // 1.0, -2.0 and 0.5 as little-endian floats.
        json!("AACAPwAAAMAAAAA/")
    } else {
        json!([1.0, -2.0, 0.5])
    };
    let data: Vec<_> = (0..body["input"].as_array().map_or(1, Vec::len))
        .map(|index| json!({"object": "embedding", "index": index, "embedding": embedding}))
        .collect();
    let usage = json!({"prompt_tokens": 3, "total_tokens": 3});
    well(json!({"object": "list", "data": data, "model": body["model"], "usage": usage,
        "heard": heard.echo()}))
}

fn moderations(heard: &Heard) -> Reply {
    let result = json!({"flagged": true, "categories": {"violence": true, "hate": false},
        "category_scores": {"violence": 0.875, "hate": 1e-7}});
    well(json!({"id": "modr-1", "model": "moderator", "results": [result], "heard": heard.echo()}))
}

fn models() -> Reply {
    let data: Vec<_> = ["large", "small", "ft:large:org::id/7"]
        .iter()
        .map(|id| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "us"}))
        .collect();
    well(json!({"object": "list", "data": data}))
}

fn file(number: usize, heard: Value) -> Value {
    json!({"id": format!("file-{number}"), "object": "file", "bytes": 120, "created_at": CREATED,
        "filename": "données.jsonl", "purpose": "batch", "status": "processed", "heard": heard})
}

/// A page of the files after the one that is named in the query.
fn files(query: &str) -> Reply {
    let field = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(of, _)| *of == name)
    };
    let number =
        |name: &str| field(name).and_then(|(_, value)| value.rsplit('-').next()?.parse().ok());
    let (after, limit) = (number("after").map_or(0, |last: usize| last + 1), number("limit"));
    let end = (after + limit.unwrap_or(FILES)).min(FILES);
    let data: Vec<_> = (after..end).map(|number| file(number, json!(query))).collect();
    well(json!({"object": "list", "data": data, "has_more": end < FILES,
        "first_id": format!("file-{after}"), "last_id": format!("file-{}", end.saturating_sub(1))}))
}
