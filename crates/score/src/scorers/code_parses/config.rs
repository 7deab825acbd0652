use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The language: `python`, `javascript`, `sql`, `json`.
    pub language: Language,
}

/// A language whose grammar is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript, with JSX.
    Javascript,
    /// SQL of any dialect.
    Sql,
    /// JSON.
    Json,
}

impl Language {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
            Self::Sql => "SQL",
            Self::Json => "JSON",
        }
    }

    /// How code fences are labelled with it.
    pub(super) fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python", "py", "python3"],
            Self::Javascript => &["javascript", "js", "jsx", "mjs", "node"],
            Self::Sql => {
                &["sql", "postgresql", "postgres", "mysql", "sqlite", "bigquery", "snowflake"]
            }
            Self::Json => &["json"],
        }
    }
}
