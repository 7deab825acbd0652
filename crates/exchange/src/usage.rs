use serde::{Deserialize, Serialize};

/// Tokens of one call, as they are priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All prompt tokens, cached ones included.
    pub input_tokens: u64,
    /// Prompt tokens that were read from the provider's cache (part of `input_tokens`).
    pub cached_tokens: u64,
    /// Prompt tokens that were written to the provider's cache (part of `input_tokens`).
    pub cache_write_tokens: u64,
    /// All completion tokens, reasoning included.
    pub output_tokens: u64,
    /// Completion tokens spent on reasoning (part of `output_tokens`).
    pub reasoning_tokens: u64,
    /// Who counted.
    pub source: UsageSource,
}

/// Who counted the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageSource {
    /// The provider said so.
    Reported,
    /// A tokenizer of ours estimated it, because the provider did not say.
    Estimated,
}

impl UsageSource {
    /// The source's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Estimated => "estimated",
        }
    }
}
