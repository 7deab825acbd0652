//! The shape of what a case came to: which fields of which types, the words that a dialect reserves, and
//! how its ids begin. What a model says counts only where it is told whole.

use serde_json::{Map, Value, json};

/// Fields whose text is a word of the dialect, or of the SDK.
const WORDS: [&str; 12] = [
    "type",
    "object",
    "role",
    "status",
    "finish_reason",
    "stop_reason",
    "reason",
    "block_reason",
    "class",
    "code",
    "events",
    "misfits",
];
/// Fields whose text names something, with what such names begin with in the dialect.
const IDS: [&str; 5] = ["id", "call_id", "tool_call_id", "tool_use_id", "item_id"];
/// What the model says: the same whoever answers, because the simulated ones all say it.
const SAID: [&str; 10] = [
    "text",
    "content",
    "arguments",
    "said",
    "name",
    "city",
    "number",
    "total",
    "parsed",
    "refusal",
];

/// What to make of the model's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// They count, except in the chunks of a stream, which are cut anywhere.
    Counts,
    /// They do not: the stream stopped in the middle of another form.
    Ignored,
}

/// The shape of a value at a field.
pub(crate) fn shape(field: &str, value: &Value, said: Said) -> Value {
    let is_said = SAID.contains(&field) && said == Said::Counts;
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) if ["waited", "aborted"].contains(&field) => value.clone(),
        Value::Bool(_) => json!("a bool"),
        Value::Number(_) if field == "done" || is_said || WORDS.contains(&field) => value.clone(),
        Value::Number(_) => json!("a number"),
        Value::String(text) if is_said || WORDS.contains(&field) => json!(text),
        Value::String(text) if IDS.contains(&field) => {
            let end = text.find(['_', '-']).map_or(0, |at| at + 1);
            json!(format!("an id, {}…", &text[..end]))
        }
        Value::String(_) => json!("a text"),
        Value::Array(items) if field == "chunks" => set(items.iter().flat_map(atoms).collect()),
        Value::Array(items) if ["events", "misfits"].contains(&field) => set(items.clone()),
        Value::Array(items) => items.iter().map(|item| shape(field, item, said)).collect(),
        Value::Object(fields) => {
            let shaped =
                fields.iter().map(|(name, value)| (name.clone(), shape(name, value, said)));
            Value::Object(shaped.collect())
        }
    }
}

/// What a chunk of a stream consists of: how much a provider tells with one is its own affair. Gemini
/// may tell several parts at once, why it stopped with them or after them, and usage all the time.
fn atoms(chunk: &Value) -> Vec<Value> {
    let shaped = |value: &Value| shape("", value, Said::Ignored);
    let Some(candidate) = chunk["candidates"].get(0) else { return vec![shaped(chunk)] };
    let parts = candidate["content"]["parts"].as_array().cloned().unwrap_or_default();
    let mut atoms: Vec<Value> =
        parts.iter().filter(|part| part["text"] != "").map(shaped).collect();
    let of = |value: &Value, left_out: &[&str]| {
        let fields = value.as_object().cloned().unwrap_or_default();
        let kept = fields.into_iter().filter(|(name, _)| !left_out.contains(&name.as_str()));
        shaped(&Value::Object(kept.collect()))
    };
    atoms.push(of(chunk, &["candidates", "usage_metadata"]));
    atoms.push(of(candidate, &["content", "finish_reason"]));
    if let Some(reason) = candidate.get("finish_reason") {
        atoms.push(json!({"finish_reason": reason, "usage": shaped(&chunk["usage_metadata"])}));
    }
    atoms
}

fn set(mut items: Vec<Value>) -> Value {
    items.sort_by_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}

/// Where two shapes differ, one line for each place.
pub(crate) fn differences(at: &str, direct: &Value, through: &Value) -> Vec<String> {
    match (direct, through) {
        (Value::Object(direct), Value::Object(through)) => {
            let names = direct.keys().chain(through.keys().filter(|it| !direct.contains_key(*it)));
            let of = |side: &Map<String, Value>, name: &str| {
                side.get(name).cloned().unwrap_or_else(|| json!("missing"))
            };
            names
                .flat_map(|name| {
                    differences(&format!("{at}.{name}"), &of(direct, name), &of(through, name))
                })
                .collect()
        }
        (Value::Array(direct), Value::Array(through)) if direct.len() == through.len() => {
            let pairs = direct.iter().zip(through).enumerate();
            pairs
                .flat_map(|(place, (one, two))| differences(&format!("{at}[{place}]"), one, two))
                .collect()
        }
        (Value::Array(direct), Value::Array(through)) => {
            let only = |side: &[Value], other: &[Value], name: &str| {
                let only = side.iter().filter(|item| !other.contains(item));
                only.map(|item| format!("{at}: only {name}: {item}")).collect::<Vec<_>>()
            };
            let mut found = only(direct, through, "direct");
            found.extend(only(through, direct, "through"));
            if found.is_empty() {
                found.push(format!(
                    "{at}: {} items direct, {} through",
                    direct.len(),
                    through.len()
                ));
            }
            found
        }
        (direct, through) if direct == through => Vec::new(),
        (direct, through) => vec![format!("{at}: {direct}, through: {through}")],
    }
}

/// What a provider says in a dialect and nobody can say in its place.
pub(crate) struct Untold {
    /// Members, wherever they are.
    pub(crate) members: &'static [&'static str],
    /// Members that hang on the model, whoever says them.
    pub(crate) maybe: &'static [&'static str],
    /// Items of lists, by how their `type` begins.
    pub(crate) items: &'static [&'static str],
    /// Members that come out otherwise, case by case.
    pub(crate) approximated: &'static [(&'static str, &'static [&'static str])],
}

/// Nothing.
pub(crate) const ALL_TOLD: Untold =
    Untold { members: &[], maybe: &[], items: &[], approximated: &[] };

impl Untold {
    /// The value without them.
    pub(crate) fn taken_from(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let kept = items.iter().filter(|item| !self.is_untold(item));
                kept.map(|item| self.taken_from(item)).collect()
            }
            Value::Object(fields) => Value::Object(self.taken_from_members(fields)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn taken_from_members(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let kept = fields.iter().filter(|(name, _)| !self.members.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), self.taken_from(value))).collect()
    }

    /// An item is told apart by its own type, or by that of what it brings.
    fn is_untold(&self, item: &Value) -> bool {
        let brought = ["item", "content_block", "delta"].map(|name| &item[name]["type"]);
        let kinds = [item, &item["type"]].into_iter().chain(brought).filter_map(Value::as_str);
        let thought = (item["thought"] == true).then_some("thought");
        let mut kinds = kinds.chain(thought);
        kinds.any(|kind| self.items.iter().any(|untold| kind.starts_with(untold)))
    }
}

/// A value without members of these names.
pub(crate) fn without(members: &'static [&'static str], value: &Value) -> Value {
    Untold { members, ..ALL_TOLD }.taken_from(value)
}
