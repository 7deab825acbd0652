use crate::support::{call, echo, json};
use exchange::NanoUsd;
use serde_json::{Value, json};
use std::{num::NonZeroUsize, time::Duration};
use testkit::{LiveCall, client::Played, sim::Fault};

fn ask(model: &str, prompt: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": prompt}]})
}

fn streamed(prompt: &str, include_usage: bool) -> Value {
    let mut body = ask("large", prompt);
    body["stream"] = json!(true);
    if include_usage {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// The chunks of a stream, after checking that its framing is what the dialect says.
fn chunks(played: &Played) -> Vec<Value> {
    assert_eq!(played.headers["content-type"], "text/event-stream; charset=utf-8");
    let text = std::str::from_utf8(&played.body).unwrap();
    let text = text.strip_suffix("data: [DONE]\n\n").expect("the stream's end");
    let events = text.split_terminator("\n\n");
    events
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_unstreamed_reply_has_the_dialects_shape_and_is_billed() {
    let (provider, client) = echo(1).await;
    let played = client.send(&call("one", &ask("large", "hello"))).await.unwrap();
    assert_eq!(played.status, 200);
    assert_eq!(played.headers["content-type"], "application/json");
    assert_eq!(played.headers["x-ratelimit-remaining-requests"], "9999");
    assert!(!played.headers.contains_key("date"));
    let reply = json(&played);
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    let content = &reply["choices"][0]["message"]["content"];
    assert_eq!(content, "large under caller heard: hello — çà et là");
    // 5 bytes of prompt are 2 tokens and a message costs 4; 46 bytes of answer are 12.
    assert_eq!(reply["usage"]["prompt_tokens"], 6);
    assert_eq!(reply["usage"]["completion_tokens"], 12);
    let log = provider.log().calls();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].request, played.headers["x-request-id"]);
    assert_eq!((log[0].key.as_str(), log[0].status), ("caller", 200));
    assert_eq!(log[0].cost, NanoUsd(6 * 2500 + 12 * 10_000));
    provider.stop().await;
}

#[tokio::test]
async fn a_stream_is_well_formed_and_says_the_same_as_the_whole() {
    let (provider, client) = echo(1).await;
    let whole = json(&client.send(&call("one", &ask("large", "hello"))).await.unwrap());
    for include_usage in [false, true] {
        let played = client.send(&call("one", &streamed("hello", include_usage))).await.unwrap();
        let mut chunks = chunks(&played);
        if include_usage {
            let last = chunks.pop().unwrap();
            assert_eq!(last["choices"], json!([]));
            assert_eq!(last["usage"], whole["usage"]);
            assert!(chunks.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
        } else {
            assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));
        }
        assert!(chunks.iter().all(|chunk| chunk["id"] == whole["id"]));
        let (end, told) = chunks.split_last().unwrap();
        assert_eq!(end["choices"][0]["finish_reason"], "stop");
        assert!(told.len() > 2, "an answer of 46 bytes comes in pieces");
        let pieces = told.iter().map(|chunk| &chunk["choices"][0]);
        assert!(pieces.clone().all(|choice| choice["finish_reason"].is_null()));
        let text = pieces.map(|choice| choice["delta"]["content"].as_str().unwrap());
        let text = text.collect::<String>();
        assert_eq!(text, whole["choices"][0]["message"]["content"].as_str().unwrap());
    }
    provider.stop().await;
}

#[tokio::test]
async fn tool_calls_are_streamed_as_fragments_of_the_same_arguments() {
    let (provider, client) = echo(1).await;
    let whole = json(&client.send(&call("one", &ask("large", "book"))).await.unwrap());
    assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
    let wanted = &whole["choices"][0]["message"]["tool_calls"][0];
    let chunks = chunks(&client.send(&call("one", &streamed("book", false))).await.unwrap());
    let parts = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"].get("tool_calls").map(|calls| &calls[0]));
    let parts = parts.collect::<Vec<_>>();
    assert!(parts.len() > 2, "arguments of 57 bytes come in fragments");
    assert_eq!(parts[0]["id"], wanted["id"]);
    assert_eq!(parts[0]["function"]["name"], "book");
    assert!(parts[1..].iter().all(|part| part.get("id").is_none() && part["index"] == 0));
    let arguments = parts.iter().map(|part| part["function"]["arguments"].as_str().unwrap());
    assert_eq!(arguments.collect::<String>(), wanted["function"]["arguments"].as_str().unwrap());
    provider.stop().await;
}

