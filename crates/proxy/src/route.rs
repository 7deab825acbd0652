//! Which provider a path names, and what of the path is the provider's.

use http::Uri;

/// A client's path, cut after the provider's name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    /// The first segment.
    pub(crate) provider: &'a str,
    /// Path and query below it, beginning with `/`.
    pub(crate) path: std::borrow::Cow<'a, str>,
}

/// Cuts `uri`. An absolute form (`GET http://proxy/openai/… HTTP/1.1`) is cut like any other: its
/// authority names this proxy.
pub(crate) fn route(uri: &Uri) -> Route<'_> {
    let whole = uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    let below = whole.strip_prefix('/').unwrap_or(whole);
    let end = below.find(['/', '?']).unwrap_or(below.len());
    let (provider, rest) = below.split_at(end);
    let path = match rest.as_bytes().first() {
        Some(b'/') => rest.into(),
        Some(_) => format!("/{rest}").into(),
        None => "/".into(),
    };
    Route { provider, path }
}
