//! The API's own form of schemas: a part of `OpenAPI`'s, with upper-case types, `nullable`, and neither
//! references nor `additionalProperties`.

mod kind;

use super::content;
use crate::translate::Losses;
use kind::{
    OF_ALL, anything, inferred, is_kept, is_of, is_typed, kind_of_all, kinds, takes_format,
};
use serde_json::{Map, Value, json};

/// References are followed no deeper, so that a cycle ends.
pub(crate) const REFERENCES_MAX: usize = 16;
/// Nothing is written out deeper, because references lead down again.
pub(crate) const DEPTH_MAX: usize = 128;
/// No schema is written out to more nodes: references in references multiply.
pub(crate) const NODES_MAX: usize = 10_000;
const ANY: &str = "a value of any type is said as a text, a number or a boolean";
/// Keywords that ask nothing of a value.
const SILENT: [&str; 8] =
    ["$anchor", "$comment", "$defs", "$id", "$schema", "definitions", "examples", "strict"];

/// A schema of the API's as JSON Schema.
pub(crate) fn standard(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut out = Map::new();
    let mut is_nullable = false;
    for (name, value) in content::camel(members) {
        match (name.as_str(), value) {
            ("nullable", value) => is_nullable = value.as_bool() == Some(true),
            ("propertyOrdering", _) => {}
            (_, value) => {
                let value = standard_member(&name, value);
                out.insert(name, value);
            }
        }
    }
    if is_nullable {
        take_null(&mut out);
    }
    Value::Object(out)
}

/// Null beside all else that a schema takes, wherever it says what that is.
fn take_null(schema: &mut Map<String, Value>) {
    if let Some(Value::String(kind)) = schema.get("type") {
        let kinds = json!([kind, "null"]);
        schema.insert("type".to_owned(), kinds);
    }
    for (name, null) in [("enum", Value::Null), ("anyOf", json!({"type": "null"}))] {
        if let Some(Value::Array(all)) = schema.get_mut(name)
            && !all.contains(&null)
        {
            all.push(null);
        }
    }
}

fn standard_member(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("type", Value::String(kind)) => Value::from(kind.to_ascii_lowercase()),
        ("properties", Value::Object(properties)) => Value::Object(
            properties.iter().map(|(name, schema)| (name.clone(), standard(schema))).collect(),
        ),
        ("anyOf", Value::Array(schemas)) => schemas.iter().map(standard).collect(),
        ("items", schema) => standard(schema),
        (_, value) => value.clone(),
    }
}

/// A JSON Schema in the API's own form; what it cannot say is dropped, or written wider, and
/// reported as part of `field`. One that would be too large is an object of any members.
pub(crate) fn own(schema: &Value, field: &str, losses: &mut Losses) -> Value {
    let mut writer = Writer { root: schema, field, nodes: 0, depth: 0, losses };
    let written = writer.schema(schema, 0);
    if writer.is_spent() { object() } else { written }
}

fn object() -> Value {
    json!({"type": "OBJECT"})
}

struct Writer<'s> {
    root: &'s Value,
    field: &'s str,
    nodes: usize,
    depth: usize,
    losses: &'s mut Losses,
}

impl<'s> Writer<'s> {
    fn schema(&mut self, schema: &'s Value, references: usize) -> Value {
        self.nodes += 1;
        if self.is_spent() || self.depth >= DEPTH_MAX {
            self.wider("it is too large when its references are written out");
            return object();
        }
        self.depth += 1;
        let written = self.written(schema, references);
        self.depth -= 1;
        written
    }

    /// Nothing more is written then.
    fn is_spent(&self) -> bool {
        self.nodes > NODES_MAX
    }

