//! Buckets of an S3 store: how one is reached, and what may be expected of it.
//!
//! The table format's commits and the policy's versions rest on one promise: of two who create the
//! same object at once, one is refused (`If-None-Match: *`). S3 itself keeps it, and so do the usual
//! stores that speak like it.

mod said;

pub(crate) use said::{Outage, outage};

use object_store::{
    BackoffConfig, Certificate, ClientOptions, ObjectStore, Result, RetryConfig,
    aws::{AmazonS3Builder, S3ConditionalPut},
};
use said::Telling;
use std::{fmt, sync::Arc, time::Duration};

/// How long a connection may take to come up.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long one request may take, body included.
const REQUEST_MAX: Duration = Duration::from_secs(30);
/// How often a request is made again that was not answered, or with a fault of the store's own …
const TRIES_MAX: usize = 4;
/// … and for how long.
const TRYING_MAX: Duration = Duration::from_secs(20);
/// How long it rests between two tries: at first, and at most.
const REST: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(2);
/// Bytes of a bucket's name, by S3's rules.
const NAME_BYTES: std::ops::RangeInclusive<usize> = 3..=63;

/// How the store is reached, and as whom.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Where it listens, as `https://HOST:PORT`; `None` is Amazon's own in the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Where the bucket's name goes.
    pub addressing: Addressing,
    /// The certificate authorities that it is trusted by, in PEM; `None` leaves it to the system's.
    pub ca_pem: Option<String>,
    /// Who comes.
    pub key: Key,
}

/// Where the bucket's name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Into the path: most stores of one's own know no other.
    Path,
    /// Before the host's name, which has to lead to the store.
    Host,
}

/// A key of the store's.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub id: String,
    /// What proves it.
    pub secret: Secret,
    /// What comes with a key that is lent for a while.
    pub session: Option<Secret>,
}

/// A text that no output shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// The bucket's name and the prefix of `s3://BUCKET/PREFIX`, or what is wrong with it.
pub(crate) fn parsed(address: &str) -> Result<(&str, &str), &'static str> {
    let rest = address.strip_prefix("s3://").ok_or("write a folder, or s3://BUCKET/PREFIX")?;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    if !NAME_BYTES.contains(&name.len()) || !name.chars().all(is_name) {
        return Err("a bucket's name has 3 to 63 of a-z, 0-9, `-` and `.`");
    }
    let is_part = |part: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
        !part.is_empty() && part != "." && part != ".." && part.chars().all(fits)
    };
    match prefix.is_empty() || prefix.split('/').all(is_part) {
        true => Ok((name, prefix)),
        false => Err("a prefix is made of a-z, A-Z, 0-9, `-`, `_`, `.` and `=`, with `/` between"),
    }
}

/// A client of the bucket.
pub(crate) fn open(name: &str, s3: &S3) -> Result<Arc<dyn ObjectStore>> {
    let is_plain = s3.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let mut client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_connect_timeout(CONNECT_MAX)
        .with_timeout(REQUEST_MAX);
    if let Some(pem) = &s3.ca_pem {
        for authority in Certificate::from_pem_bundle(pem.as_bytes())? {
            client = client.with_root_certificate(authority);
        }
    }
    let retry = RetryConfig {
        backoff: BackoffConfig { init_backoff: REST, max_backoff: REST_MAX, base: 2.0 },
        max_retries: TRIES_MAX,
        retry_timeout: TRYING_MAX,
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(&s3.region)
        .with_virtual_hosted_style_request(s3.addressing == Addressing::Host)
        .with_access_key_id(&s3.key.id)
        .with_secret_access_key(&s3.key.secret.0)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        .with_client_options(client)
        .with_retry(retry)
        .with_http_connector(Telling::default());
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(Secret(session)) = &s3.key.session {
        builder = builder.with_token(session);
    }
    Ok(Arc::new(builder.build()?))
}
