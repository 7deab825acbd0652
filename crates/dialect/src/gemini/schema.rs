//! The API's own form of schemas: a part of `OpenAPI`'s, with upper-case types, `nullable`, and neither
//! references nor `additionalProperties`.

use crate::translate::Losses;
use serde_json::{Map, Value, json};

/// References are followed no deeper, so that a cycle ends.
pub(crate) const REFERENCES_MAX: usize = 16;
/// Nothing is written out deeper, because references lead down again.
pub(crate) const DEPTH_MAX: usize = 128;
/// No schema is written out to more nodes: references in references multiply.
pub(crate) const NODES_MAX: usize = 10_000;
/// Keywords that mean the same on both sides.
const KEPT: [&str; 16] = [
    "default",
    "description",
    "example",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "propertyOrdering",
    "required",
    "title",
];
/// Keywords that ask nothing of a value.
const SILENT: [&str; 8] =
    ["$anchor", "$comment", "$defs", "$id", "$schema", "definitions", "examples", "strict"];

/// A schema of the API's as JSON Schema.
pub(crate) fn standard(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut out: Map<String, Value> = members
                .iter()
                .filter(|(name, _)| *name != "nullable" && *name != "propertyOrdering")
                .map(|(name, value)| (name.clone(), standard_member(name, value)))
                .collect();
            if members.get("nullable").and_then(Value::as_bool) == Some(true)
                && let Some(Value::String(kind)) = out.get("type")
            {
                let kinds = json!([kind, "null"]);
                out.insert("type".to_owned(), kinds);
            }
            Value::Object(out)
        }
        other => other.clone(),
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
/// reported as part of `field`.
pub(crate) fn own(schema: &Value, field: &str, losses: &mut Losses) -> Value {
    let mut writer = Writer { root: schema, field, nodes: 0, depth: 0, losses };
    writer.schema(schema, 0)
}

struct Writer<'s> {
    root: &'s Value,
    field: &'s str,
    nodes: usize,
    depth: usize,
    losses: &'s mut Losses,
}

