//! `shadows`: one shadow reply with its scores and its verdict.

use crate::table::{Column, Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "shadows",
    doc: "One shadow reply with its scores and its verdict: all that belongs to one \
          attempt, committed whole.",
    columns: &[
        known("date", Kind::Date, "UTC day of the exchange's `observed_at`; the partition."),
        known("exchange_id", Kind::Text, "The exchange."),
        known("arm", Kind::Text, "Control or candidate."),
        maybe("candidate", Kind::Text, "The model on trial; null for an arm that is none."),
        maybe(
            "cell",
            Kind::Text,
            "The cell that it speaks for; null for an arm that serves several.",
        ),
        known("asked_at", Kind::Time, "When the arm was asked."),
        maybe("answered_at", Kind::Time, "When its reply was complete."),
        maybe("status", Kind::Long, "HTTP status of the reply; null where none came."),
        maybe("fault", Kind::Text, "Whose fault a failure is: candidate, provider or ours."),
        maybe("error", Kind::Text, "What failed."),
        maybe("provider", Kind::Text, "The provider that was asked."),
        maybe("model", Kind::Text, "The model that was asked."),
        maybe("input_tokens", Kind::Long, "Tokens of the prompt, cached ones included."),
        maybe("cached_tokens", Kind::Long, "Prompt tokens read from the provider's cache."),
        maybe("cache_write_tokens", Kind::Long, "Prompt tokens written to the provider's cache."),
        maybe("cache_write_1h_tokens", Kind::Long, "Those of them that are kept for an hour."),
        maybe("output_tokens", Kind::Long, "Tokens of the reply, reasoning included."),
        maybe(
            "reasoning_tokens",
            Kind::Long,
            "Tokens spent on reasoning that the caller does not see.",
        ),
        maybe(
            "usage_source",
            Kind::Text,
            "Where the counts come from: the provider, or an estimate.",
        ),
        maybe("service_tier", Kind::Text, "At which tariff it was served: `standard` or `batch`."),
        maybe("cost_usd", Kind::Money, "Price of the call; null where no price is known."),
        maybe("latency_ms", Kind::Double, "From sending the call to the end of the reply."),
        maybe("ttft_ms", Kind::Double, "From sending the call to the first token of the reply."),
        maybe("finish_reason", Kind::Text, "Why the reply ended, in the provider's words."),
        maybe(
            "blocked",
            Kind::Text,
            "Whose content policy stopped the reply: `filter` of the provider, or `refusal` of the model.",
        ),
        maybe(
            "loss_report",
            Kind::Double,
            "The loss as shown to readers; the statistics do not use it.",
        ),
        maybe("loss", Kind::Double, "The loss of this reply; null without a verdict."),
        maybe(
            "reference_loss",
            Kind::Double,
            "The loss of the reference's reply, in paired modes.",
        ),
        maybe("control_loss", Kind::Double, "The loss of the control's reply, where it was asked."),
        maybe("loss_lo", Kind::Double, "Least loss that the mode can give."),
        maybe("loss_hi", Kind::Double, "Greatest loss that the mode can give."),
        maybe("decided_at", Kind::Time, "When the verdict was made; null is no verdict."),
        maybe("verdict_reason", Kind::Text, "Why the verdict is what it is, or why there is none."),
        maybe("mode", Kind::Text, "How the verdict became a loss."),
        maybe("tau", Kind::Double, "The greatest mean loss that the bar or margin allows."),
        maybe("acceptable", Kind::Bool, "Whether the reply would do."),
        known("journal_offset", Kind::Long, "Offset of the journal record that the row came from."),
        maybe(
            "response",
            Kind::Text,
            "Body of the reply, decoded; null where it is not text or was not kept.",
        ),
        maybe(
            "translation",
            Kind::Text,
            "What the model was not asked as the caller said it, because its provider speaks another \
             dialect; null where nothing was lost.",
        ),
        maybe(
            "scores",
            Kind::List(SCORES),
            "What each scorer said, on this reply and on those that it is compared with.",
        ),
        maybe(
            "origin",
            Kind::Text,
            "What it was made for, if not for the call as it passed: rescore, replay, golden or anchor.",
        ),
    ],
    indexed: &["journal_offset", "asked_at", "decided_at"],
};

const SCORES: &[Column] = &[
    known("arm", Kind::Text, "Whose reply was scored."),
    maybe("candidate", Kind::Text, "The model on trial; null for an arm that is none."),
    known("scorer", Kind::Text, "Name of the scorer."),
    known("scorer_digest", Kind::Text, "Digest of its definition."),
    maybe("trial", Kind::Text, "Which order or repeat, where there are several."),
    known("kind", Kind::Text, "Schema, rule or judge."),
    maybe("value", Kind::Double, "The score in [0, 1]; null where it abstained."),
    known("abstained", Kind::Bool, "Whether it had nothing to say."),
    maybe("reason", Kind::Text, "Why it said so."),
    maybe("cost_usd", Kind::Money, "What asking it cost."),
];
