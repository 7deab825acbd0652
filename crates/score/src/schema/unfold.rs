//! How much work a schema makes, before any value is held against it.
//!
//! References let a small schema stand for a huge one: forty definitions, each of which asks for the
//! one below twice, ask for the last a million million times. The engine remembers what it said of a
//! container, but not of a scalar, and not at all where it has to say what is wrong.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// At one place of a value, no more subschemas are held against it.
pub(super) const VISITS_MAX: u64 = 10_000;
/// A schema that unfolds to more subschemas is not asked where a value is wrong.
const UNFOLDED_MAX: u64 = 100_000;

/// Keywords whose schemas speak of the same place of the value: one, a list, or by name.
const HERE: [&str; 9] =
    ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords whose schemas speak of a part of it.
const DEEPER: [&str; 11] = [
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "contentSchema",
];
/// Keywords whose schemas speak of nothing until they are referred to.
const KEPT: [&str; 2] = ["$defs", "definitions"];
/// Keywords that hold schemas by name; the others hold one or a list.
const NAMED: [&str; 6] =
    ["properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"];
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
const NAMES: [&str; 4] = ["$id", "id", "$anchor", "$dynamicAnchor"];

/// How much a schema asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unfolded {
    pub(super) work: Work,
    /// No more subschemas are held against one place of a value.
    pub(super) checks: u64,
}

/// What can be asked of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Whether a value satisfies it, and where it does not.
    Bounded,
    /// Only whether: it refers to itself, or unfolds to too much.
    Unfolding,
}

/// Refuses a schema that asks for itself at the same place, or for too much there.
pub(super) fn of(schema: &Value) -> Result<Unfolded, String> {
    let mut graph = Graph::default();
    graph.add(schema);
    while let Some((from, reference)) = graph.references.pop() {
        graph.refer(schema, from, reference);
    }
    let Some(here) = unfolded(&graph.here) else {
        return Err("schema asks for itself at the same place of a value".to_owned());
    };
    // A place is reached by any subschema, not by the whole schema alone.
    if here.iter().any(|visits| *visits > VISITS_MAX) {
        return Err(format!("schema asks for more than {VISITS_MAX} schemas at one place"));
    }
    let edges = graph.here.iter().zip(&graph.deeper);
    let all: Vec<Vec<usize>> = edges.map(|(here, deeper)| [&here[..], deeper].concat()).collect();
    let whole = unfolded(&all).and_then(|sizes| sizes.first().copied());
    Ok(match whole.filter(|size| *size <= UNFOLDED_MAX) {
        Some(checks) => Unfolded { work: Work::Bounded, checks },
        None => Unfolded { work: Work::Unfolding, checks: graph.checks_once(&here) },
    })
}

#[derive(Default)]
struct Graph<'s> {
    here: Vec<Vec<usize>>,
    deeper: Vec<Vec<usize>>,
    /// Subschemas by their address, which is theirs alone while the schema is borrowed.
    numbers: HashMap<*const Value, usize>,
    named: HashMap<&'s str, Vec<usize>>,
    references: Vec<(usize, &'s str)>,
}

impl<'s> Graph<'s> {
    /// Adds a subschema with all below it. It is not deeper than a JSON text may be.
    fn add(&mut self, schema: &'s Value) -> usize {
        let number = self.here.len();
        self.here.push(Vec::new());
        self.deeper.push(Vec::new());
        self.numbers.insert(std::ptr::from_ref(schema), number);
        let Some(keywords) = schema.as_object() else { return number };
        self.read_names(keywords, number);
        for (name, value) in keywords {
            let name = name.as_str();
            let (here, deeper) = (HERE.contains(&name), DEEPER.contains(&name));
            if !here && !deeper && !KEPT.contains(&name) {
                continue;
            }
            for child in children(name, value) {
                let child = self.add(child);
                if here {
                    self.here[number].push(child);
                } else if deeper {
                    self.deeper[number].push(child);
                }
            }
        }
        number
    }

    /// What is held against one place where each subschema is asked about a container once: all that any
    /// of them asks of the parts of one.
    fn checks_once(&self, here: &[u64]) -> u64 {
        let deeper = self.deeper.iter().flatten().map(|to| here[*to]);
        deeper.chain(here.first().copied()).fold(0, u64::saturating_add)
    }

    fn read_names(&mut self, keywords: &'s Map<String, Value>, number: usize) {
        let text = |name: &&str| keywords.get(*name).and_then(Value::as_str);
        for name in NAMES.iter().filter_map(text) {
            self.named.entry(last_part(name)).or_default().push(number);
        }
        let references = REFERENCES.iter().filter_map(text);
        self.references.extend(references.map(|reference| (number, reference)));
    }

    /// Draws a reference. One by a pointer is followed from the root; one by a name goes to each of
    /// that name; what is elsewhere is not ours to count: the engine refuses it.
    fn refer(&mut self, root: &'s Value, from: usize, reference: &'s str) {
        let pointer = match reference.split_once('#') {
            Some(("", "")) => Some(""),
            Some((_, fragment)) if fragment.starts_with('/') => Some(fragment),
            Some(_) | None => None,
        };
        if let Some(target) = pointer.and_then(|pointer| root.pointer(pointer)) {
            let known = self.numbers.get(&std::ptr::from_ref(target)).copied();
            let target = known.unwrap_or_else(|| self.add(target));
            self.here[from].push(target);
        } else if let Some(named) = self.named.get(last_part(reference)) {
            self.here[from].extend(named.iter().filter(|to| **to != from));
        }
    }
}

/// The schemas that a keyword holds.
fn children<'s>(keyword: &str, value: &'s Value) -> Vec<&'s Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) if NAMED.contains(&keyword) => members.values().collect(),
        Value::Object(_) => vec![value],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// What stands behind the last `/` and `#`.
fn last_part(name: &str) -> &str {
    let name = name.trim_end_matches('#');
    name.rsplit(['/', '#']).next().unwrap_or(name)
}

/// How many there are from each one on, each as often as it is reached; `None` where one reaches
/// itself.
fn unfolded(edges: &[Vec<usize>]) -> Option<Vec<u64>> {
    let mut waiting = vec![0_usize; edges.len()];
    for to in edges.iter().flatten() {
        waiting[*to] += 1;
    }
    let is_free = |at: &usize| waiting[*at] == 0;
    let mut order: Vec<usize> = (0..edges.len()).filter(is_free).collect();
    let mut next = 0;
    while let Some(from) = order.get(next).copied() {
        next += 1;
        for to in &edges[from] {
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                order.push(*to);
            }
        }
    }
    if order.len() < edges.len() {
        return None;
    }
    let mut sizes = vec![1_u64; edges.len()];
    for from in order.into_iter().rev() {
        let below = edges[from].iter().map(|to| sizes[*to]).fold(0, u64::saturating_add);
        sizes[from] = below.saturating_add(1);
    }
    Some(sizes)
}