/// As the provider does it: a function that had to be called is no reason to stop.
#[tokio::test]
async fn a_call_that_was_named_in_advance_ends_with_stop() {
    let (provider, client) = echo(1).await;
    for (choice, reason) in [
        (json!({"type": "function", "function": {"name": "book"}}), "stop"),
        (json!("required"), "tool_calls"),
        (json!("auto"), "tool_calls"),
    ] {
        let mut body = ask("large", "book");
        body["tools"] = json!([{"type": "function", "function": {"name": "book"}}]);
        body["tool_choice"] = choice;
        let whole = json(&client.send(&call("one", &body)).await.unwrap());
        assert_eq!(whole["choices"][0]["finish_reason"], reason, "{body}");
        body["stream"] = json!(true);
        let chunks = chunks(&client.send(&call("one", &body)).await.unwrap());
        let last = chunks.last().unwrap();
        assert_eq!(last["choices"][0]["finish_reason"], reason, "{body}");
    }
    provider.stop().await;
}

#[tokio::test]
async fn one_seed_answers_byte_for_byte_alike_in_any_order_of_arrival() {
    let calls = (0..60)
        .map(|number| {
            let secret = if number % 2 == 0 { "one" } else { "two" };
            let mut body = ask(if number % 3 == 0 { "mini" } else { "large" }, &number.to_string());
            body["stream"] = json!(number % 5 == 0);
            call(secret, &body)
        })
        .collect::<Vec<_>>();
    let first = bodies(7, &calls, 1).await;
    let reversed = calls.iter().rev().cloned().collect::<Vec<_>>();
    let mut second = bodies(7, &reversed, 16).await;
    second.reverse();
    assert_eq!(first, second);
    assert_ne!(first, bodies(8, &calls, 16).await);
}

async fn bodies(seed: u64, calls: &[LiveCall], at_once: usize) -> Vec<bytes::Bytes> {
    let (provider, client) = echo(seed).await;
    let played = client.play(calls, NonZeroUsize::new(at_once).unwrap()).await;
    provider.stop().await;
    played.into_iter().map(|played| played.unwrap().body).collect()
}

