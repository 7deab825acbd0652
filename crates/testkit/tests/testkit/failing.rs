//! How each dialect fails.

use crate::{
    dialects::{ask, frames, said, ways},
    support::{json, speaking},
};
use serde_json::json;
use std::time::Duration;
use testkit::sim::{Dialect, Fault};

#[tokio::test]
async fn faults_are_told_in_each_dialects_words() {
    let faults = [
        Fault::RateLimited { retry_after_s: 7 },
        Fault::InsufficientQuota,
        Fault::Overloaded,
        Fault::Status(404),
        Fault::ServerError,
    ];
    let wanted = |dialect: Dialect| match dialect {
        Dialect::OpenAi => [
            (429, "requests"),
            (429, "insufficient_quota"),
            (503, "server_error"),
            (404, "invalid_request_error"),
            (500, "server_error"),
        ],
        Dialect::Anthropic => [
            (429, "rate_limit_error"),
            (429, "rate_limit_error"),
            (529, "overloaded_error"),
            (404, "not_found_error"),
            (500, "api_error"),
        ],
        Dialect::Gemini => [
            (429, "RESOURCE_EXHAUSTED"),
            (402, "RESOURCE_EXHAUSTED"),
            (503, "UNAVAILABLE"),
            (404, "NOT_FOUND"),
            (500, "INTERNAL"),
        ],
    };
    for way in ways() {
        let (provider, client) = speaking(way.dialect, 1).await;
        for (fault, (status, kind)) in faults.into_iter().zip(wanted(way.dialect)) {
            let model = model(way.dialect);
            provider.inject(model, fault, 1);
            let played = ask(&client, way.whole.0, &said(&way.whole.1, "hello")).await;
            let body = json(&played);
            let told = if way.dialect == Dialect::Gemini {
                &body["error"]["status"]
            } else {
                &body["error"]["type"]
            };
            assert_eq!((played.status, told), (status, &json!(kind)), "{fault:?}: {body}");
            if way.dialect == Dialect::Anthropic {
                assert_eq!(body["type"], "error");
                assert_eq!(body["request_id"], played.headers["request-id"].to_str().unwrap());
            }
            if status == 429 && matches!(fault, Fault::RateLimited { .. }) {
                let header = played.headers.get("retry-after").map(|value| value.to_str().unwrap());
                match way.dialect {
                    Dialect::OpenAi | Dialect::Anthropic => assert_eq!(header, Some("7")),
                    Dialect::Gemini => assert_eq!(body["error"]["details"][0]["retryDelay"], "7s"),
                }
            }
        }
        assert!(provider.log().calls().iter().all(|call| call.usage.is_none()));
        provider.stop().await;
    }
}

fn model(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "gpt-5",
        Dialect::Anthropic => "claude-sonnet-4-5",
        Dialect::Gemini => "gemini-3-pro-preview",
    }
}

#[tokio::test]
async fn an_error_in_a_stream_comes_after_200_and_a_block_is_no_failure() {
    for way in ways() {
        let (provider, client) = speaking(way.dialect, 1).await;
        for (path, body) in &way.streams {
            provider.inject(model(way.dialect), Fault::ErrorInStream, 1);
            let played = ask(&client, path, &said(body, "hello")).await;
            assert_eq!(played.status, 200);
            let frames = frames(&played);
            let last = frames.last().unwrap();
            let told = match way.dialect {
                Dialect::OpenAi => (&last["type"], "error"),
                Dialect::Anthropic => (&last["error"]["type"], "overloaded_error"),
                Dialect::Gemini => (&last["error"]["status"], "UNAVAILABLE"),
            };
            assert_eq!(told.0, told.1, "{last}");
        }
        provider.inject(model(way.dialect), Fault::Blocked, 1);
        let reply = json(&ask(&client, way.whole.0, &said(&way.whole.1, "hello")).await);
        match way.dialect {
            Dialect::OpenAi => assert_eq!(reply["incomplete_details"]["reason"], "content_filter"),
            Dialect::Anthropic => assert_eq!(reply["stop_reason"], "refusal"),
            Dialect::Gemini => {
                assert_eq!(reply["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
                assert!(reply.get("candidates").is_none());
            }
        }
        let billed = provider.log().calls().into_iter().filter_map(|call| call.usage);
        let billed = billed.map(|usage| usage.output_tokens).collect::<Vec<_>>();
        assert_eq!(billed, [0], "only the prompt of what was blocked");
        provider.stop().await;
    }
}

#[tokio::test]
async fn who_gives_up_on_a_stream_is_noticed() {
    let (provider, client) = speaking(Dialect::Anthropic, 1).await;
    let (path, body) = &ways()[0].streams[0];
    provider.inject("claude-sonnet-4-5", Fault::Stuck, 1);
    let body = said(body, "hello");
    let waiting = Duration::from_millis(100);
    let waited = tokio::time::timeout(waiting, ask(&client, path, &body)).await;
    assert!(waited.is_err(), "it ended");
    while provider.log().abandoned("claude-sonnet-4-5") == 0 {
        tokio::task::yield_now().await;
    }
    ask(&client, path, &body).await;
    assert_eq!(provider.log().abandoned("claude-sonnet-4-5"), 1, "a stream that was read was not");
    provider.stop().await;
}
