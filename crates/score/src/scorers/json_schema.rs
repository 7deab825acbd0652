//! The reply's text is JSON that satisfies a schema: one set here, or else the one that the call
//! itself asks for.
//!
//! ```toml
//! scorers = [{ kind = "json_schema" }]
//! scorers = [{ kind = "json_schema", strictness = "strict", formats = "checked" }]
//! scorers = [{ kind = "json_schema", schema = { type = "object", required = ["city"] } }]
//! ```
//!
//! The draft is 2020-12 unless `$schema` or `draft` says otherwise. With `strictness = "strict"`
//! every object is closed and all its properties are required, as providers' strict modes have it.
//! References to other documents are refused: a score must not depend on what some server says
//! today. It abstains where neither side has a schema, or the call's makes no sense: that is not
//! the model's fault. It also abstains on more than 16 KiB where a pattern of the schema looks around
//! or back: every other pattern is linear in the text, and such a one is not.

mod config;

pub use config::Config;

use super::{Absolute, text_of};
use crate::{
    schema::{Reading, Ready, Schemas},
    score::Word,
};
use exchange::{Call, Reply};
use std::sync::Arc;

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 4;

pub(crate) struct Scorer {
    config: Config,
    own: Option<Arc<Ready>>,
    of_calls: Schemas,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let Config { draft, strictness, formats, .. } = *config;
    let reading = Reading { draft, strictness, formats };
    let own = config.schema.as_ref().map(|schema| reading.compile(schema)).transpose()?;
    Ok(Scorer { config: config.clone(), own, of_calls: Schemas::new(reading) })
}

impl Absolute for Scorer {
    fn score(&self, call: &Call, reply: &Reply) -> Word {
        let schema = match (&self.own, &call.response_schema) {
            (Some(own), _) => Ok(Arc::clone(own)),
            (None, Some(schema)) => self.of_calls.of_call(schema),
            (None, None) => return Word::abstain("neither pipeline nor call has a schema"),
        };
        let schema = match schema {
            Ok(schema) => schema,
            Err(why) => return Word::abstain(format!("of the call: {why}")),
        };
        let text = text_of(reply);
        match self.config.fence.parse(text) {
            Err(why) => Word::fail(why),
            Ok(value) => schema.check(&value, text.len()),
        }
    }
}
