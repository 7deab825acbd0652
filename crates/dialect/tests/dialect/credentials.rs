//! Credentials do not survive.

use crate::golden;
use dialect::credentials::strip;
use exchange::Headers;
use proptest::prelude::*;

const SECRET: &str = "sk-proj-0123456789abcdefghij";

fn stripped(pairs: &[(&str, &str)], path: &str) -> (Headers, String) {
    let (mut headers, mut path) = (golden::headers(pairs), path.to_owned());
    strip(&mut headers, &mut path);
    (headers, path)
}

#[test]
fn headers_that_carry_credentials_are_removed() {
    for name in [
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
        "set-cookie",
        "x-amz-security-token",
        "ocp-apim-subscription-key",
        "cf-aig-authorization",
        "helicone-auth",
        "x-client-secret",
    ] {
        assert_eq!(stripped(&[(name, "abc")], "/").0, Headers::default(), "{name}");
    }
    for value in [SECRET, "Bearer abc", "basic YWJj"] {
        assert_eq!(stripped(&[("x-custom", value)], "/").0, Headers::default(), "{value}");
    }
}

#[test]
fn headers_that_carry_none_stay_in_order() {
    let pairs = [
        ("content-type", "application/json"),
        ("x-ratelimit-remaining-tokens", "1000"),
        ("idempotency-key", "order-7"),
        ("openai-organization", "org-1"),
        ("retry-after", "2"),
        ("x-request-id", "req_1"),
        ("user-agent", "OpenAI/Python 2.0"),
    ];
    assert_eq!(stripped(&pairs, "/").0, golden::headers(&pairs));
}

#[test]
fn urls_in_headers_are_stripped_too() {
    let (headers, _) = stripped(&[("location", "https://a:b@host/x?key=abc&alt=sse")], "/");
    assert_eq!(headers.get("location"), Some("https://host/x?alt=sse"));
}

#[test]
fn paths_lose_their_credentials_and_nothing_else() {
    let cases = [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/models?limit=2&after=x", "/v1/models?limit=2&after=x"),
        ("/v1/m:generate?key=abc", "/v1/m:generate"),
        ("/v1/m:generate?key=abc&alt=sse", "/v1/m:generate?alt=sse"),
        ("/v1/m:generate?alt=sse&key=abc", "/v1/m:generate?alt=sse"),
        ("/x?a=1&api_key=b;access_token=c&d=2", "/x?a=1&d=2"),
        ("/x?%6Bey=abc", "/x"),
        ("/x?apiKey=abc&API-KEY=def&token=ghi", "/x"),
        ("/x?X-Amz-Signature=abc&X-Amz-Date=1", "/x?X-Amz-Date=1"),
        ("/x?max_tokens=5", "/x?max_tokens=5"),
        ("/x#access_token=abc", "/x"),
        ("/x?", "/x?"),
        ("http://me:pw@host/x", "http://host/x"),
        ("/to/https://me:p@w@host/x?y=1", "/to/https://host/x?y=1"),
        ("/x?next=https%3A%2F%2Fhost%2F%3Fkey%3Dabc", "/x"),
        ("/x?next=https%3A%2F%2Fhost%2F", "/x?next=https%3A%2F%2Fhost%2F"),
        ("/x/sk-proj-0123456789abcdefghij/y", "/x/[credential removed]/y"),
        ("/x?q=sk-proj-0123456789abcdefghij", "/x"),
        ("/x?sk-proj-0123456789abcdefghij", "/x"),
    ];
    for (path, expected) in cases {
        assert_eq!(stripped(&[], path).1, expected, "{path}");
    }
}

proptest! {
    /// Wherever the secret stands in a call, it is nowhere afterwards, and a second pass finds
    /// nothing more.
    #[test]
    fn a_secret_never_survives(
        place in 0_usize..7,
        noise in "[a-z0-9=&?/%#;:@.]{0,30}",
        word in "[a-z]{1,8}",
    ) {
        let path = match place {
            0 => format!("/{word}?key={SECRET}&{noise}"),
            1 => format!("/{word}?{noise}&access_token={SECRET}"),
            2 => format!("/{word}/{SECRET}/x?{noise}"),
            3 => format!("http://{word}:{SECRET}@host/{word}?{noise}"),
            4 => format!("/{word}?{word}={SECRET}#{noise}"),
            _ => format!("/{noise}"),
        };
        let headers = [
            ("authorization", format!("Bearer {SECRET}")),
            ("x-other", if place == 5 { SECRET.to_owned() } else { noise.clone() }),
            ("referer", format!("https://host/{word}?token={SECRET}")),
        ];
        let pairs: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (headers, path) = stripped(&pairs, &path);
        prop_assert!(!path.contains(SECRET), "{path}");
        prop_assert!(!format!("{headers:?}").contains(SECRET), "{headers:?}");
        let (mut headers_again, mut path_again) = (headers.clone(), path.clone());
        strip(&mut headers_again, &mut path_again);
        prop_assert_eq!((headers_again, path_again), (headers, path));
    }
}
