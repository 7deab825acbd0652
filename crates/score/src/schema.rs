//! JSON Schemas made ready: those of pipelines once, those of calls once each.
//!
//! References to other documents are refused: a score must not depend on what some server says
//! today. A schema that makes no sense says why; that is never the model's fault.

use crate::{score::Word, text::plain};
use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

mod patterns;
mod strict;
mod unfold;

use patterns::Search;
use unfold::{Unfolded, Work};

/// A longer schema is not compiled.
pub(crate) const SCHEMA_BYTES_MAX: usize = 256 << 10;
/// A scorer keeps no more compiled schemas of calls than this.
pub(crate) const SCHEMAS_CACHED_MAX: usize = 256;
/// How far a pattern that looks around or back may search; every other one is linear in the text.
const PATTERN_STEPS_MAX: usize = 5_000;
/// Such a pattern is held against no longer value, because each of its steps may read all of one.
const LOOKED_AROUND_BYTES_MAX: usize = 16 << 10;
/// No more subschemas are held against a value, at all its places together: some take 100 ns.
const CHECKS_MAX: u64 = 50_000_000;
/// What a compiled pattern may take of memory.
const PATTERN_SIZE_MAX: usize = 1 << 20;
/// Of a schema's complaint, no more than this.
const COMPLAINT_CHARS_MAX: usize = 300;

/// The version of JSON Schema that a schema is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Draft {
    /// Draft 4.
    #[serde(rename = "4")]
    Four,
    /// Draft 6.
    #[serde(rename = "6")]
    Six,
    /// Draft 7.
    #[serde(rename = "7")]
    Seven,
    /// Draft 2019-09.
    #[serde(rename = "2019-09")]
    Y2019,
    /// Draft 2020-12.
    #[serde(rename = "2020-12")]
    Y2020,
}

/// What a schema that leaves something open is held to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// It is taken as it was sent.
    #[default]
    AsSent,
    /// As providers' strict modes have it: every object has all its properties and no others.
    Strict,
}

/// Whether `format` is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formats {
    /// As the draft says: up to 7 it is, from 2019-09 on it only informs.
    #[default]
    ByDraft,
    /// It is, whatever the draft.
    Checked,
    /// It is not.
    Ignored,
}

/// How schemas are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) draft: Option<Draft>,
    pub(crate) strictness: Strictness,
    pub(crate) formats: Formats,
}

/// A schema that is ready.
pub(crate) struct Ready {
    validator: Validator,
    unfolded: Unfolded,
    search: Search,
}

/// A schema that is ready, or why it cannot be.
pub(crate) type Compiled = Result<Arc<Ready>, String>;

/// The schemas of calls, each compiled once; emptied when full.
pub(crate) struct Schemas {
    reading: Reading,
    cached: Mutex<HashMap<Value, Compiled>>,
}

impl Schemas {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, cached: Mutex::default() }
    }

    pub(crate) fn of_call(&self, schema: &Value) -> Compiled {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cached.get(schema) {
            return known.clone();
        }
        if cached.len() >= SCHEMAS_CACHED_MAX {
            cached.clear();
        }
        let compiled = self.reading.compile(schema);
        cached.insert(schema.clone(), compiled.clone());
        compiled
    }
}

impl Reading {
    pub(crate) fn compile(&self, schema: &Value) -> Compiled {
        if schema.to_string().len() > SCHEMA_BYTES_MAX {
            return Err(format!("schema is longer than {SCHEMA_BYTES_MAX} bytes"));
        }
        let strict;
        let schema = match self.strictness {
            Strictness::AsSent => schema,
            Strictness::Strict => {
                strict = strict::of(schema)?;
                &strict
            }
        };
        let patterns = PatternOptions::fancy_regex()
            .backtrack_limit(PATTERN_STEPS_MAX)
            .size_limit(PATTERN_SIZE_MAX)
            .dfa_size_limit(PATTERN_SIZE_MAX);
        let mut options = jsonschema::options().offline().with_pattern_options(patterns);
        if let Some(draft) = self.draft {
            options = options.with_draft(draft.into());
        }
        options = match self.formats {
            Formats::ByDraft => options,
            Formats::Checked => options.should_validate_formats(true),
            Formats::Ignored => options.should_validate_formats(false),
        };
        let unfolded = unfold::of(schema)?;
        let validator = options
            .build(schema)
            .map_err(|error| format!("schema does not compile: {}", complaint(&error)))?;
        Ok(Arc::new(Ready { validator, unfolded, search: patterns::of(schema) }))
    }
}

impl From<Draft> for jsonschema::Draft {
    fn from(draft: Draft) -> Self {
        match draft {
            Draft::Four => Self::Draft4,
            Draft::Six => Self::Draft6,
            Draft::Seven => Self::Draft7,
            Draft::Y2019 => Self::Draft201909,
            Draft::Y2020 => Self::Draft202012,
        }
    }
}

impl Ready {
    /// Holds a value, which was so many bytes long, against the schema.
    pub(crate) fn check(&self, value: &Value, bytes: usize) -> Word {
        if self.search == Search::LookingAround && bytes > LOOKED_AROUND_BYTES_MAX {
            return Word::abstain(format!(
                "a pattern of the schema looks around, and the value is longer than \
                 {LOOKED_AROUND_BYTES_MAX} bytes"
            ));
        }
        if self.unfolded.checks.saturating_mul(places(value)) > CHECKS_MAX {
            return Word::abstain("the schema asks too much of so large a value");
        }
        match self.unfolded.work {
            Work::Bounded => match self.validator.validate(value) {
                Ok(()) => Word::pass(),
                Err(error) if gave_up(&error) => Word::abstain(complaint(&error)),
                Err(error) => Word::fail(complaint(&error)),
            },
            // The engine remembers what it said of a part only where it need not say why.
            Work::Unfolding => Word::when(self.validator.is_valid(value), || {
                "the value does not satisfy the schema, which refers to itself".to_owned()
            }),
        }
    }
}

/// How many values a value is made of, itself among them.
fn places(value: &Value) -> u64 {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(members) => members.values().map(places).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Whether a pattern took too long: then it is to blame, not the value.
fn gave_up(error: &ValidationError<'_>) -> bool {
    matches!(
        error.kind(),
        ValidationErrorKind::BacktrackLimitExceeded { .. }
            | ValidationErrorKind::RegexEngineFailure { .. }
    )
}

fn complaint(error: &ValidationError<'_>) -> String {
    let text = format!("at `{}`: {error}", error.instance_path());
    plain(&text).chars().take(COMPLAINT_CHARS_MAX).collect()
}
