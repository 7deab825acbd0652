//! The table of what models take, as it ships: data beside the code, maintained like prices.

use super::source::{self, Source};
use policy::{Capabilities, StructuredOutput, categorize};
use serde::Deserialize;
use std::sync::LazyLock;

const TABLE: &str = include_str!("capabilities.toml");

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    source: Vec<Source>,
    model: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    sources: Vec<String>,
    context_tokens: Option<u64>,
    output_tokens: Option<u64>,
    #[serde(default)]
    refuses: Vec<String>,
    input: Option<Vec<String>>,
    structured_output: Option<String>,
}

/// What is known of a model by its name at its provider; of a name that is not in the table,
/// nothing.
#[must_use]
pub fn known(model: &str) -> Capabilities {
    row_of(model).map(Row::capabilities).unwrap_or_default()
}

/// The pages that what is known of a model follows.
#[must_use]
pub fn sources(model: &str) -> Vec<Source> {
    let names = row_of(model).map(|row| row.sources.as_slice()).unwrap_or_default();
    source::named(&SHIPPED.source, names).into_iter().cloned().collect()
}

/// The table; one that cannot be read would only mean that nothing is known, and a test reads it.
static SHIPPED: LazyLock<Table> = LazyLock::new(|| toml::from_str(TABLE).unwrap_or_default());

fn row_of(model: &str) -> Option<&'static Row> {
    let own = model.strip_prefix("openai/").unwrap_or(model);
    SHIPPED.model.iter().find(|row| categorize::matches(&row.name, own))
}

/// The models that the table speaks of, as patterns, with what it says.
#[must_use]
pub fn table() -> Vec<(String, Capabilities)> {
    SHIPPED.model.iter().map(|row| (row.name.clone(), row.capabilities())).collect()
}

impl Row {
    fn capabilities(&self) -> Capabilities {
        let form = self.structured_output.as_deref();
        Capabilities {
            context_tokens: self.context_tokens,
            output_tokens: self.output_tokens,
            refuses: self.refuses.clone(),
            input: self.input.clone(),
            structured_output: StructuredOutput::ALL
                .into_iter()
                .find(|known| Some(known.name()) == form),
        }
    }
}
