//! A body in the making: nothing is put into it that the model refuses.

use super::{Losses, Target};
use serde_json::{Map, Value};

const REFUSED: &str = "the model refuses it";

/// The members that were set so far, and what could not be said.
pub(crate) struct Body<'t> {
    fields: Map<String, Value>,
    pub(crate) target: &'t Target<'t>,
    pub(crate) losses: &'t mut Losses,
}

impl<'t> Body<'t> {
    pub(crate) fn new(target: &'t Target<'t>, losses: &'t mut Losses) -> Self {
        Self { fields: Map::new(), target, losses }
    }

    /// Sets what every model takes.
    pub(crate) fn must(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// Sets a parameter that a call has, unless the model refuses it.
    pub(crate) fn set<T: Into<Value> + Clone>(&mut self, name: &str, value: Option<&T>) {
        let Some(value) = value else { return };
        if self.refuses(name) {
            self.losses.drop(name, REFUSED);
        } else {
            self.must(name, value.clone());
        }
    }

    /// A parameter that the form has no place for.
    pub(crate) fn cannot<T>(&mut self, name: &str, value: Option<&T>) {
        if value.is_some() {
            self.losses.drop(name, "the target has no place for it");
        }
    }

    pub(crate) fn refuses(&self, name: &str) -> bool {
        self.target.refuses.iter().any(|refused| refused == name)
    }

    pub(crate) fn finish(self) -> Map<String, Value> {
        self.fields
    }
}
