use crate::{Origin, rows::score::ScoreRow};
use exchange::{Arm, Date, ExchangeId, NanoUsd, Timestamp};
use serde::Serialize;

/// One shadow reply with what was made of it: a row of `shadows`, committed whole, so that nothing
/// of two attempts is ever mixed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShadowRow {
    /// UTC day of the exchange's `observed_at`.
    pub date: Date,
    /// The exchange.
    pub exchange_id: ExchangeId,
    /// Control or candidate.
    pub arm: Arm,
    /// The model on trial; null for a control.
    pub candidate: Option<String>,
    /// The cell that it speaks for; null for a control.
    pub cell: Option<String>,
    /// When the arm was asked.
    pub asked_at: Timestamp,
    /// When its reply was complete, or its failure certain.
    pub answered_at: Option<Timestamp>,
    /// HTTP status of the reply; null where none came.
    pub status: Option<u16>,
    /// Whose fault a failure is: candidate, provider or ours.
    pub fault: Option<&'static str>,
    /// What failed.
    pub error: Option<String>,
    /// The provider that was asked.
    pub provider: Option<String>,
    /// The model that was asked.
    pub model: Option<String>,
    /// Tokens of the prompt, cached ones included.
    pub input_tokens: Option<u64>,
    /// Prompt tokens read from the provider's cache.
    pub cached_tokens: Option<u64>,
    /// Prompt tokens written to the provider's cache.
    pub cache_write_tokens: Option<u64>,
    /// Those of them that are kept for an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: Option<u64>,
    /// Tokens spent on reasoning.
    pub reasoning_tokens: Option<u64>,
    /// Who counted.
    pub usage_source: Option<&'static str>,
    /// At which tariff it was served.
    pub service_tier: Option<&'static str>,
    /// What the reply cost; null where no price is known.
    pub cost_usd: Option<NanoUsd>,
    /// Until the end of the reply, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Until the reply's first byte, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// Why the reply ended.
    pub finish_reason: Option<&'static str>,
    /// Whose content policy stopped the reply: `filter` of the provider, or `refusal` of the model.
    pub blocked: Option<&'static str>,
    /// The loss as shown to readers: `loss`, less `reference_loss` in paired modes, less
    /// `control_loss` in A/A. The statistics do not read it.
    pub loss_report: Option<f64>,
    /// The loss of this reply; null without a verdict.
    pub loss: Option<f64>,
    /// The loss of the reference's reply by the same scorers.
    pub reference_loss: Option<f64>,
    /// The loss of the control's reply, where it was asked.
    pub control_loss: Option<f64>,
    /// The least loss of the mode.
    pub loss_lo: Option<f64>,
    /// The greatest loss of the mode.
    pub loss_hi: Option<f64>,
    /// When the verdict was made; null is no verdict.
    pub decided_at: Option<Timestamp>,
    /// Why the verdict is what it is, or why there is none.
    pub verdict_reason: Option<String>,
    /// How the verdict became a loss.
    pub mode: Option<&'static str>,
    /// The greatest mean loss that the bar or margin allows.
    pub tau: Option<f64>,
    /// Whether the reply would do.
    pub acceptable: Option<bool>,
    /// The journal record that the row came from.
    pub journal_offset: u64,
    /// The reply's body, decoded; null where it is not text.
    pub response: Option<String>,
    /// What the model was not asked as the caller said it; `None` where nothing was lost.
    pub translation: Option<String>,
    /// What each scorer said.
    pub scores: Vec<ScoreRow>,
    /// What it was made for, if not for the call as it passed.
    pub origin: Option<Origin>,
}
