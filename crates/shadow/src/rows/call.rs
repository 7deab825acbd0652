use crate::Origin;
use exchange::{Date, ExchangeId, NanoUsd, Timestamp};
use serde::{Deserialize, Serialize};

/// One attempt at one call of ours: a row of `calls`, the ledger. Never de-duplicated: a call that
/// was made twice was paid twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    /// UTC day of `started_at`.
    pub date: Date,
    /// The attempt's own name.
    pub call_id: ExchangeId,
    /// The exchange that it was made for.
    pub exchange_id: Option<ExchangeId>,
    /// What it was made for.
    pub purpose: Purpose,
    /// The model that was asked, by its name in the pipeline.
    pub model: String,
    /// The provider that was asked.
    pub provider: String,
    /// Counts the attempts at one call, from 1.
    pub attempt: u32,
    /// When it was sent.
    pub started_at: Timestamp,
    /// HTTP status of the reply; null where none came.
    pub status: Option<u16>,
    /// What failed.
    pub error: Option<String>,
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens written to the provider's cache.
    pub cache_write_tokens: Option<u64>,
    /// Those of them that are kept for an hour.
    #[serde(default)]
    pub cache_write_1h_tokens: Option<u64>,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: Option<u64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Who counted: `reported` or `estimated`.
    pub usage_source: Option<String>,
    /// At which tariff it was served.
    #[serde(default)]
    pub service_tier: Option<String>,
    /// What it cost; null where no price is known, or nobody knows whether it was billed.
    pub cost_usd: Option<NanoUsd>,
    /// Until its end, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Until the reply's first byte, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// The ledger's record that the row came from; null until it has one.
    pub journal_offset: Option<u64>,
    /// What it was made for, if not for a call as it passed.
    #[serde(default)]
    pub origin: Option<Origin>,
}

/// What a call of ours was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// To put a mirrored call to a candidate.
    Shadow,
    /// To ask the reference a second time.
    Control,
    /// To judge replies.
    Judge,
}

impl Purpose {
    /// The purpose's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Control => "control",
            Self::Judge => "judge",
        }
    }
}
