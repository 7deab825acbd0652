//! The same JSON as the reference's: `1` is `1.0`, and the order of members says nothing.
//!
//! ```toml
//! scorers = [{ kind = "json_equal", ignore = ["/explanation", "/items/0/id"] }]
//! ```
//!
//! It abstains where the reference's text is not JSON.

mod config;

pub use config::Config;

use super::{Agreement, text_of};
use crate::{document, score::Word};
use exchange::Reply;
use serde_json::Value;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;

pub(crate) struct Scorer(Config);

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    match config.ignore.iter().find(|pointer| !pointer.starts_with('/')) {
        Some(bad) => Err(format!("`{bad}` in `ignore` is no JSON pointer: write it like `/name`")),
        None => Ok(Scorer(config.clone())),
    }
}

impl Agreement for Scorer {
    fn score(&self, reply: &Reply, reference: &Reply) -> Word {
        let Ok(mut theirs) = self.0.fence.parse(text_of(reference)) else {
            return Word::abstain("the reference's text is not JSON");
        };
        let mut ours = match self.0.fence.parse(text_of(reply)) {
            Ok(ours) => ours,
            Err(why) => return Word::fail(why),
        };
        for pointer in &self.0.ignore {
            remove(&mut ours, pointer);
            remove(&mut theirs, pointer);
        }
        Word::when(document::equal(&ours, &theirs), || match differing(&ours, &theirs) {
            Some(name) => format!("`{name}` differs from the reference's"),
            None => "differs from the reference's".to_owned(),
        })
    }
}

/// Removes a member; an item of a list becomes null, so that the others keep their places.
fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let Some(parent) = value.pointer_mut(parent) else { return };
    if let Some(members) = parent.as_object_mut() {
        members.remove(&last.replace("~1", "/").replace("~0", "~"));
    } else if let Some(item) = last.parse().ok().and_then(|at: usize| parent.get_mut(at)) {
        *item = Value::Null;
    }
}

/// The first member of an object, by name, that differs.
fn differing(ours: &Value, theirs: &Value) -> Option<String> {
    let (ours, theirs) = (ours.as_object()?, theirs.as_object()?);
    let differs = |name: &&String| match (ours.get(*name), theirs.get(*name)) {
        (Some(ours), Some(theirs)) => !document::equal(ours, theirs),
        (_, _) => true,
    };
    ours.keys().chain(theirs.keys()).filter(differs).min().cloned()
}
