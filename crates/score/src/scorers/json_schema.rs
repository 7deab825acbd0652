//! The reply's text is JSON that satisfies a schema: one set here, or else the one that the call
//! itself asks for.
//!
//! ```toml
//! scorers = [{ kind = "json_schema" }]
//! scorers = [{ kind = "json_schema", schema = { type = "object", required = ["city"] } }]
//! ```
//!
//! The draft is 2020-12 unless `$schema` says otherwise. References to other documents are
//! refused: a score must not depend on what some server says today. It abstains where neither
//! side has a schema, or the call's makes no sense: that is not the model's fault.

mod config;

pub use config::Config;

use super::{Absolute, PATTERN_SIZE_MAX, SCHEMAS_CACHED_MAX, text_of};
use crate::{digest, score::Word};
use exchange::{Call, Reply};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 1;
/// How far a pattern inside a schema may search; they may look around, so they are not linear.
const PATTERN_STEPS_MAX: usize = 100_000;
/// A longer schema is not compiled.
const SCHEMA_BYTES_MAX: usize = 1 << 20;
/// Of a schema's complaint, no more than this.
const COMPLAINT_CHARS_MAX: usize = 300;

pub(crate) struct Scorer {
    config: Config,
    own: Option<Arc<Validator>>,
    /// Schemas of calls, compiled once each; emptied when full.
    cached: Mutex<HashMap<String, Compiled>>,
}

type Compiled = Result<Arc<Validator>, String>;

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let own = config.schema.as_ref().map(validator).transpose()?;
    Ok(Scorer { config: config.clone(), own, cached: Mutex::default() })
}

impl Absolute for Scorer {
    fn score(&self, call: &Call, reply: &Reply) -> Word {
        let validator = match (&self.own, &call.response_schema) {
            (Some(own), _) => Ok(Arc::clone(own)),
            (None, Some(schema)) => self.of_call(schema),
            (None, None) => return Word::abstain("neither pipeline nor call has a schema"),
        };
        let validator = match validator {
            Ok(validator) => validator,
            Err(why) => return Word::abstain(format!("of the call: {why}")),
        };
        match self.config.fence.parse(text_of(reply)) {
            Err(why) => Word::fail(why),
            Ok(value) => match validator.validate(&value) {
                Ok(()) => Word::pass(),
                Err(error) => Word::fail(complaint(&error)),
            },
        }
    }
}

impl Scorer {
    fn of_call(&self, schema: &Value) -> Compiled {
        let key = digest::of_json(schema);
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cached.get(&key) {
            return known.clone();
        }
        if cached.len() >= SCHEMAS_CACHED_MAX {
            cached.clear();
        }
        let compiled = validator(schema);
        cached.insert(key, compiled.clone());
        compiled
    }
}

fn validator(schema: &Value) -> Compiled {
    if schema.to_string().len() > SCHEMA_BYTES_MAX {
        return Err(format!("schema is longer than {SCHEMA_BYTES_MAX} bytes"));
    }
    let patterns = PatternOptions::fancy_regex()
        .backtrack_limit(PATTERN_STEPS_MAX)
        .size_limit(PATTERN_SIZE_MAX)
        .dfa_size_limit(PATTERN_SIZE_MAX);
    jsonschema::options()
        .offline()
        .with_pattern_options(patterns)
        .build(schema)
        .map(Arc::new)
        .map_err(|error| format!("schema does not compile: {}", complaint(&error)))
}

fn complaint(error: &ValidationError<'_>) -> String {
    let text = format!("at `{}`: {error}", error.instance_path());
    text.chars().take(COMPLAINT_CHARS_MAX).collect()
}
