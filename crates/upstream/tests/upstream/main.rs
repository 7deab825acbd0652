//! The client against a scripted provider on loopback.

#![cfg(test)]

mod corpus;
mod laws;
mod provider;

use bytes::Bytes;
use exchange::{Clock, Headers, Timestamp};
use provider::{Provider, Turn};
use std::{sync::Arc, time::Duration};
use upstream::{Answer, Client, Error, Failure, Fault, Limits, ProviderTarget, Quota, Secret, Way};

const KEY: &str = "sk-live-0123456789";
/// A cap of a month, and a workspace's or an empty account: neither says so by the error's type.
const ANTHROPIC_CAP: &str = r#"{"type":"error","error":{"type":"rate_limit_error","message":"You have reached your API usage limits","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
const ANTHROPIC_SPENT: &str = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}"#;
const SPEND_CAP: &str = r#"{"error":{"code":"insufficient_quota","message":"no credit"}}"#;

struct Frozen;

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000_000)
    }
}

fn target(base_url: &str, key_header: &str) -> ProviderTarget {
    ProviderTarget {
        name: "sim".to_owned(),
        base_url: base_url.to_owned(),
        key: Secret::new(KEY),
        key_header: key_header.to_owned(),
        headers: &[],
        way: Way::default(),
        limits: Limits { retry_wait: Duration::from_millis(2), ..Limits::default() },
    }
}

fn client(base_url: &str) -> Client {
    Client::new(target(base_url, "authorization"), Arc::new(Frozen)).unwrap()
}

async fn ask(client: &Client, deadline_ms: u64) -> Result<Answer, Failure> {
    let body = Bytes::from_static(b"{}");
    client.call("/v1/chat/completions", body, Duration::from_millis(deadline_ms), 7).await
}

/// Plays `script` to one call and says how it ended: `Ok(status)` or whose fault it was, and how
/// many attempts it took.
async fn check(script: Vec<Turn>, deadline_ms: u64, expect: (Result<u16, Fault>, usize)) {
    let name = format!("{script:?}");
    let provider = Provider::start(script).await;
    let outcome = ask(&client(&provider.base_url), deadline_ms).await;
    let (ended, attempts) = match outcome {
        Ok(answer) => (Ok(answer.status), answer.attempts),
        Err(failure) => (Err(failure.fault), failure.attempts),
    };
    assert_eq!((ended, attempts.len()), expect, "{name}");
    assert_eq!(provider.seen().len(), attempts.len(), "{name}: each attempt is reported");
    let numbers: Vec<u32> = attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, (1..=attempts.len() as u32).collect::<Vec<_>>());
    assert!(attempts.iter().all(|attempt| attempt.started_at == Frozen.now()));
}

#[tokio::test]
async fn a_failure_is_blamed_on_whose_it_is_and_retried_where_that_may_help() {
    let status = |code| Turn::status(code, "{}");
    check(vec![Turn::ok("{}")], 5_000, (Ok(200), 1)).await;
    check(vec![status(500), status(529), Turn::ok("{}")], 5_000, (Ok(200), 3)).await;
    check(vec![status(503); 4], 5_000, (Err(Fault::Provider), 4)).await;
    check(vec![status(429); 4], 5_000, (Err(Fault::Provider), 4)).await;
    check(vec![Turn::status(429, SPEND_CAP)], 5_000, (Err(Fault::Ours), 1)).await;
    check(vec![Turn::status(429, ANTHROPIC_CAP)], 5_000, (Err(Fault::Ours), 1)).await;
    check(vec![Turn::status(400, ANTHROPIC_SPENT)], 5_000, (Err(Fault::Ours), 1)).await;
    check(vec![status(400)], 5_000, (Err(Fault::Candidate), 1)).await;
    check(vec![status(404)], 5_000, (Err(Fault::Candidate), 1)).await;
    check(vec![status(401)], 5_000, (Err(Fault::Ours), 1)).await;
    check(vec![Turn::Hang], 50, (Err(Fault::Candidate), 1)).await;
    check(vec![status(500), Turn::Hang], 200, (Err(Fault::Provider), 2)).await;
    check(vec![Turn::Cut, Turn::ok("{}")], 5_000, (Ok(200), 2)).await;
    check(vec![Turn::Cut; 4], 5_000, (Err(Fault::Provider), 4)).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Provider::start(vec![]).await;
    let location = format!("{}/v1/chat/completions", elsewhere.base_url);
    let script = vec![Turn::status(307, "").with("location", &location)];
    check(script, 5_000, (Err(Fault::Ours), 1)).await;
    assert!(elsewhere.seen().is_empty(), "our key must not travel");
}

