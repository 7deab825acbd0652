//! `calls`: one paid call of ours, never de-duplicated: the ledger.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "calls",
    doc: "One paid call of ours, never de-duplicated: the ledger.",
    columns: &[
        known("date", Kind::Date, "UTC day of `started_at`; the partition."),
        known("call_id", Kind::Text, "UUIDv7 of the call."),
        maybe("exchange_id", Kind::Text, "The exchange that it was made for."),
        known("purpose", Kind::Text, "Live, shadow, control, judge, cascade or fallback."),
        known("model", Kind::Text, "The model that was asked."),
        known("provider", Kind::Text, "The provider that was asked."),
        known(
            "attempt",
            Kind::Long,
            "Counts the tries of one call, from one; zero is an answer that was known already.",
        ),
        known("started_at", Kind::Time, "When it was sent."),
        maybe("status", Kind::Long, "HTTP status of the reply; null where none came."),
        maybe("error", Kind::Text, "What failed."),
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
        maybe("journal_offset", Kind::Long, "Offset of the journal record that the row came from."),
        maybe(
            "origin",
            Kind::Text,
            "What it was made for, if not for a call as it passed: rescore, replay, golden or anchor.",
        ),
    ],
    indexed: &["started_at"],
};
