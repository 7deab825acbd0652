//! What a request for a message looks like.

use crate::sim::shape::{
    Field,
    Shape::{self, Any, Each, Fields, Flag, Named, Number, Tagged, Text, TextOr, Whole, Word},
    Tag, may, must,
};

const CACHE_CONTROL: Field = may(
    "cache_control",
    Fields(&[must("type", Word(&["ephemeral"])), may("ttl", Word(&["5m", "1h"]))]),
);

const TEXT: Tag = ("text", &[must("text", Text), may("citations", Any), CACHE_CONTROL]);
const IMAGE: Tag = (
    "image",
    &[
        must(
            "source",
            Tagged(
                "type",
                &[
                    (
                        "base64",
                        &[
                            must("data", Text),
                            must(
                                "media_type",
                                Word(&["image/jpeg", "image/png", "image/gif", "image/webp"]),
                            ),
                        ],
                    ),
                    ("url", &[must("url", Text)]),
                ],
            ),
        ),
        may("transformations", Any),
        CACHE_CONTROL,
    ],
);
const DOCUMENT: Tag = (
    "document",
    &[
        must(
            "source",
            Tagged(
                "type",
                &[
                    (
                        "base64",
                        &[must("data", Text), must("media_type", Word(&["application/pdf"]))],
                    ),
                    ("text", &[must("data", Text), must("media_type", Word(&["text/plain"]))]),
                    ("content", &[must("content", TextOr(&Each(&Any)))]),
                    ("url", &[must("url", Text)]),
                ],
            ),
        ),
        may("title", Text),
        may("context", Text),
        may("citations", Fields(&[may("enabled", Flag)])),
        CACHE_CONTROL,
    ],
);
const SEARCH_RESULT: Tag = (
    "search_result",
    &[
        must("source", Text),
        must("title", Text),
        must("content", Each(&Any)),
        may("citations", Any),
        CACHE_CONTROL,
    ],
);

static RESULTS: Shape = Each(&Tagged("type", &[TEXT, IMAGE, DOCUMENT, SEARCH_RESULT]));
static BLOCKS: Shape = Each(&Tagged(
    "type",
    &[
        TEXT,
        IMAGE,
        DOCUMENT,
        SEARCH_RESULT,
        ("thinking", &[must("thinking", Text), must("signature", Text)]),
        ("redacted_thinking", &[must("data", Text)]),
        (
            "tool_use",
            &[
                must("id", Text),
                must("name", Text),
                must("input", Named(&Any)),
                may("caller", Any),
                may("toolset_name", Text),
                CACHE_CONTROL,
            ],
        ),
        (
            "tool_result",
            &[
                must("tool_use_id", Text),
                may("content", TextOr(&RESULTS)),
                may("is_error", Flag),
                may("toolset_name", Text),
                CACHE_CONTROL,
            ],
        ),
    ],
));
static MESSAGE: Shape = Fields(&[
    must("role", Word(&["user", "assistant", "system"])),
    must("content", TextOr(&BLOCKS)),
]);
static SYSTEM: Shape = Each(&Tagged("type", &[TEXT]));

static TOOL: Shape = Fields(&[
    must("name", Text),
    must("input_schema", Named(&Any)),
    may("type", Word(&["custom"])),
    may("description", Text),
    may("strict", Flag),
    may("allowed_callers", Each(&Text)),
    may("defer_loading", Flag),
    may("eager_input_streaming", Flag),
    may("input_examples", Each(&Any)),
    CACHE_CONTROL,
]);
const ONE_TOOL: Field = may("disable_parallel_tool_use", Flag);
const TOOL_CHOICE: Shape = Tagged(
    "type",
    &[
        ("auto", &[ONE_TOOL]),
        ("any", &[ONE_TOOL]),
        ("tool", &[must("name", Text), ONE_TOOL]),
        ("none", &[]),
    ],
);
const DISPLAY: Field = may("display", Word(&["summarized", "omitted"]));
const THINKING: Shape = Tagged(
    "type",
    &[
        ("enabled", &[must("budget_tokens", Whole(1024, i64::MAX)), DISPLAY]),
        ("adaptive", &[DISPLAY]),
        ("disabled", &[]),
    ],
);
const OUTPUT_CONFIG: [Field; 2] = [
    may("effort", Word(&["low", "medium", "high", "xhigh", "max"])),
    may("format", Tagged("type", &[("json_schema", &[must("schema", Named(&Any))])])),
];

/// A request for a message.
pub(crate) static SHAPE: Shape = Fields(&[
    must("model", Text),
    must("messages", Each(&MESSAGE)),
    must("max_tokens", Whole(0, i64::MAX)),
    CACHE_CONTROL,
    may("inference_geo", Text),
    may("metadata", Fields(&[may("user_id", Text)])),
    may("output_config", Fields(&OUTPUT_CONFIG)),
    may("service_tier", Word(&["auto", "standard_only"])),
    may("speed", Word(&["standard", "fast"])),
    may("stop_sequences", Each(&Text)),
    may("stream", Flag),
    may("system", TextOr(&SYSTEM)),
    may("temperature", Number(0.0, 1.0)),
    may("thinking", THINKING),
    may("tool_choice", TOOL_CHOICE),
    may("tools", Each(&TOOL)),
    may("top_k", Whole(0, i64::MAX)),
    may("top_p", Number(0.0, 1.0)),
]);

/// A request for the length of one.
pub(crate) static COUNT_SHAPE: Shape = Fields(&[
    must("model", Text),
    must("messages", Each(&MESSAGE)),
    CACHE_CONTROL,
    may("output_config", Fields(&OUTPUT_CONFIG)),
    may("speed", Word(&["standard", "fast"])),
    may("system", TextOr(&SYSTEM)),
    may("thinking", THINKING),
    may("tool_choice", TOOL_CHOICE),
    may("tools", Each(&TOOL)),
]);
