//! The members of a call's body, read as far as they are of the kind that is expected.

use crate::content;
use exchange::Headers;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The members of a JSON object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    /// The body's members, its content codings undone; `None` where it is no JSON object.
    pub(crate) fn read(headers: &Headers, body: &[u8]) -> Option<Self> {
        let body = content::decode(headers, body, content::DECODED_BYTES_MAX).ok()?;
        match serde_json::from_slice(&body).ok()? {
            Value::Object(members) => Some(Self(members)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The items of a member that is a list.
    pub(crate) fn items(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether a member is set to something: one that is null asks for nothing.
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_null())
    }

    /// The names of the members that are set, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let set = self.0.iter().filter(|(_, value)| !value.is_null());
        let mut names: Vec<String> = set.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The members of a member, as text.
    pub(crate) fn texts(&self, name: &str) -> BTreeMap<String, String> {
        let entries = self.get(name).and_then(Value::as_object);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        entries.into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
    }

    /// What these members say, as JSON text, where they are there.
    pub(crate) fn written(&self, names: &[&str]) -> Vec<String> {
        names.iter().filter_map(|name| self.get(name)).map(Value::to_string).collect()
    }
}

/// The text of a value that is not empty.
pub(crate) fn nonempty(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The members of any value: none where it is no object.
pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of a member of any value.
pub(crate) fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A member that is a text.
pub(crate) fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}
