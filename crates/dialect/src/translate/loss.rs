//! What a translation could not carry over.

use serde_json::Value;

/// No more losses are told apart than this, whatever a call holds.
pub const LOSSES_MAX: usize = 64;

/// A part of a call that the target does not get as it was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// What became of it.
    pub kind: LossKind,
    /// The part, in the caller's words: `logprobs`, `messages.image`.
    pub field: String,
    /// Why, in words.
    pub reason: String,
}

/// What became of a part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossKind {
    /// The target does not get it.
    Dropped,
    /// The target gets something that is close to it.
    Approximated,
}

impl LossKind {
    /// The kind's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Approximated => "approximated",
        }
    }
}

/// Losses as they are found, each once.
#[derive(Debug, Default)]
pub(crate) struct Losses(Vec<Loss>);

impl Losses {
    pub(crate) fn drop(&mut self, field: &str, reason: &str) {
        self.add(LossKind::Dropped, field, reason);
    }

    pub(crate) fn approximate(&mut self, field: &str, reason: &str) {
        self.add(LossKind::Approximated, field, reason);
    }

    /// Names the members of an object that its reader does not know, because no other form has them.
    /// `place` is where the object stands in the call, and empty for the call itself. A member that is null
    /// or an empty list asks for nothing.
    pub(crate) fn unknown<'m, N: AsRef<str>>(
        &mut self,
        place: &str,
        members: impl IntoIterator<Item = (N, &'m Value)>,
        known: &[&str],
    ) {
        let says =
            |value: &Value| !value.is_null() && value.as_array().is_none_or(|it| !it.is_empty());
        for (name, value) in members {
            let name = name.as_ref();
            if says(value) && !known.contains(&name) {
                let field =
                    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
                self.drop(&field, "it has no like elsewhere");
            }
        }
    }

    /// A mark of what shall be cached, which several forms have in the same words.
    pub(crate) fn cached(&mut self, marked: &Value) {
        if marked.get("cache_control").is_some_and(|control| !control.is_null()) {
            self.drop("cache_control", "what is cached is the target's own affair");
        }
    }

    fn add(&mut self, kind: LossKind, field: &str, reason: &str) {
        let field = crate::failure::bounded(field);
        let loss = Loss { kind, field, reason: reason.to_owned() };
        if self.0.len() < LOSSES_MAX && !self.0.contains(&loss) {
            self.0.push(loss);
        }
    }

    /// All of them, sorted.
    pub(crate) fn finish(mut self) -> Vec<Loss> {
        self.0.sort();
        self.0
    }
}
