//! What a request for a response looks like.

use crate::sim::shape::{
    Field,
    Shape::{self, Any, Each, Fields, Flag, Named, Number, Tagged, Text, TextOr, Whole, Word},
    may, must,
};

static CONTENT: Shape = Each(&Tagged(
    "type",
    &[
        ("input_text", &[must("text", Text)]),
        (
            "input_image",
            &[
                may("image_url", Text),
                may("file_id", Text),
                may("detail", Word(&["auto", "low", "high", "original"])),
            ],
        ),
        (
            "input_file",
            &[
                may("file_data", Text),
                may("file_id", Text),
                may("file_url", Text),
                may("filename", Text),
            ],
        ),
        (
            "output_text",
            &[must("text", Text), may("annotations", Each(&Any)), may("logprobs", Any)],
        ),
        ("refusal", &[must("refusal", Text)]),
    ],
));

const STATUS: Shape = Word(&["in_progress", "completed", "incomplete"]);
const ROLE: Shape = Word(&["user", "assistant", "system", "developer"]);

/// A message may leave out what it is.
pub(crate) static MESSAGE: Shape = Fields(&[
    must("role", ROLE),
    must("content", TextOr(&CONTENT)),
    may("type", Word(&["message"])),
    may("id", Text),
    may("status", STATUS),
    may("phase", Text),
]);

/// What is not a message says what it is.
pub(crate) static ITEM: Shape = Tagged(
    "type",
    &[
        (
            "function_call",
            &[
                must("call_id", Text),
                must("name", Text),
                must("arguments", Text),
                may("id", Text),
                may("status", STATUS),
                may("caller", Any),
                may("namespace", Text),
            ],
        ),
        (
            "function_call_output",
            &[
                must("call_id", Text),
                must("output", TextOr(&CONTENT)),
                may("id", Text),
                may("status", STATUS),
            ],
        ),
        (
            "reasoning",
            &[
                must("id", Text),
                must("summary", Each(&Tagged("type", &[("summary_text", &[must("text", Text)])]))),
                may("content", Any),
                may("encrypted_content", Text),
                may("status", STATUS),
            ],
        ),
    ],
);

static TOOL: Shape = Tagged(
    "type",
    &[(
        "function",
        &[
            must("name", Text),
            must("parameters", Named(&Any)),
            may("strict", Flag),
            may("description", Text),
        ],
    )],
);
static TOOL_CHOICE: Shape = Tagged(
    "type",
    &[
        ("function", &[must("name", Text)]),
        ("allowed_tools", &[must("mode", Word(&["auto", "required"])), must("tools", Each(&Any))]),
    ],
);

const FORMAT: Shape = Tagged(
    "type",
    &[
        ("text", &[]),
        ("json_object", &[]),
        (
            "json_schema",
            &[
                must("name", Text),
                must("schema", Named(&Any)),
                may("description", Text),
                may("strict", Flag),
            ],
        ),
    ],
);
const REASONING: [Field; 4] = [
    may("effort", Word(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    may("summary", Word(&["auto", "concise", "detailed"])),
    may("generate_summary", Word(&["auto", "concise", "detailed"])),
    may("context", Any),
];
const INCLUDABLE: Shape = Word(&[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
]);

/// The whole request; its items are checked one by one.
pub(crate) static SHAPE: Shape = Fields(&[
    must("model", Text),
    must("input", TextOr(&Each(&Any))),
    may("background", Flag),
    may("conversation", Any),
    may("include", Each(&INCLUDABLE)),
    may("instructions", Text),
    may("max_output_tokens", Whole(16, i64::MAX)),
    may("max_tool_calls", Whole(1, i64::MAX)),
    may("metadata", Named(&Text)),
    may("parallel_tool_calls", Flag),
    may("previous_response_id", Text),
    may("prompt", Any),
    may("prompt_cache_key", Text),
    may("prompt_cache_options", Any),
    may("prompt_cache_retention", Word(&["in_memory", "24h"])),
    may("reasoning", Fields(&REASONING)),
    may("safety_identifier", Text),
    may("service_tier", Word(&["auto", "default", "flex", "scale", "priority", "fast"])),
    may("store", Flag),
    may("stream", Flag),
    may("stream_options", Fields(&[may("include_obfuscation", Flag)])),
    may("temperature", Number(0.0, 2.0)),
    may(
        "text",
        Fields(&[may("format", FORMAT), may("verbosity", Word(&["low", "medium", "high"]))]),
    ),
    may("tool_choice", TextOr(&TOOL_CHOICE)),
    may("tools", Each(&TOOL)),
    may("top_logprobs", Whole(0, 20)),
    may("top_p", Number(0.0, 1.0)),
    may("truncation", Word(&["auto", "disabled"])),
    may("user", Text),
]);