#[tokio::test]
async fn retry_after_is_obeyed_within_the_deadline() {
    let asks = |name: &str, value: &str| Turn::status(429, "{}").with(name, value);
    let provider = Provider::start(vec![asks("retry-after-ms", "120"), Turn::ok("{}")]).await;
    let begun = tokio::time::Instant::now();
    ask(&client(&provider.base_url), 5_000).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(120));

    check(vec![asks("retry-after", "0"), Turn::ok("{}")], 5_000, (Ok(200), 2)).await;
    // Asked to wait past the deadline: there is no point in waiting at all.
    check(vec![asks("retry-after", "60")], 1_000, (Err(Fault::Provider), 1)).await;
    let date = asks("retry-after", "Wed, 21 Oct 2015 07:29:00 GMT")
        .with("date", "Wed, 21 Oct 2015 07:28:00 GMT");
    check(vec![date], 1_000, (Err(Fault::Provider), 1)).await;
}

#[tokio::test]
async fn nobody_at_home_is_our_fault_and_tried_again() {
    let gone = Provider::start(vec![]).await.stop().await;
    let failure = ask(&client(&gone), 5_000).await.unwrap_err();
    assert_eq!((failure.fault, failure.attempts.len()), (Fault::Ours, 4));
}

#[tokio::test]
async fn a_reply_past_the_limit_is_refused() {
    let endless = Turn::Bytes(upstream::REPLY_BYTES_MAX + 1);
    check(vec![endless], 60_000, (Err(Fault::Ours), 1)).await;
}

#[tokio::test]
async fn the_key_goes_into_its_header_and_nowhere_else() {
    let quoting = Turn::status(401, &format!("Incorrect API key provided: {KEY}"));
    let provider = Provider::start(vec![quoting, Turn::ok("{}")]).await;
    let bearer = client(&provider.base_url);
    let failure = ask(&bearer, 5_000).await.unwrap_err();
    assert!(!format!("{failure:?} {failure}").contains(KEY));
    assert!(failure.error.contains("***"));
    assert_eq!(provider.seen()[0].header("authorization"), Some(format!("Bearer {KEY}")));
    assert!(!format!("{:?}", target("http://x", "authorization")).contains(KEY));

    let plain = Client::new(target(&provider.base_url, "api-key"), Arc::new(Frozen)).unwrap();
    ask(&plain, 5_000).await.unwrap();
    let last = provider.seen().pop().unwrap();
    assert_eq!(last.header("api-key"), Some(KEY.to_owned()));
    assert_eq!(last.header("authorization"), None);
    assert_eq!(last.path, "/v1/chat/completions");
}

