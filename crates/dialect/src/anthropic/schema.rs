//! The part of JSON Schema that replies can be held to: closed objects, hardly any bounds, no cycles.
//!
//! What is taken is what platform.claude.com/docs/en/build-with-claude/structured-outputs lists, as its
//! readers and the official SDK's own rewriting of schemas (anthropic-sdk-python, `lib/_parse/_transform`)
//! agree; that a cycle is refused ("Circular reference detected") and a bound ("property 'minimum' is not
//! supported") was reported from live calls. Of the keywords that are on neither list (`not`, `if`, `contains`
//! and their like) it is not confirmed that each is refused: leaving them out is the safe reading.

use crate::translate::Losses;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Keywords that the API refuses, or does not say that it takes.
const REFUSED: [&str; 28] = [
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Formats of texts that it holds to.
const FORMATS: [&str; 10] =
    ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];

/// What its patterns have no word for: references back, looking around, edges of words.
const BEYOND_PATTERNS: [&str; 6] = ["(?=", "(?!", "(?<", "\\b", "\\B", "\\k"];

/// References are followed no deeper: a schema in which they go deeper is taken to have a cycle.
const REFERENCES_MAX: usize = 16;

/// A schema with every object closed and without what the API refuses; both are reported as part of
/// `field`. `None` where it leads back to itself, which no reply can be held to.
pub(crate) fn closed(schema: &Value, field: &str, losses: &mut Losses) -> Option<Value> {
    let mut seen = Seen { root: schema, open: Vec::new(), done: BTreeSet::new() };
    if seen.leads_back(schema) {
        losses.drop(field, "the target is held to no schema that leads back to itself");
        return None;
    }
    Some(written(schema, field, losses))
}

fn written(schema: &Value, field: &str, losses: &mut Losses) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut out = Map::new();
    for (name, value) in members {
        let each = |all: &Map<String, Value>, losses: &mut Losses| {
            all.iter().map(|(name, it)| (name.clone(), written(it, field, losses))).collect()
        };
        let written = match (name.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(all)) => {
                Value::Object(each(all, losses))
            }
            ("anyOf" | "allOf", Value::Array(all)) => list(all, field, losses),
            ("oneOf", Value::Array(all)) => {
                losses.approximate(field, "`oneOf` is said as `anyOf`");
                if !members.contains_key("anyOf") {
                    out.insert("anyOf".to_owned(), list(all, field, losses));
                }
                continue;
            }
            ("items", schema) => self::written(schema, field, losses),
            (name, value) if is_refused(name, value) => {
                losses.approximate(field, &format!("`{name}` cannot be said"));
                continue;
            }
            (_, value) => value.clone(),
        };
        out.insert(name.clone(), written);
    }
    close(members, &mut out, field, losses);
    Value::Object(out)
}

fn list(all: &[Value], field: &str, losses: &mut Losses) -> Value {
    all.iter().map(|it| written(it, field, losses)).collect()
}

fn close(
    members: &Map<String, Value>,
    out: &mut Map<String, Value>,
    field: &str,
    losses: &mut Losses,
) {
    let is_object = members.get("type").and_then(Value::as_str) == Some("object");
    let closed = Value::from(false);
    if (is_object || members.contains_key("properties"))
        && out.insert("additionalProperties".to_owned(), closed.clone()).as_ref() != Some(&closed)
    {
        losses.approximate(field, "objects are closed, where the schema leaves them open");
    }
}

fn is_refused(name: &str, value: &Value) -> bool {
    match name {
        "minItems" => value.as_u64().is_none_or(|items| items > 1),
        "format" => value.as_str().is_none_or(|format| !FORMATS.contains(&format)),
        "pattern" => value.as_str().is_none_or(is_beyond),
        "enum" => value.as_array().is_none_or(|all| all.iter().any(is_nested)),
        name => REFUSED.contains(&name),
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn is_beyond(pattern: &str) -> bool {
    let back = |digit: u8| pattern.contains(&format!("\\{}", char::from(digit)));
    BEYOND_PATTERNS.iter().any(|it| pattern.contains(it)) || (b'1'..=b'9').any(back)
}

/// Looks for a way from a schema back to itself.
struct Seen<'s> {
    root: &'s Value,
    /// References that are being followed.
    open: Vec<&'s str>,
    /// Those that lead nowhere back.
    done: BTreeSet<&'s str>,
}

impl<'s> Seen<'s> {
    fn leads_back(&mut self, schema: &'s Value) -> bool {
        match schema {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                reference.is_some_and(|reference| self.follows_back(reference))
                    || members.values().any(|member| self.leads_back(member))
            }
            Value::Array(items) => items.iter().any(|item| self.leads_back(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    /// A reference that leads out of the schema leads nowhere here.
    fn follows_back(&mut self, reference: &'s str) -> bool {
        if self.open.contains(&reference) || self.open.len() >= REFERENCES_MAX {
            return true;
        }
        if self.done.contains(reference) {
            return false;
        }
        let target = reference.strip_prefix('#').and_then(|place| self.root.pointer(place));
        self.open.push(reference);
        let back = target.is_some_and(|target| self.leads_back(target));
        self.open.pop();
        self.done.insert(reference);
        back
    }
}
