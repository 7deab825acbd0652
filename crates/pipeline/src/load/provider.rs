//! `[[provider]]`

use super::{ReadFile, names};
use crate::{Provider, mistake::Notes, raw::RawProvider, suggest::did_you_mean};
use policy::categorize;
use serde_spanned::Spanned;

/// First segments of a path that are not a provider's.
const RESERVED: [&str; 5] = ["api", "foreshadow", "healthz", "metrics", "readyz"];

/// The dialects that this version speaks, each with the header that carries its key.
const DIALECTS: [(&str, &str); 3] =
    [("openai", "authorization"), ("anthropic", "x-api-key"), ("gemini", "x-goog-api-key")];

/// The dialect that has Responses beside its common form.
const OPENAI: &str = "openai";
/// The hosts that are known to have them, OpenAI's own and Azure's; `*` stands for any characters.
const WITH_RESPONSES: [&str; 5] = [
    "api.openai.com",
    "*.api.openai.com",
    "*.openai.azure.com",
    "*.cognitiveservices.azure.com",
    "*.services.ai.azure.com",
];

/// Variables are shorter than most keys, and keys hold characters that variables do not.
const ENV_CHARS_MAX: usize = 64;

pub(super) fn all(
    notes: &mut Notes<'_>,
    raw: &[RawProvider],
    read_file: &ReadFile<'_>,
) -> Vec<Provider> {
    names::refuse_twice(notes, "provider", raw.iter().filter_map(|raw| raw.name.as_ref()));
    raw.iter().filter_map(|raw| provider(notes, raw, read_file)).collect()
}

fn provider(
    notes: &mut Notes<'_>,
    raw: &RawProvider,
    read_file: &ReadFile<'_>,
) -> Option<Provider> {
    if let Some(name) = &raw.name {
        names::check(notes, "provider", name, &RESERVED);
    }
    let dialect = dialect(notes, raw.dialect.as_ref());
    let base_url = raw.base_url.as_ref().map(|url| base_url(notes, url));
    let ca_pem = raw.ca_file.as_ref().and_then(|file| authorities(notes, file, read_file));
    let proxy = raw.proxy.as_ref().map(|url| proxy(notes, url));
    let key_env = raw.key_env.as_ref().map(|name| variable(notes, "key_env", name));
    let shadow_key_env =
        raw.shadow_key_env.as_ref().map(|name| variable(notes, "shadow_key_env", name));
    let key_header = key_header(notes, raw.key_header.as_ref(), &dialect);
    let responses = responses(notes, raw, &dialect);
    Some(Provider {
        name: raw.name.as_ref()?.get_ref().clone(),
        dialect,
        // What is missing is noted; the name is kept, so that no model is told it does not exist.
        base_url: base_url.unwrap_or_default(),
        key_env,
        shadow_key_env,
        key_header,
        responses,
        allowed: raw.allowed.as_ref().is_none_or(|allowed| *allowed.get_ref()),
        http2: raw.http2.as_ref().map(|http2| *http2.get_ref()),
        ca_pem,
        proxy,
    })
}

fn responses(notes: &mut Notes<'_>, raw: &RawProvider, dialect: &str) -> bool {
    let Some(written) = &raw.responses else {
        let base_url = raw.base_url.as_ref().map(|url| url.get_ref().as_str());
        return has_responses(dialect, base_url.unwrap_or_default());
    };
    if dialect != OPENAI {
        let what = format!("`responses` is not a form of the dialect `{dialect}`");
        notes.error(written.span(), what, "leave it out: only `openai` has it");
    }
    *written.get_ref()
}

/// Whether a provider whose paths begin there is known to have Responses. Others that speak `openai` are
/// taken to have Chat Completions alone: all of them have that, and a call of Responses is then translated,
/// where one to a path that is not there would be lost.
pub(crate) fn has_responses(dialect: &str, base_url: &str) -> bool {
    let rest = base_url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    dialect == OPENAI && WITH_RESPONSES.iter().any(|pattern| categorize::matches(pattern, host))
}

