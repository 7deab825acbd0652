//! Paths that name a model and what it shall do: `/v1beta/models/MODEL:METHOD`.

use std::fmt::Write;

pub(crate) const GENERATE: &str = "generateContent";
pub(crate) const STREAM: &str = "streamGenerateContent";

/// A path that names a model and a method, in its pieces.
pub(crate) struct Path<'p> {
    /// With the last slash.
    before: &'p str,
    pub(crate) model: &'p str,
    pub(crate) method: &'p str,
    /// Behind the question mark, with it.
    query: &'p str,
}

impl<'p> Path<'p> {
    pub(crate) fn read(path: &'p str) -> Option<Self> {
        let end = path.find(['?', '#']).unwrap_or(path.len());
        let (path, query) = path.split_at(end);
        let (before, method) = path.trim_end_matches('/').rsplit_once(':')?;
        let start = before.rfind('/')? + 1;
        let (before, model) = before.split_at(start);
        let is_method = !method.is_empty() && !method.contains('/');
        is_method.then_some(Self { before, model, method, query })
    }

    /// The same path with another model.
    pub(crate) fn with_model(&self, model: &str) -> String {
        format!("{}{}:{}{}", self.before, encoded(own(model)), self.method, self.query)
    }

    /// The same path, unstreamed.
    pub(crate) fn unstreamed(&self) -> String {
        let method = if self.method == STREAM { GENERATE } else { self.method };
        let query = self.query.strip_prefix('?').unwrap_or_default();
        let kept: Vec<&str> = query
            .split('&')
            .filter(|parameter| !parameter.is_empty() && !parameter.starts_with("alt="))
            .collect();
        let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
        format!("{}{}:{method}{query}", self.before, self.model)
    }
}

pub(crate) fn whole(model: &str) -> String {
    format!("/v1beta/models/{}:{GENERATE}", encoded(own(model)))
}

pub(crate) fn stream(model: &str) -> String {
    format!("/v1beta/models/{}:{STREAM}?alt=sse", encoded(own(model)))
}

/// The name alone: `models/` is part of a model's full name, and stands in the path already.
fn own(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

/// A name cannot leave its segment of the path.
fn encoded(model: &str) -> String {
    model.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~@".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}
