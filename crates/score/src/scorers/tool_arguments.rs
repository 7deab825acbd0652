//! Every tool that the reply calls is one that the call offers, with arguments that satisfy the
//! schema which the call gives for it.
//!
//! ```toml
//! scorers = [{ kind = "tool_arguments" }]
//! scorers = [{ kind = "tool_arguments", calls = "required", strictness = "strict" }]
//! ```
//!
//! Not to call any tool is the model's choice, and passes unless `calls = "required"`. The
//! arguments of a tool without a schema, such as a custom one that takes free text, are not looked
//! at. It abstains where the call offers no tools, or the schema of one makes no sense.

mod config;

pub use config::{Calls, Config};

use super::Absolute;
use crate::{
    document,
    schema::{Reading, Schemas},
    score::Word,
    text::quoted,
};
use exchange::{Call, Reply, ToolCall};

/// Raised whenever the same settings would score differently.
pub(crate) const VERSION: u32 = 3;

pub(crate) struct Scorer {
    calls: Calls,
    schemas: Schemas,
}

pub(crate) fn compile(config: &Config) -> Result<Scorer, String> {
    let Config { calls, draft, strictness, formats } = config.clone();
    Ok(Scorer { calls, schemas: Schemas::new(Reading { draft, strictness, formats }) })
}

impl Absolute for Scorer {
    fn score(&self, call: &Call, reply: &Reply) -> Word {
        if call.tools.is_empty() {
            return Word::abstain("the call offers no tools");
        }
        if reply.tool_calls.is_empty() {
            let holds = self.calls == Calls::Optional;
            return Word::when(holds, || "no tool is called".to_owned());
        }
        let words = reply.tool_calls.iter().map(|called| self.check(call, called));
        // The first that is wrong says so; one that nobody can judge leaves the others their say.
        let worst = words.reduce(|worst, word| match (worst.value, word.value) {
            (Some(0.0), _) => worst,
            (_, Some(0.0)) | (Some(_), None) => word,
            (_, _) => worst,
        });
        worst.unwrap_or_else(Word::pass)
    }
}

impl Scorer {
    fn check(&self, call: &Call, called: &ToolCall) -> Word {
        let name = quoted(&called.name);
        if !call.tools.contains(&called.name) {
            return Word::fail(format!("{name} is no tool that the call offers"));
        }
        let Some(schema) = call.tool_schemas.get(&called.name) else { return Word::pass() };
        let ready = match self.schemas.of_call(schema) {
            Ok(ready) => ready,
            Err(why) => return Word::abstain(format!("of {name}: {why}")),
        };
        let word = match document::arguments(&called.arguments) {
            Err(why) => Word::fail(why),
            Ok(arguments) => ready.check(&arguments, called.arguments.len()),
        };
        word.of(&name)
    }
}