fn dialect(notes: &mut Notes<'_>, raw: Option<&Spanned<String>>) -> String {
    let known = DIALECTS.map(|(name, _)| name);
    let Some(raw) = raw else { return known[0].to_owned() };
    if !known.contains(&raw.get_ref().as_str()) {
        let what = format!("there is no dialect `{}`", raw.get_ref());
        notes.error(raw.span(), what, did_you_mean(raw.get_ref(), &known));
    }
    raw.get_ref().clone()
}

fn base_url(notes: &mut Notes<'_>, raw: &Spanned<String>) -> String {
    let url = raw.get_ref();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        notes.error(raw.span(), "`base_url` is not an http or https address", EXAMPLE);
        return url.clone();
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') || url.contains('?') || url.contains('#') {
        // The value is not repeated: what stands there may be a key.
        notes.error(
            raw.span(),
            "`base_url` has a user, a query or a fragment, where credentials hide",
            "keep scheme, host and path, and name the key's variable in `key_env`",
        );
    } else if host.is_empty() || host.chars().any(char::is_whitespace) {
        notes.error(raw.span(), "`base_url` names no host", EXAMPLE);
    }
    url.trim_end_matches('/').to_owned()
}

/// The text of a file with certificate authorities. Whether they can be used shows where they are.
pub(super) fn authorities(
    notes: &mut Notes<'_>,
    raw: &Spanned<String>,
    read_file: &ReadFile<'_>,
) -> Option<String> {
    let file = raw.get_ref();
    match read_file(file) {
        Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => Some(text),
        Ok(_) => {
            let what = format!("`ca_file` names `{file}`, which holds no certificate");
            notes.error(raw.span(), what, "give a PEM file: it has lines BEGIN CERTIFICATE");
            None
        }
        Err(why) => {
            notes.error(raw.span(), format!("the `ca_file` `{file}` cannot be read"), why);
            None
        }
    }
}

fn proxy(notes: &mut Notes<'_>, raw: &Spanned<String>) -> String {
    const EXAMPLE: &str = "write it like http://proxy.internal:3128";
    let url = raw.get_ref().trim_end_matches('/');
    let Some(authority) = url.strip_prefix("http://") else {
        notes.error(raw.span(), "`proxy` is not an http address", EXAMPLE);
        return url.to_owned();
    };
    let host_and_port = authority.rsplit_once(':');
    if authority.contains('@') {
        // The value is not repeated: what stands there may be a password.
        let remedy = "leave them out: a proxy that asks for them cannot be used";
        notes.error(raw.span(), "`proxy` has a user or a password", remedy);
    } else if authority.contains(['/', '?', '#'])
        || authority.contains(char::is_whitespace)
        || host_and_port.is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err())
    {
        notes.error(raw.span(), "`proxy` is not a host with a port", EXAMPLE);
    }
    url.to_owned()
}

const EXAMPLE: &str = "write it like https://api.openai.com";

pub(super) fn variable(notes: &mut Notes<'_>, field: &str, raw: &Spanned<String>) -> String {
    let name = raw.get_ref();
    let first = |c: char| c.is_ascii_uppercase() || c == '_';
    let fits = name.chars().all(|c| first(c) || c.is_ascii_digit());
    if !name.starts_with(first) || !fits || name.len() > ENV_CHARS_MAX {
        // The value is not repeated: it may be the key itself.
        notes.error(
            raw.span(),
            format!("`{field}` is not the name of a variable; it looks like a credential"),
            "put the key into the environment and write the variable's name, like OPENAI_API_KEY",
        );
        return String::new();
    }
    name.clone()
}

fn key_header(notes: &mut Notes<'_>, raw: Option<&Spanned<String>>, dialect: &str) -> String {
    let Some(raw) = raw else {
        let usual = DIALECTS.iter().find(|(name, _)| *name == dialect);
        return usual.map_or("authorization", |(_, header)| header).to_owned();
    };
    let name = raw.get_ref().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(fits) {
        let what = "`key_header` is not the name of a header";
        notes.error(raw.span(), what, "write it like authorization or api-key");
    }
    name
}