#[tokio::test]
async fn a_path_cannot_take_the_key_to_another_host() {
    let provider = Provider::start(vec![]).await;
    let client = client(&provider.base_url);
    for path in ["@elsewhere.example/v1", ".elsewhere.example/v1", "9/v1", "v1"] {
        let failure = client
            .call(path, Bytes::new(), Duration::from_secs(1), 0)
            .await
            .expect_err("must not be sent");
        assert_eq!((failure.fault, failure.attempts.len()), (Fault::Ours, 0), "{path}");
    }
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn calls_past_the_limit_wait_outside_their_deadline() {
    let slow = || Turn::Late(Duration::from_millis(60), "{}".to_owned());
    let provider = Provider::start(vec![slow(), slow(), slow(), slow()]).await;
    let mut one_place = target(&provider.base_url, "authorization");
    one_place.limits.in_flight_max = 1;
    let client = Client::new(one_place, Arc::new(Frozen)).unwrap();
    // One after the other they take 240 ms, which none of them alone was given.
    let (a, b, c, d) =
        tokio::join!(ask(&client, 200), ask(&client, 200), ask(&client, 200), ask(&client, 200));
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(provider.at_once_max(), 1);
}

#[test]
fn a_target_that_cannot_be_called_is_refused() {
    let make = |url: &str, header: &str| Client::new(target(url, header), Arc::new(Frozen)).err();
    assert!(matches!(make("ftp://x", "authorization"), Some(Error::BaseUrl { .. })));
    assert!(matches!(make("not a url", "authorization"), Some(Error::BaseUrl { .. })));
    assert!(matches!(make("http://x", "a b"), Some(Error::Key(_))));
    let mut untrusted = target("https://x", "authorization");
    untrusted.way.ca_pem = Some("nothing here".to_owned());
    let refused = Client::new(untrusted, Arc::new(Frozen)).err();
    assert!(matches!(refused, Some(Error::Authorities { .. })));
}

/// Calls one after another, over connections that may be so old.
async fn check_connections(connection_age_max: Duration, calls: usize, connections: usize) {
    let provider = Provider::start(vec![Turn::ok("{}"); calls]).await;
    let mut target = target(&provider.base_url, "authorization");
    target.limits.connection_age_max = connection_age_max;
    let client = Client::new(target, Arc::new(Frozen)).unwrap();
    for _ in 0..calls {
        ask(&client, 5_000).await.unwrap();
    }
    assert_eq!(provider.connections(), connections);
}

#[tokio::test]
async fn connections_are_used_again_until_they_are_old() {
    check_connections(Limits::default().connection_age_max, 3, 1).await;
    check_connections(Duration::ZERO, 3, 3).await;
}

#[tokio::test]
async fn a_forward_proxy_that_is_named_is_used() {
    let proxy = Provider::start(vec![Turn::ok("{}")]).await;
    let mut target = target("http://provider.example", "authorization");
    target.way.proxy = Some(proxy.base_url.clone());
    let client = Client::new(target, Arc::new(Frozen)).unwrap();
    ask(&client, 5_000).await.unwrap();
    assert_eq!(proxy.seen()[0].header("host"), Some("provider.example".to_owned()));
}

/// Runs itself again where the environment names a proxy at which nobody listens.
#[test]
fn a_forward_proxy_of_the_environment_is_not_used() {
    let name = "a_forward_proxy_of_the_environment_is_not_used";
    if std::env::var_os("ALL_PROXY").is_some_and(|proxy| proxy == NOBODY) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(check(vec![Turn::ok("{}")], 5_000, (Ok(200), 1)));
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        again.env(variable, NOBODY);
    }
    let again =
        again.args(["--exact", name]).env_remove("NO_PROXY").env_remove("no_proxy").output();
    let told = String::from_utf8(again.unwrap().stdout).unwrap();
    assert!(told.contains("1 passed"), "{told}");
}

const NOBODY: &str = "http://127.0.0.1:1";

#[test]
fn what_is_left_of_a_rate_limit_is_read() {
    let check = |fields: &[(&str, &str)], expect: Option<f64>| {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(Quota::read(&Headers(fields.collect())).share(), expect, "{expect:?}");
    };
    check(&[], None);
    check(&[("x-ratelimit-remaining-requests", "5")], None);
    check(&[("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-limit-requests", "0")], None);
    let openai = [
        ("x-ratelimit-limit-requests", "100"),
        ("x-ratelimit-remaining-requests", "50"),
        ("x-ratelimit-reset-requests", "6m0.5s"),
        ("x-ratelimit-limit-tokens", "1000"),
        ("x-ratelimit-remaining-tokens", "100"),
    ];
    check(&openai, Some(0.1));
    let anthropic =
        [("anthropic-ratelimit-tokens-limit", "10"), ("anthropic-ratelimit-tokens-remaining", "9")];
    check(&anthropic, Some(0.9));
    let fields = openai.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let room = Quota::read(&Headers(fields.to_vec())).requests.unwrap();
    assert_eq!(room.reset, Some(Duration::from_millis(360_500)));
}

proptest::proptest! {
    #[test]
    fn no_header_breaks_the_quota(remaining in ".*", limit in ".*", reset in ".*") {
        let field = |name: &str, value: String| (format!("x-ratelimit-{name}-requests"), value);
        let headers = Headers(vec![
            field("remaining", remaining), field("limit", limit), field("reset", reset),
        ]);
        let share = Quota::read(&headers).share();
        proptest::prop_assert!(share.is_none_or(|share| (0.0..=1.0).contains(&share)));
    }
}
