//! How each dialect answers: whole, streamed, billed.

use crate::support::{json, speaking};
use exchange::NanoUsd;
use serde_json::{Value, json};
use testkit::{
    LiveCall,
    client::{Client, Played},
    sim::Dialect,
};

/// One way to ask: where, and what a body needs beside what is said.
pub(crate) struct Way {
    pub(crate) dialect: Dialect,
    pub(crate) whole: (&'static str, Value),
    pub(crate) streams: Vec<(&'static str, Value)>,
}

pub(crate) fn ways() -> [Way; 3] {
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let message = json!({"model": "claude-sonnet-4-5", "max_tokens": 4096, "thinking": thinking,
        "messages": [{"role": "user", "content": "SAID"}]});
    let response = json!({"model": "gpt-5", "input": "SAID", "reasoning": {"summary": "auto"}});
    let content = json!({"contents": [{"role": "user", "parts": [{"text": "SAID"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": true}}});
    let streamed = |body: &Value| {
        let mut body = body.clone();
        body["stream"] = json!(true);
        body
    };
    let gemini = "/v1beta/models/gemini-3-pro-preview:";
    [
        Way {
            dialect: Dialect::Anthropic,
            streams: vec![("/v1/messages", streamed(&message))],
            whole: ("/v1/messages", message),
        },
        Way {
            dialect: Dialect::OpenAi,
            streams: vec![("/v1/responses", streamed(&response))],
            whole: ("/v1/responses", response),
        },
        Way {
            dialect: Dialect::Gemini,
            streams: vec![
                (path(gemini, "streamGenerateContent?alt=sse"), content.clone()),
                (path(gemini, "streamGenerateContent"), content.clone()),
            ],
            whole: (path(gemini, "generateContent"), content),
        },
    ]
}

fn path(model: &str, method: &str) -> &'static str {
    Box::leak(format!("{model}{method}").into_boxed_str())
}

pub(crate) fn said(body: &Value, text: &str) -> Value {
    serde_json::from_str(&body.to_string().replace("SAID", text)).unwrap()
}

pub(crate) async fn ask(client: &Client, path: &str, body: &Value) -> Played {
    let headers = [
        ("authorization", "Bearer one"),
        ("x-api-key", "one"),
        ("x-goog-api-key", "one"),
        ("anthropic-version", "2023-06-01"),
    ];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let call = LiveCall {
        at: exchange::Timestamp(0),
        path: path.to_owned(),
        headers: headers.map(own).to_vec(),
        body: body.to_string().into(),
        category: String::new(),
        conversation: String::new(),
        tenant: String::new(),
    };
    client.send(&call).await.unwrap()
}

/// The frames of a stream: its events' data, or its array's elements.
pub(crate) fn frames(played: &Played) -> Vec<Value> {
    let text = std::str::from_utf8(&played.body).unwrap();
    if played.headers["content-type"] == "application/json" {
        return serde_json::from_str(text).unwrap();
    }
    let end = if text.contains("\r\n") { "\r\n\r\n" } else { "\n\n" };
    assert!(text.ends_with(end));
    let data = text.split_terminator(end).map(|event| {
        let (name, data) = match event.split_once('\n') {
            Some((name, data)) => (name.strip_prefix("event: "), data),
            None => (None, event),
        };
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert!(name.is_none_or(|name| data["type"] == name), "{event}");
        data
    });
    data.collect()
}

/// What an SDK makes of the frames: the reply, as if it had come whole.
fn assembled(dialect: Dialect, frames: &[Value]) -> Value {
    match dialect {
        Dialect::OpenAi => {
            let numbers = frames.iter().enumerate();
            assert!(numbers.clone().all(|(place, frame)| frame["sequence_number"] == place));
            assert_eq!(frames[0]["type"], "response.created");
            assert_eq!(frames[0]["response"]["usage"], Value::Null);
            let last = frames.last().unwrap();
            assert_eq!(last["type"], "response.completed");
            let deltas =
                frames.iter().filter(|frame| frame["type"] == "response.output_text.delta");
            let text: String = deltas.map(|frame| frame["delta"].as_str().unwrap()).collect();
            let items = last["response"]["output"].as_array().unwrap();
            let message = items.iter().find(|item| item["type"] == "message");
            assert_eq!(
                message.map_or("", |item| item["content"][0]["text"].as_str().unwrap()),
                text
            );
            last["response"].clone()
        }
        Dialect::Anthropic => message(frames),
        Dialect::Gemini => {
            let (last, earlier) = frames.split_last().unwrap();
            let mut parts: Vec<Value> = Vec::new();
            for frame in frames {
                let part = &frame["candidates"][0]["content"]["parts"][0];
                match (parts.last_mut(), part["text"].as_str()) {
                    (Some(last), Some(text))
                        if last["text"].is_string() && last["thought"] == part["thought"] =>
                    {
                        last["text"] = json!(format!("{}{text}", last["text"].as_str().unwrap()));
                        if part["thoughtSignature"].is_string() {
                            last["thoughtSignature"] = part["thoughtSignature"].clone();
                        }
                    }
                    (_, Some("")) => {}
                    (_, _) => parts.push(part.clone()),
                }
                let told =
                    |frame: &Value| frame["usageMetadata"]["totalTokenCount"].as_u64().unwrap();
                assert!(told(frame) <= told(last), "what was used counts up");
            }
            assert!(earlier.iter().all(|frame| frame["candidates"][0]["finishReason"].is_null()));
            let mut whole = last.clone();
            whole["candidates"][0]["content"]["parts"] = json!(parts);
            whole
        }
    }
}

/// A message from its events.
fn message(frames: &[Value]) -> Value {
    assert!(frames.iter().any(|frame| frame["type"] == "ping"));
    assert_eq!(frames.last().unwrap()["type"], "message_stop");
    let mut message = frames[0]["message"].clone();
    assert_eq!(message["usage"]["output_tokens"], 1);
    let mut input = String::new();
    for frame in frames {
        let at = frame["index"].as_u64().map_or(0, |index| usize::try_from(index).unwrap());
        let block = |message: &mut Value, field: &str, piece: &Value| {
            let text = message["content"][at][field].as_str().unwrap_or("").to_owned();
            message["content"][at][field] = json!(text + piece.as_str().unwrap());
        };
        match frame["type"].as_str().unwrap() {
            "content_block_start" => {
                message["content"].as_array_mut().unwrap().push(frame["content_block"].clone());
                input.clear();
            }
            "content_block_delta" => {
                let delta = &frame["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => block(&mut message, "text", &delta["text"]),
                    "thinking_delta" => block(&mut message, "thinking", &delta["thinking"]),
                    "signature_delta" => block(&mut message, "signature", &delta["signature"]),
                    _ => {
                        input += delta["partial_json"].as_str().unwrap();
                        if let Ok(whole) = serde_json::from_str::<Value>(&input) {
                            message["content"][at]["input"] = whole;
                        }
                    }
                }
            }
            "message_delta" => {
                for (name, value) in frame["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                for (name, value) in frame["usage"].as_object().unwrap() {
                    message["usage"][name] = value.clone();
                }
            }
            _ => {}
        }
    }
    message
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_and_is_billed_the_same() {
    for way in ways() {
        for prompt in ["hello", "book"] {
            let (provider, client) = speaking(way.dialect, 1).await;
            let whole = json(&ask(&client, way.whole.0, &said(&way.whole.1, prompt)).await);
            for (path, body) in &way.streams {
                let played = ask(&client, path, &said(body, prompt)).await;
                assert_eq!(played.status, 200);
                let frames = frames(&played);
                assert!(frames.len() > 2, "{frames:?}");
                assert_eq!(assembled(way.dialect, &frames), whole);
            }
            let log = provider.log().calls();
            assert!(log.iter().all(|call| call.usage == log[0].usage && call.cost == log[0].cost));
            let usage = log[0].usage.unwrap();
            assert!(usage.reasoning_tokens > 0 && usage.output_tokens > usage.reasoning_tokens);
            provider.stop().await;
        }
    }
}

#[tokio::test]
async fn a_reply_with_its_results_is_a_call_again() {
    // Messages: thoughts and uses as they came.
    let (provider, client) = speaking(Dialect::Anthropic, 1).await;
    let mut body = said(&ways()[0].whole.1, "book");
    body["tools"] = json!([{"name": "book", "input_schema": {"type": "object"}}]);
    let reply = json(&ask(&client, "/v1/messages", &body).await);
    let result =
        json!({"type": "tool_result", "tool_use_id": reply["content"][1]["id"], "content": "done"});
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": reply["content"]}));
    messages.push(json!({"role": "user", "content": [result]}));
    assert_eq!(ask(&client, "/v1/messages", &body).await.status, 200);
    // Without the thought before them, the uses are taken from nobody who has the model think by a budget.
    body["messages"][1]["content"].as_array_mut().unwrap().remove(0);
    let refused = ask(&client, "/v1/messages", &body).await;
    assert_eq!(refused.status, 400);
    let told = json(&refused)["error"]["message"].clone();
    let found = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.";
    assert!(told.as_str().unwrap().starts_with(found), "{told}");
    body["thinking"] = json!({"type": "disabled"});
    assert_eq!(ask(&client, "/v1/messages", &body).await.status, 200);
    provider.stop().await;

    // Responses: reasoning, calls.
    let (provider, client) = speaking(Dialect::OpenAi, 1).await;
    let body =
        json!({"model": "gpt-5", "input": "book", "include": ["reasoning.encrypted_content"]});
    let reply = json(&ask(&client, "/v1/responses", &body).await);
    let mut input = vec![json!({"role": "user", "content": "book"})];
    input.extend(reply["output"].as_array().unwrap().iter().cloned());
    let call = reply["output"][1]["call_id"].clone();
    input.push(json!({"type": "function_call_output", "call_id": call, "output": "done"}));
    let again = json!({"model": "gpt-5", "input": input});
    assert_eq!(ask(&client, "/v1/responses", &again).await.status, 200);
    // Another model cannot read what this one thought.
    let elsewhere = json!({"model": "o3", "input": again["input"]});
    let refused = ask(&client, "/v1/responses", &elsewhere).await;
    assert_eq!(refused.status, 400);
    assert_eq!(json(&refused)["error"]["code"], "invalid_encrypted_content");
    provider.stop().await;

    // generateContent: the first call with its signature.
    let (provider, client) = speaking(Dialect::Gemini, 1).await;
    let (path, body) = &ways()[2].whole;
    let mut body = said(body, "book");
    let reply = json(&ask(&client, path, &body).await);
    let contents = body["contents"].as_array_mut().unwrap();
    contents.push(reply["candidates"][0]["content"].clone());
    contents.push(json!({"role": "user", "parts": [
        {"functionResponse": {"name": "book", "response": {"result": "done"}}}]}));
    assert_eq!(ask(&client, path, &body).await.status, 200);
    provider.stop().await;
}

#[tokio::test]
async fn what_anthropic_writes_to_a_cache_and_reads_from_it_is_told_and_billed_apart() {
    let (provider, client) = speaking(Dialect::Anthropic, 1).await;
    let marked = |text: &str, ttl: &str| json!([{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}]);
    // 400 bytes are 100 tokens, and a message costs 4 beside them.
    let mut body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 512, "system": marked(&"s".repeat(400), "1h"),
        "messages": [{"role": "user", "content": marked(&"u".repeat(800), "5m")}],
    });
    let first = json(&ask(&client, "/v1/messages", &body).await)["usage"].clone();
    assert_eq!(
        first["cache_creation"],
        json!({"ephemeral_5m_input_tokens": 208, "ephemeral_1h_input_tokens": 100})
    );
    assert_eq!(first["cache_creation_input_tokens"], 308);
    assert_eq!((&first["input_tokens"], &first["cache_read_input_tokens"]), (&json!(0), &json!(0)));
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": "a".repeat(40)}));
    messages.push(json!({"role": "user", "content": "b".repeat(80)}));
    let second = json(&ask(&client, "/v1/messages", &body).await)["usage"].clone();
    assert_eq!(second["cache_read_input_tokens"], 308);
    assert_eq!(
        (&second["input_tokens"], &second["cache_creation_input_tokens"]),
        (&json!(38), &json!(0))
    );

    let log = provider.log().calls();
    let output = |usage: &Value| usage["output_tokens"].as_i64().unwrap() * 10_000;
    assert_eq!(log[0].cost, NanoUsd(208 * 2500 + 100 * 4000 + output(&first)));
    assert_eq!(log[1].cost, NanoUsd(308 * 200 + 38 * 2000 + output(&second)));
    assert_eq!(log[0].usage.unwrap().input_tokens, 308, "cached tokens are part of the prompt");

    let count = json!({"model": "claude-sonnet-4-5", "system": body["system"], "messages": body["messages"]});
    let counted = json(&ask(&client, "/v1/messages/count_tokens", &count).await);
    assert_eq!(counted, json!({"input_tokens": 346}));
    assert_eq!(provider.log().calls()[2].usage, None, "to count is free");
    provider.stop().await;
}

#[tokio::test]
async fn limits_and_stops_of_the_caller_end_an_answer() {
    let cut = |way: &Way| match way.dialect {
        Dialect::OpenAi => json!({"model": "gpt-4.1", "input": "hello", "max_output_tokens": 16}),
        Dialect::Anthropic => json!({"model": "claude-sonnet-4-5", "max_tokens": 3,
            "messages": [{"role": "user", "content": "hello"}]}),
        Dialect::Gemini => json!({"contents": [{"parts": [{"text": "hello"}]}],
            "generationConfig": {"maxOutputTokens": 3}}),
    };
    for way in ways() {
        let (provider, client) = speaking(way.dialect, 1).await;
        let reply = json(&ask(&client, way.whole.0, &cut(&way)).await);
        let told = [
            reply["stop_reason"].clone(),
            reply["incomplete_details"]["reason"].clone(),
            reply["candidates"][0]["finishReason"].clone(),
        ];
        let wanted = match way.dialect {
            // An answer of 14 tokens is shorter than the least limit.
            Dialect::OpenAi => json!([null, null, null]),
            Dialect::Anthropic => json!(["max_tokens", null, null]),
            Dialect::Gemini => json!([null, null, "MAX_TOKENS"]),
        };
        assert_eq!(json!(told), wanted, "{reply}");
        provider.stop().await;
    }
    let (provider, client) = speaking(Dialect::Anthropic, 1).await;
    let body = json!({"model": "claude-sonnet-4-5", "max_tokens": 512, "stop_sequences": ["heard"],
        "messages": [{"role": "user", "content": "hello"}]});
    let reply = json(&ask(&client, "/v1/messages", &body).await);
    assert_eq!(reply["content"][0]["text"], "claude-sonnet-4-5 under caller ");
    assert_eq!(
        (&reply["stop_reason"], &reply["stop_sequence"]),
        (&json!("stop_sequence"), &json!("heard"))
    );
    provider.stop().await;
}

#[tokio::test]
async fn embeddings_are_vectors_of_the_wanted_length_and_prompts_are_billed() {
    let (provider, client) = speaking(Dialect::Gemini, 1).await;
    let content = json!({"parts": [{"text": "hello"}]});
    let path = "/v1beta/models/gemini-embedding-001:";
    let one = json!({"content": content, "outputDimensionality": 16});
    let reply = json(&ask(&client, &format!("{path}embedContent"), &one).await);
    assert_eq!(reply["embedding"]["values"].as_array().unwrap().len(), 16);
    let batch = json!({"requests": [{"model": "models/gemini-embedding-001", "content": content},
        {"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "world"}]}}]});
    let reply = json(&ask(&client, &format!("{path}batchEmbedContents"), &batch).await);
    let vectors = reply["embeddings"].as_array().unwrap().clone();
    assert_eq!(vectors.len(), 2);
    assert_ne!(vectors[0], vectors[1]);
    let billed = provider.log().calls().into_iter().map(|call| call.usage.unwrap());
    let billed: Vec<_> = billed.map(|usage| (usage.input_tokens, usage.output_tokens)).collect();
    assert_eq!(billed, [(6, 0), (12, 0)]);
    provider.stop().await;
}

#[tokio::test]
async fn models_are_listed_in_each_dialects_shape() {
    let lists = [
        (Dialect::OpenAi, "/v1/models", "/data/0/id", "gpt-4.1"),
        (Dialect::Anthropic, "/v1/models", "/first_id", "gpt-4.1"),
        (Dialect::Gemini, "/v1beta/models?key=one", "/models/0/name", "models/gpt-4.1"),
    ];
    for (dialect, path, at, name) in lists {
        let (provider, client) = speaking(dialect, 1).await;
        let played = client.get(path, "one").await.unwrap();
        let expected = if dialect == Dialect::Anthropic { 400 } else { 200 };
        assert_eq!(played.status, expected, "the version's header is wanted of every call");
        if expected == 200 {
            assert_eq!(json(&played).pointer(at).unwrap(), name);
        }
        provider.stop().await;
    }
}
