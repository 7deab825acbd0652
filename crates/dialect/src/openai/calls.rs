//! Tool calls that grow in a stream of Chat Completions, told apart.
//!
//! By the form each has an index, and its id and name come in its first piece. Compatible servers leave the
//! index out, or give all calls the same; repeat the id or the name in each piece, make up another id for
//! each, or have none. None of them begins a call without an id or a name, or goes on with one that is whole.

use super::message;
use crate::{arguments::Progress, delta::CALLS_MAX, fields::nonempty};
use serde_json::Value;
use std::collections::BTreeMap;

/// By so much of an id or a name calls are told apart.
const KEY_BYTES_MAX: usize = 128;

/// A piece of a call.
pub(crate) struct Piece {
    index: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}

impl Piece {
    /// A piece among the `tool_calls`.
    pub(crate) fn read(call: &Value) -> Self {
        let index = call.get("index").and_then(Value::as_u64);
        Self { index, id: nonempty(call.get("id")), ..Self::of_function(message::body(call)) }
    }

    /// A piece of the older `function_call`, of which there is one alone.
    pub(crate) fn of_function(body: &Value) -> Self {
        let (name, arguments) = (nonempty(body.get("name")), message::arguments(body));
        Self { index: Some(0), id: None, name, arguments }
    }
}

/// The calls so far by their places: their indices, as far as those are their own.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: BTreeMap<u64, Call>,
    by_index: BTreeMap<u64, u64>,
    by_id: BTreeMap<String, u64>,
    /// The call of the last piece.
    last: Option<u64>,
    /// Whether one of them has a name: others cannot be made.
    pub(crate) is_named: bool,
}

#[derive(Debug, Default)]
struct Call {
    id: Option<String>,
    name: Option<String>,
    arguments: Progress,
}

impl Calls {
    /// The place of the call that a piece belongs to; none where there are more than a reply has.
    pub(crate) fn place(&mut self, piece: &Piece) -> Option<u64> {
        let at = self.goes_on(piece).or_else(|| self.begin(piece.index))?;
        let call = self.calls.entry(at).or_default();
        if let (None, Some(id)) = (&call.id, &piece.id) {
            call.id = Some(key(id).to_owned());
            self.by_id.insert(key(id).to_owned(), at);
        }
        if let (None, Some(name)) = (&call.name, &piece.name) {
            call.name = Some(key(name).to_owned());
            self.is_named = true;
        }
        call.arguments.take(piece.arguments.as_deref().unwrap_or_default());
        self.last = Some(at);
        Some(at)
    }

    /// The place of a call that begins: its index, or behind all others where that is another's.
    fn begin(&mut self, index: Option<u64>) -> Option<u64> {
        if self.calls.len() == CALLS_MAX {
            return None;
        }
        let free = index.filter(|index| !self.calls.contains_key(index));
        let behind =
            || self.calls.last_key_value().map_or(Some(0), |(last, _)| last.checked_add(1));
        let at = free.or_else(behind)?;
        if let Some(index) = index {
            self.by_index.insert(index, at);
        }
        Some(at)
    }

    /// The call that a piece goes on with; none where it begins one.
    fn goes_on(&self, piece: &Piece) -> Option<u64> {
        let there = match piece.index {
            Some(index) => self.by_index.get(&index).copied(),
            None => self.last,
        };
        match (piece.id.as_deref(), &piece.name) {
            (Some(id), _) => self.goes_on_by_id(key(id), piece, there),
            (None, Some(name)) => {
                there.filter(|at| self.is(*at, |call| call.may_be_named(key(name), piece)))
            }
            (None, None) => {
                let grows = |at: &u64| self.is(*at, |call| call.may_grow(piece));
                there.filter(grows).or_else(|| self.last.filter(grows)).or(there)
            }
        }
    }

    /// The same of a piece with an id; `there` is the call of its index, or the last where it has none.
    fn goes_on_by_id(&self, id: &str, piece: &Piece, there: Option<u64>) -> Option<u64> {
        match (self.by_id.get(id), there, &piece.name) {
            // All calls of a function may have its name as their id.
            (Some(_), None, Some(_)) => None,
            (Some(known), there, name) => {
                let has_id = |at: &u64| self.is(*at, |call| call.id.as_deref() == Some(id));
                let found = there.filter(has_id).or(Some(*known));
                // Named again behind whole arguments, it is another call of the same name for an id.
                found.filter(|at| name.is_none() || self.is(*at, |call| call.may_grow(piece)))
            }
            (None, there, Some(_)) => there.filter(|at| self.is(*at, |call| call.name.is_none())),
            // Made up for this piece.
            (None, there, None) => there,
        }
    }

    fn is(&self, at: u64, so: impl Fn(&Call) -> bool) -> bool {
        self.calls.get(&at).is_some_and(so)
    }
}

impl Call {
    /// Whether a piece can be more of it: whole arguments do not grow.
    fn may_grow(&self, piece: &Piece) -> bool {
        let says = piece.arguments.as_deref().is_some_and(|text| !text.trim().is_empty());
        !(says && self.arguments.is_whole())
    }

    /// The same of a piece that says this name, which may be repeated.
    fn may_be_named(&self, name: &str, piece: &Piece) -> bool {
        let is_other = self.name.as_deref().is_some_and(|it| it != name);
        self.may_grow(piece) && !(is_other && self.arguments.is_whole())
    }
}

fn key(text: &str) -> &str {
    &text[..text.floor_char_boundary(KEY_BYTES_MAX)]
}
