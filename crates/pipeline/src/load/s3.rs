//! `[s3]`

use super::{ReadFile, provider, secret::source};
use crate::{S3, SecretSource, mistake::Notes, raw::s3::RawS3};
use serde_spanned::Spanned;
use std::net::IpAddr;

/// No region's name is longer.
const REGION_BYTES_MAX: usize = 64;
const EXAMPLE: &str = "write it like https://s3.internal:9000";

/// How the store is reached; by what is usual where the section is not written.
pub(super) fn s3(notes: &mut Notes<'_>, raw: Option<&RawS3>, read_file: &ReadFile<'_>) -> S3 {
    let Some(raw) = raw else { return S3::default() };
    let usual = S3::default();
    let endpoint = raw.endpoint.as_ref().map(|endpoint| address(notes, endpoint, raw));
    let ca_pem =
        raw.ca_file.as_ref().and_then(|file| provider::authorities(notes, file, read_file));
    let mut named = |what, env, env_raw, file, file_raw| {
        source(notes, what, [(env, Option::as_ref(env_raw)), (file, Option::as_ref(file_raw))])
    };
    let id = named("the key's id", "key_id_env", &raw.key_id_env, "key_id_file", &raw.key_id_file);
    let secret =
        named("the secret", "secret_env", &raw.secret_env, "secret_file", &raw.secret_file);
    let session =
        named("the session", "session_env", &raw.session_env, "session_file", &raw.session_file);
    check_pair(notes, raw);
    // A lent key's session goes with that key alone.
    let is_usual = id.is_none() && secret.is_none();
    S3 {
        path_style: raw
            .path_style
            .as_ref()
            .map_or_else(|| endpoint.is_some(), |style| *style.get_ref()),
        endpoint,
        region: raw.region.as_ref().map_or(usual.region, |name| region(notes, name)),
        ca_pem,
        key_id: id.unwrap_or(usual.key_id),
        secret: secret.unwrap_or(usual.secret),
        session: session.or_else(|| usual.session.filter(|_| is_usual)),
    }
}

/// Half a key of one's own and half of the usual one fit nowhere.
fn check_pair(notes: &mut Notes<'_>, raw: &RawS3) {
    let id = raw.key_id_env.as_ref().or(raw.key_id_file.as_ref());
    let secret = raw.secret_env.as_ref().or(raw.secret_file.as_ref());
    let (written, missing) = match (id, secret) {
        (Some(id), None) => (id, "`secret_env` or `secret_file`"),
        (None, Some(secret)) => (secret, "`key_id_env` or `key_id_file`"),
        (Some(_), Some(_)) | (None, None) => return,
    };
    let what = "half a key is named";
    notes.error(written.span(), what, format!("name the other half in {missing}"));
}

fn address(notes: &mut Notes<'_>, written: &Spanned<String>, raw: &RawS3) -> String {
    let url = written.get_ref().trim_end_matches('/');
    let secure = url.strip_prefix("https://");
    let Some(authority) = secure.or_else(|| url.strip_prefix("http://")) else {
        notes.error(written.span(), "`endpoint` is not an http or https address", EXAMPLE);
        return url.to_owned();
    };
    if authority.contains('@') {
        // The value is not repeated: what stands there may be a key.
        let remedy = "leave it out, and name the key's variables in `key_id_env` and `secret_env`";
        notes.error(written.span(), "`endpoint` has a user or a password", remedy);
    } else if authority.is_empty()
        || authority.contains(['/', '?', '#'])
        || authority.contains(char::is_whitespace)
    {
        notes.error(written.span(), "`endpoint` is not a host with a port", EXAMPLE);
    } else if secure.is_none() && !is_allowed(raw) && !is_loopback(authority) {
        let what = "what is recorded is sent as it is, over a way that anybody on it can read";
        let remedy = "write https://, or allow_http = true where the way is yours alone";
        notes.error(written.span(), what, remedy);
    }
    url.to_owned()
}

fn is_allowed(raw: &RawS3) -> bool {
    raw.allow_http.as_ref().is_some_and(|allowed| *allowed.get_ref())
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

fn region(notes: &mut Notes<'_>, written: &Spanned<String>) -> String {
    let name = written.get_ref();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > REGION_BYTES_MAX || !name.chars().all(fits) {
        let remedy =
            format!("write it like {}, as the store's makers name it", S3::default().region);
        notes.error(written.span(), "`region` is not the name of a region", remedy);
    }
    name.clone()
}

impl Default for S3 {
    /// Amazon's own, with the key in the variables that its other clients read.
    fn default() -> Self {
        let variable = |name: &str| SecretSource::Variable(name.to_owned());
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            path_style: false,
            ca_pem: None,
            key_id: variable("AWS_ACCESS_KEY_ID"),
            secret: variable("AWS_SECRET_ACCESS_KEY"),
            session: Some(variable("AWS_SESSION_TOKEN")),
        }
    }
}