    fn written(&mut self, schema: &'s Value, references: usize) -> Value {
        let Value::Object(members) = schema else {
            self.wider(ANY);
            return json!({ "anyOf": anything() });
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, members, references);
        }
        let mut out = Map::new();
        let stated = kinds(members.get("type"), &mut out);
        for (name, value) in members {
            self.member(name, value, references, &mut out);
            if self.is_spent() {
                return object();
            }
        }
        // What others say of its type, where it does not itself; a choice of texts is one of texts.
        let kinds = match out.remove("type") {
            Some(Value::String(kind)) if stated.is_empty() || kind == "STRING" => vec![kind],
            Some(_) | None => stated,
        };
        self.typed(&kinds, out)
    }

    /// Every schema says its type, or alternatives that do.
    fn typed(&mut self, kinds: &[String], mut out: Map<String, Value>) -> Value {
        match kinds {
            [kind] => self.of_type(kind, out),
            [] => match inferred(&out) {
                Some(kind) => {
                    self.wider("a schema that does not say its type is given one");
                    self.of_type(kind, out)
                }
                None => {
                    if !out.contains_key("anyOf") {
                        self.wider(ANY);
                        out.insert("anyOf".to_owned(), anything());
                    }
                    Value::Object(out)
                }
            },
            [..] => {
                let (mut whole, rest): (Map<String, Value>, Map<String, Value>) =
                    out.into_iter().partition(|(name, _)| !is_typed(name));
                for name in rest.keys().filter(|name| !kinds.iter().any(|it| is_of(name, it))) {
                    self.beside(name);
                }
                let each = kinds.iter().map(|kind| {
                    let own = rest.iter().filter(|(name, _)| is_of(name, kind));
                    self.of_type(kind, own.map(|(name, it)| (name.clone(), it.clone())).collect())
                });
                let each: Value = each.collect();
                if whole.insert("anyOf".to_owned(), each).is_some() {
                    self.beside("anyOf");
                }
                Value::Object(whole)
            }
        }
    }

    /// A schema of one type, with the keywords of that type alone.
    fn of_type(&mut self, kind: &str, mut out: Map<String, Value>) -> Value {
        out.retain(|name, _| {
            let is_kept = !is_typed(name) || is_of(name, kind);
            if !is_kept {
                self.beside(name);
            }
            is_kept
        });
        if out.get("format").is_some_and(|format| !takes_format(kind, format)) {
            out.remove("format");
            self.wider("a format of that name cannot be said");
        }
        if kind == "ARRAY" && !out.contains_key("items") {
            self.wider(ANY);
            out.insert("items".to_owned(), json!({ "anyOf": anything() }));
        }
        if out.get("properties").and_then(Value::as_object).is_some_and(Map::is_empty) {
            out.remove("properties");
            self.wider("an object without members is said as one of any");
        }
        self.require_what_is_described(&mut out);
        out.insert("type".to_owned(), Value::from(kind));
        Value::Object(out)
    }

    /// The API refuses a schema that demands a member which it does not describe.
    fn require_what_is_described(&mut self, out: &mut Map<String, Value>) {
        let Some(Value::Array(required)) = out.get("required") else { return };
        let described = out.get("properties").and_then(Value::as_object);
        let is_described = |name: &&Value| {
            name.as_str().is_some_and(|name| described.is_some_and(|all| all.contains_key(name)))
        };
        let kept: Vec<Value> = required.iter().filter(is_described).cloned().collect();
        if kept.len() == required.len() {
            return;
        }
        self.wider("a member that it demands is not described");
        if kept.is_empty() {
            out.remove("required");
        } else {
            out.insert("required".to_owned(), Value::Array(kept));
        }
    }

    fn reference(
        &mut self,
        name: &str,
        around: &'s Map<String, Value>,
        references: usize,
    ) -> Value {
        let silent = |name: &str| matches!(name, "$ref" | "description") || SILENT.contains(&name);
        for name in around.keys().filter(|name| !silent(name)) {
            self.beside(name);
        }
        let root = self.root;
        match name.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
            Some(_) if references >= REFERENCES_MAX => {
                self.wider("it refers to itself, which the target's schemas cannot");
                object()
            }
            Some(target) => {
                let mut written = self.schema(target, references + 1);
                if let (Some(words), Value::Object(out)) = (around.get("description"), &mut written)
                {
                    out.insert("description".to_owned(), words.clone());
                }
                written
            }
            None => {
                self.wider("a reference in it leads outside");
                object()
            }
        }
    }

    fn member(&mut self, name: &str, value: &'s Value, deep: usize, out: &mut Map<String, Value>) {
        match (name, value) {
            ("type", _) => {}
            ("nullable", value) => {
                out.insert(name.to_owned(), value.clone());
            }
            ("properties", Value::Object(properties)) => {
                let mut written = Map::new();
                for (name, it) in properties {
                    written.insert(name.clone(), self.schema(it, deep));
                    if self.is_spent() {
                        return;
                    }
                }
                out.insert(name.to_owned(), Value::Object(written));
            }
            ("items", schema) => {
                let written = self.schema(schema, deep);
                out.insert(name.to_owned(), written);
            }
            ("anyOf" | "oneOf", Value::Array(schemas)) => self.either(name, schemas, deep, out),
            ("allOf", Value::Array(schemas)) if schemas.len() == 1 => {
                let only = self.schema(&schemas[0], deep);
                self.add(only, out);
            }
            ("enum", Value::Array(values)) => self.choice(values, out),
            ("const", value) => self.choice(std::slice::from_ref(value), out),
            ("additionalProperties", Value::Bool(_)) => {
                self.wider("`additionalProperties` cannot be said");
            }
            ("exclusiveMinimum", value) => self.bound("minimum", value, out),
            ("exclusiveMaximum", value) => self.bound("maximum", value, out),
            (name, value) if is_kept(name) => {
                out.insert(name.to_owned(), value.clone());
            }
            (name, _) if SILENT.contains(&name) => {}
            (name, _) => self.wider(&format!("`{}` cannot be said", crate::failure::bounded(name))),
        }
    }

    fn either(&mut self, name: &str, all: &'s [Value], deep: usize, out: &mut Map<String, Value>) {
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        if name == "oneOf" {
            self.wider("`oneOf` is said as `anyOf`");
        }
        if all.iter().any(|schema| is_null(&schema)) {
            out.insert("nullable".to_owned(), Value::from(true));
        }
        let mut written = Vec::new();
        for schema in all.iter().filter(|schema| !is_null(schema)) {
            written.push(self.schema(schema, deep));
            if self.is_spent() {
                return;
            }
        }
        match <[Value; 1]>::try_from(written) {
            Ok([only]) => self.add(only, out),
            Err(several) => {
                out.insert("anyOf".to_owned(), Value::Array(several));
            }
        }
    }

    /// Says what another schema says as well: its own words go first.
    fn add(&mut self, other: Value, out: &mut Map<String, Value>) {
        let Value::Object(other) = other else { return };
        for (name, value) in other {
            match out.get(&name) {
                Some(own) if *own != value && !OF_ALL.contains(&name.as_str()) => {
                    self.beside(&name);
                }
                Some(_) => {}
                None => {
                    out.insert(name, value);
                }
            }
        }
    }

    /// Only texts can be chosen from, and none that is empty.
    fn choice(&mut self, values: &[Value], out: &mut Map<String, Value>) {
        let texts = values.iter().filter(|value| !value.is_null());
        let texts: Option<Vec<&str>> = texts.map(Value::as_str).collect();
        let Some(mut texts) = texts else {
            self.wider("a choice of values that are no texts cannot be said");
            if let Some(kind) = kind_of_all(values) {
                out.insert("type".to_owned(), Value::from(kind));
            }
            return;
        };
        if values.iter().any(Value::is_null) {
            out.insert("nullable".to_owned(), Value::from(true));
        }
        out.insert("type".to_owned(), Value::from("STRING"));
        if texts.contains(&"") {
            self.wider("an empty text cannot be chosen");
            texts.retain(|text| !text.is_empty());
        }
        if !texts.is_empty() {
            out.insert("enum".to_owned(), Value::from(texts));
        }
    }

    fn bound(&mut self, name: &str, value: &Value, out: &mut Map<String, Value>) {
        out.insert(name.to_owned(), value.clone());
        self.wider("an exclusive bound is said as an inclusive one");
    }

    fn wider(&mut self, reason: &str) {
        self.losses.approximate(self.field, reason);
    }

    fn beside(&mut self, name: &str) {
        self.wider(&format!("`{name}` cannot be said beside its other keywords"));
    }
}
