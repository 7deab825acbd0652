//! `exchanges`: one mirrored live call.

use crate::table::{Definition, Kind, known, maybe};

pub(crate) static TABLE: Definition = Definition {
    name: "exchanges",
    doc: "One mirrored live call.",
    columns: &[
        known("date", Kind::Date, "UTC day of the exchange's `observed_at`; the partition."),
        known("exchange_id", Kind::Text, "UUIDv7 of the exchange."),
        known("observed_at", Kind::Time, "When the proxy received the call."),
        known("proxy_instance", Kind::Text, "The proxy process that saw it."),
        known(
            "offer_seq",
            Kind::Long,
            "Counts that process's offers to the mirror; a gap is what a crash lost.",
        ),
        maybe("tenant", Kind::Text, "Who called, where that was declared."),
        known("conversation", Kind::Text, "Key of the calls that belong together."),
        known("conversation_source", Kind::Text, "What the key was taken from."),
        maybe("priority", Kind::Text, "Interactive or batch, where that was declared."),
        known("category", Kind::Text, "The kind of call."),
        known("category_source", Kind::Text, "What the category was taken from."),
        maybe("call_site", Kind::Text, "Fingerprint of the code that sent the call."),
        known("dialect", Kind::Text, "The provider's wire format."),
        known("endpoint", Kind::Text, "Path of the call, credentials removed."),
        maybe("model", Kind::Text, "The model that the caller asked for."),
        maybe("served_by", Kind::Text, "The model that answered."),
        known(
            "route",
            Kind::Text,
            "How it was served: reference, canary, live, escalated or fallback.",
        ),
        maybe("policy_version", Kind::Long, "The policy that planned it."),
        maybe(
            "stream",
            Kind::Bool,
            "Whether a stream was asked for; null where the call was not understood.",
        ),
        maybe("status", Kind::Long, "HTTP status of the reply; null where none came."),
        maybe("finish_reason", Kind::Text, "Why the reply ended, in the provider's words."),
        maybe("input_tokens", Kind::Long, "Tokens of the prompt, cached ones included."),
        maybe("cached_tokens", Kind::Long, "Prompt tokens read from the provider's cache."),
        maybe("cache_write_tokens", Kind::Long, "Prompt tokens written to the provider's cache."),
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
        maybe("cost_usd", Kind::Money, "Price of the call; null where no price is known."),
        maybe("latency_ms", Kind::Double, "From sending the call to the end of the reply."),
        maybe("ttft_ms", Kind::Double, "From sending the call to the first token of the reply."),
        known("capture", Kind::Text, "Whether the copy is complete, truncated or aborted."),
        known("redacted", Kind::Bool, "Whether the content was altered before it was journaled."),
        known("journal_offset", Kind::Long, "Offset of the journal record that the row came from."),
        maybe(
            "request",
            Kind::Text,
            "Body of the call, decoded; null where it is not text or was not kept.",
        ),
        maybe(
            "response",
            Kind::Text,
            "Body of the reply, decoded; null where it is not text or was not kept.",
        ),
    ],
    indexed: &["journal_offset", "observed_at"],
};
