//! What each provider takes, and what it refuses with which words, case by case: the files of
//! `tests/golden`. A case is a request and how it differs from the one at the top of its file.

use crate::support::{json, speaking};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{fs, path::Path};
use testkit::{LiveCall, client::Client, sim::Dialect};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dialect: String,
    path: String,
    headers: Map<String, Value>,
    body: Value,
    accepted: Vec<Case>,
    refused: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    path: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    /// A merge patch: what is null goes, lists are replaced.
    change: Value,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    error: Value,
}

#[tokio::test]
async fn chat_completions() {
    check("chat.json").await;
}

#[tokio::test]
async fn responses() {
    check("responses.json").await;
}

#[tokio::test]
async fn messages() {
    check("messages.json").await;
}

#[tokio::test]
async fn generate_content() {
    check("generate.json").await;
}

async fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let file: File = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let dialect = match file.dialect.as_str() {
        "openai" => Dialect::OpenAi,
        "anthropic" => Dialect::Anthropic,
        "gemini" => Dialect::Gemini,
        other => panic!("{other} is no dialect"),
    };
    let (provider, client) = speaking(dialect, 1).await;
    let mut wrong = Vec::new();
    for case in &file.accepted {
        let (status, body) = put(&client, &file, case).await;
        if status != 200 {
            wrong.push(format!("{}: {status} {body}", case.name));
        }
    }
    for case in &file.refused {
        let (status, body) = put(&client, &file, case).await;
        if status != case.status || body["error"] != case.error {
            wrong.push(format!("{}: {status} {body}", case.name));
        }
        let has_more = body.as_object().is_some_and(|fields| fields.len() > 1);
        assert_eq!(has_more, dialect == Dialect::Anthropic, "{body}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(file.accepted.len() > 3 && file.refused.len() > 10);
    // What is refused is not billed.
    let billed = provider.log().calls().iter().filter(|call| call.usage.is_some()).count();
    assert_eq!(billed, file.accepted.len());
    provider.stop().await;
}

async fn put(client: &Client, file: &File, case: &Case) -> (u16, Value) {
    let mut headers = Value::Object(file.headers.clone());
    merge(&mut headers, &Value::Object(case.headers.clone()));
    let mut body = file.body.clone();
    merge(&mut body, &case.change);
    let own = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
    let call = LiveCall {
        at: exchange::Timestamp(0),
        path: case.path.as_ref().unwrap_or(&file.path).clone(),
        headers: headers.as_object().unwrap().iter().map(own).collect(),
        body: body.to_string().into(),
        category: String::new(),
        conversation: String::new(),
        tenant: String::new(),
    };
    let played = client.send(&call).await.unwrap();
    let streamed =
        played.headers["content-type"].to_str().unwrap().starts_with("text/event-stream");
    (played.status, if streamed { Value::Null } else { json(&played) })
}

/// A merge patch, as RFC 7396 has it.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in fields {
        match (target.as_object_mut().unwrap(), value) {
            (object, Value::Null) => {
                object.remove(name);
            }
            (object, value) => merge(object.entry(name).or_insert(Value::Null), value),
        }
    }
}