#[tokio::test]
async fn sums_of_the_log_are_the_sums_of_what_the_callers_were_told() {
    let (provider, client) = echo(3).await;
    let calls = (0..200)
        .map(|number| {
            let mut body = ask(["large", "mini"][number % 2], &"word ".repeat(number));
            if number % 4 == 0 {
                let past = json!({"role": "assistant", "content": "earlier"});
                body["messages"].as_array_mut().unwrap().insert(0, past);
            }
            call("two", &body)
        })
        .collect::<Vec<_>>();
    let prices = [("large", [2500, 1250, 10_000]), ("mini", [150, 75, 600])];
    let mut told = NanoUsd::ZERO;
    for played in client.play(&calls, NonZeroUsize::new(8).unwrap()).await {
        let reply = json(&played.unwrap());
        let [input, cached, output] =
            prices.iter().find(|(of, _)| reply["model"] == *of).unwrap().1;
        let tokens = |at: &str| reply["usage"].pointer(at).and_then(Value::as_i64).unwrap();
        let cached_tokens = tokens("/prompt_tokens_details/cached_tokens");
        let cost = (tokens("/prompt_tokens") - cached_tokens) * input
            + cached_tokens * cached
            + tokens("/completion_tokens") * output;
        told = told + NanoUsd(cost);
    }
    assert!(told > NanoUsd::ZERO);
    assert_eq!(provider.log().spend("two"), NanoUsd::ZERO, "the log knows names, not secrets");
    assert_eq!(provider.log().spend("shadow"), told);
    let each = provider.log().calls().iter().map(|call| call.cost).sum::<NanoUsd>();
    assert_eq!(each, told);
    let billed = provider.log().totals().values().map(|total| total.billed).sum::<u64>();
    assert_eq!(billed, 200);
    provider.stop().await;
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_in_the_dialects_error_shape() {
    let (provider, client) = echo(1).await;
    let check = async |call: LiveCall, status: u16, code: Value| {
        let played = client.send(&call).await.unwrap();
        assert_eq!(played.status, status);
        let error = &json(&played)["error"];
        assert_eq!(error["code"], code);
        assert!(error["message"].is_string() && error["type"].is_string());
    };
    check(call("nobody", &ask("large", "x")), 401, json!("invalid_api_key")).await;
    check(call("one", &ask("huge", "x")), 404, json!("model_not_found")).await;
    check(call("one", &json!({"messages": []})), 400, Value::Null).await;
    let no_messages = json!({"model": "large"});
    check(call("one", &no_messages), 400, json!("missing_required_parameter")).await;
    let broken = LiveCall { body: "{\"model\":".into(), ..call("one", &Value::Null) };
    check(broken, 400, Value::Null).await;
    let elsewhere = LiveCall { path: "/v2/nothing".into(), ..call("one", &Value::Null) };
    check(elsewhere, 404, Value::Null).await;
    assert_eq!(provider.log().calls(), []);
    provider.stop().await;
}

#[tokio::test]
async fn models_are_listed_to_who_has_a_key() {
    let (provider, client) = echo(1).await;
    let played = client.get("/v1/models", "one").await.unwrap();
    let ids = json(&played)["data"].as_array().unwrap().clone();
    assert_eq!(ids.iter().map(|model| &model["id"]).collect::<Vec<_>>(), ["large", "mini"]);
    assert_eq!(client.get("/v1/models", "nobody").await.unwrap().status, 401);
    provider.stop().await;
}

#[tokio::test]
async fn refusing_faults_hit_as_many_calls_as_asked_for_and_cost_nothing() {
    let (provider, client) = echo(1).await;
    let cases = [
        (Fault::RateLimited { retry_after_s: 7 }, 429, json!("rate_limit_exceeded"), Some("7")),
        (Fault::InsufficientQuota, 429, json!("insufficient_quota"), None),
        (Fault::ServerError, 500, Value::Null, None),
    ];
    for (fault, status, code, retry_after) in cases {
        provider.inject("large", fault, 2);
        for _ in 0..2 {
            let played = client.send(&call("one", &streamed("x", false))).await.unwrap();
            assert_eq!(played.status, status);
            assert_eq!(played.headers["content-type"], "application/json");
            assert_eq!(json(&played)["error"]["code"], code);
            let told = played.headers.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(told, retry_after);
        }
        let other = client.send(&call("one", &ask("mini", "x"))).await.unwrap();
        assert_eq!(other.status, 200);
        assert_eq!(client.send(&call("one", &ask("large", "x"))).await.unwrap().status, 200);
    }
    let totals = provider.log().totals();
    let large = totals[&("caller".to_owned(), "large".to_owned())];
    assert_eq!((large.calls, large.billed), (9, 3));
    provider.stop().await;
}

#[tokio::test]
async fn breaking_faults_break_and_a_healed_model_answers() {
    let (provider, client) = echo(1).await;
    for body in [ask("large", "x"), streamed("x", true)] {
        provider.inject("large", Fault::Reset, u32::MAX);
        client.send(&call("one", &body)).await.unwrap_err();
        provider.inject("large", Fault::Truncated, u32::MAX);
        client.send(&call("one", &body)).await.unwrap_err();
        provider.inject("large", Fault::Garbage, u32::MAX);
        let played = client.send(&call("one", &body)).await.unwrap();
        assert_eq!(played.status, 200);
        assert!(serde_json::from_slice::<Value>(&played.body).is_err());
        provider.heal("large");
        assert_eq!(client.send(&call("one", &body)).await.unwrap().status, 200);
    }
    let billed = provider.log().calls().iter().filter(|call| call.usage.is_some()).count();
    assert_eq!(billed, 2);
    provider.stop().await;
}

#[tokio::test]
async fn a_hanging_call_is_never_answered_and_does_not_keep_the_provider_from_stopping() {
    let (provider, client) = echo(1).await;
    provider.inject("large", Fault::Hang, 1);
    let request = call("one", &ask("large", "x"));
    let mut hanging = std::pin::pin!(client.send(&request));
    let waited = tokio::time::timeout(Duration::from_millis(200), &mut hanging).await;
    assert!(waited.is_err(), "an answer came");
    provider.stop().await;
    hanging.await.unwrap_err();
}

#[tokio::test]
async fn the_remaining_quota_is_what_it_was_set_to() {
    let (provider, client) = echo(1).await;
    provider.set_requests_remaining(3);
    let played = client.send(&call("one", &ask("large", "x"))).await.unwrap();
    assert_eq!(played.headers["x-ratelimit-remaining-requests"], "3");
    provider.stop().await;
}