impl Writer<'_> {
    fn schema(&mut self, schema: &Value, references: usize) -> Value {
        self.nodes += 1;
        if self.nodes > NODES_MAX || self.depth >= DEPTH_MAX {
            self.wider("it is too large when its references are written out");
            return json!({"type": "OBJECT"});
        }
        self.depth += 1;
        let written = self.written(schema, references);
        self.depth -= 1;
        written
    }

    fn written(&mut self, schema: &Value, references: usize) -> Value {
        let Value::Object(members) = schema else {
            // `true` takes everything, and so must what stands for it.
            return json!({});
        };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, members, references);
        }
        let mut out = Map::new();
        for (name, value) in members {
            self.member(name, value, references, &mut out);
        }
        self.require_what_is_described(&mut out);
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

    fn reference(&mut self, name: &str, around: &Map<String, Value>, references: usize) -> Value {
        let target = name.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)).cloned();
        match target {
            Some(_) if references >= REFERENCES_MAX => {
                self.wider("it refers to itself, which the target's schemas cannot");
                json!({"type": "OBJECT"})
            }
            Some(target) => {
                let mut written = self.schema(&target, references + 1);
                if let (Some(words), Value::Object(out)) = (around.get("description"), &mut written)
                {
                    out.insert("description".to_owned(), words.clone());
                }
                written
            }
            None => {
                self.wider("a reference in it leads outside");
                json!({"type": "OBJECT"})
            }
        }
    }

    fn member(&mut self, name: &str, value: &Value, deep: usize, out: &mut Map<String, Value>) {
        match (name, value) {
            ("type", kind) => self.kind(kind, out),
            ("nullable", value) => {
                out.insert(name.to_owned(), value.clone());
            }
            ("properties", Value::Object(properties)) => {
                let written =
                    properties.iter().map(|(name, it)| (name.clone(), self.schema(it, deep)));
                let written: Map<String, Value> = written.collect();
                out.insert(name.to_owned(), Value::Object(written));
            }
            ("items", schema) => {
                let written = self.schema(schema, deep);
                out.insert(name.to_owned(), written);
            }
            ("anyOf" | "oneOf", Value::Array(schemas)) => self.either(name, schemas, deep, out),
            ("allOf", Value::Array(schemas)) if schemas.len() == 1 => {
                if let Value::Object(only) = self.schema(&schemas[0], deep) {
                    out.extend(only);
                }
            }
            ("enum", Value::Array(values)) => self.choice(values, out),
            ("const", value) => self.choice(std::slice::from_ref(value), out),
            ("additionalProperties", Value::Bool(_)) => {
                self.wider("`additionalProperties` cannot be said");
            }
            ("exclusiveMinimum", value) => self.bound("minimum", value, out),
            ("exclusiveMaximum", value) => self.bound("maximum", value, out),
            (name, value) if KEPT.contains(&name) => {
                out.insert(name.to_owned(), value.clone());
            }
            (name, _) if SILENT.contains(&name) => {}
            (name, _) => self.wider(&format!("`{}` cannot be said", crate::failure::bounded(name))),
        }
    }

    /// A list of types is one type that may be null, or several schemas.
    fn kind(&mut self, kind: &Value, out: &mut Map<String, Value>) {
        let kinds: Vec<String> = match kind {
            Value::String(kind) => vec![kind.to_ascii_uppercase()],
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).map(str::to_ascii_uppercase).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let is_nullable = kinds.len() > 1 && kinds.iter().any(|kind| kind == "NULL");
        let kinds: Vec<&String> =
            kinds.iter().filter(|kind| !is_nullable || *kind != "NULL").collect();
        match kinds[..] {
            [] => {}
            [kind] => {
                out.insert("type".to_owned(), Value::from(kind.as_str()));
            }
            [..] => {
                let each = kinds.iter().map(|kind| json!({ "type": kind }));
                out.insert("anyOf".to_owned(), each.collect());
            }
        }
        if is_nullable {
            out.insert("nullable".to_owned(), Value::from(true));
        }
    }

    fn either(&mut self, name: &str, all: &[Value], deep: usize, out: &mut Map<String, Value>) {
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        if name == "oneOf" {
            self.wider("`oneOf` is said as `anyOf`");
        }
        if all.iter().any(|schema| is_null(&schema)) {
            out.insert("nullable".to_owned(), Value::from(true));
        }
        let others = all.iter().filter(|schema| !is_null(schema));
        let written: Vec<Value> = others.map(|schema| self.schema(schema, deep)).collect();
        match <[Value; 1]>::try_from(written) {
            Ok([Value::Object(only)]) => out.extend(only),
            Ok([_]) => {}
            Err(several) => {
                out.insert("anyOf".to_owned(), Value::Array(several));
            }
        }
    }

    /// Only texts can be chosen from.
    fn choice(&mut self, values: &[Value], out: &mut Map<String, Value>) {
        let texts = values.iter().filter(|value| !value.is_null());
        let texts: Option<Vec<&str>> = texts.map(Value::as_str).collect();
        match texts {
            Some(texts) => {
                if values.iter().any(Value::is_null) {
                    out.insert("nullable".to_owned(), Value::from(true));
                }
                out.insert("type".to_owned(), Value::from("STRING"));
                out.insert("enum".to_owned(), Value::from(texts));
            }
            None => self.wider("a choice of values that are no texts cannot be said"),
        }
    }

    fn bound(&mut self, name: &str, value: &Value, out: &mut Map<String, Value>) {
        out.insert(name.to_owned(), value.clone());
        self.wider("an exclusive bound is said as an inclusive one");
    }

    fn wider(&mut self, reason: &str) {
        self.losses.approximate(self.field, reason);
    }
}
