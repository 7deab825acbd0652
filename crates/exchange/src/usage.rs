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
    /// Those of `cache_write_tokens` that are kept for an hour; the others are for five minutes, or as
    /// long as the provider pleases.
    #[serde(default)]
    pub cache_write_1h_tokens: u64,
    /// All completion tokens, reasoning included.
    pub output_tokens: u64,
    /// Completion tokens spent on reasoning (part of `output_tokens`).
    pub reasoning_tokens: u64,
    /// At which tariff the provider served it.
    #[serde(default)]
    pub tier: ServiceTier,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// Nothing used, at the usual tariff: to start from.
    #[must_use]
    pub const fn none(source: UsageSource) -> Self {
        Self {
            input_tokens: 0,
            cached_tokens: 0,
            cache_write_tokens: 0,
            cache_write_1h_tokens: 0,
            output_tokens: 0,
            reasoning_tokens: 0,
            tier: ServiceTier::Standard,
            source,
        }
    }
}

/// At which tariff a provider served a call, as far as prices tell tariffs apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceTier {
    /// The usual one, or one that nobody told.
    #[default]
    Standard,
    /// That of batches, which wait for free machines at a discount.
    Batch,
}

impl ServiceTier {
    /// The tier's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
        }
    }

    /// The tier of that name; the usual one where there is none.
    #[must_use]
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("batch") => Self::Batch,
            Some(_) | None => Self::Standard,
        }
    }
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
