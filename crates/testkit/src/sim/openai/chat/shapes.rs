//! What a request for a chat completion looks like.

use crate::sim::shape::{
    Field,
    Shape::{self, Any, Each, Fields, Flag, Named, Number, Tagged, Text, TextOr, Whole, Word},
    may, must,
};

const TEXT_PART: [Field; 1] = [must("text", Text)];
const IMAGE_PART: [Field; 1] = [must(
    "image_url",
    Fields(&[must("url", Text), may("detail", Word(&["auto", "low", "high", "original"]))]),
)];
const FILE_PART: [Field; 1] =
    [must("file", Fields(&[may("file_data", Text), may("file_id", Text), may("filename", Text)]))];
const AUDIO_PART: [Field; 1] =
    [must("input_audio", Fields(&[must("data", Text), must("format", Word(&["wav", "mp3"]))]))];

static TEXTS: Shape = Each(&Tagged("type", &[("text", &TEXT_PART)]));
static USER_PARTS: Shape = Each(&Tagged(
    "type",
    &[
        ("text", &TEXT_PART),
        ("image_url", &IMAGE_PART),
        ("input_audio", &AUDIO_PART),
        ("file", &FILE_PART),
    ],
));
static ASSISTANT_PARTS: Shape =
    Each(&Tagged("type", &[("text", &TEXT_PART), ("refusal", &[must("refusal", Text)])]));

const FUNCTION_CALL: [Field; 2] = [must("name", Text), must("arguments", Text)];
static TOOL_CALL: Shape =
    Tagged("type", &[("function", &[must("id", Text), must("function", Fields(&FUNCTION_CALL))])]);

const INSTRUCTION: [Field; 2] = [must("content", TextOr(&TEXTS)), may("name", Text)];
static MESSAGE: Shape = Tagged(
    "role",
    &[
        ("system", &INSTRUCTION),
        ("developer", &INSTRUCTION),
        ("user", &[must("content", TextOr(&USER_PARTS)), may("name", Text)]),
        (
            "assistant",
            &[
                may("content", TextOr(&ASSISTANT_PARTS)),
                may("refusal", Text),
                may("name", Text),
                may("tool_calls", Each(&TOOL_CALL)),
                may("function_call", Fields(&FUNCTION_CALL)),
                may("audio", Any),
                may("annotations", Any),
            ],
        ),
        ("tool", &[must("content", TextOr(&TEXTS)), must("tool_call_id", Text)]),
        ("function", &[must("name", Text), may("content", Text)]),
    ],
);

const FUNCTION: [Field; 4] = [
    must("name", Text),
    may("description", Text),
    may("parameters", Named(&Any)),
    may("strict", Flag),
];
static TOOL: Shape = Tagged("type", &[("function", &[must("function", Fields(&FUNCTION))])]);
static TOOL_CHOICE: Shape = Tagged(
    "type",
    &[
        ("function", &[must("function", Fields(&[must("name", Text)]))]),
        ("allowed_tools", &[must("allowed_tools", Any)]),
    ],
);

const JSON_SCHEMA: [Field; 4] =
    [must("name", Text), may("description", Text), may("schema", Named(&Any)), may("strict", Flag)];
const RESPONSE_FORMAT: Shape = Tagged(
    "type",
    &[
        ("text", &[]),
        ("json_object", &[]),
        ("json_schema", &[must("json_schema", Fields(&JSON_SCHEMA))]),
    ],
);

const EFFORTS: Shape = Word(&["none", "minimal", "low", "medium", "high", "xhigh"]);
const STREAM_OPTIONS: [Field; 2] = [may("include_usage", Flag), may("include_obfuscation", Flag)];

/// The whole request.
pub(crate) static SHAPE: Shape = Fields(&[
    must("model", Text),
    must("messages", Each(&MESSAGE)),
    may("audio", Any),
    may("frequency_penalty", Number(-2.0, 2.0)),
    may("function_call", Any),
    may("functions", Each(&Fields(&FUNCTION))),
    may("logit_bias", Named(&Number(-100.0, 100.0))),
    may("logprobs", Flag),
    may("max_completion_tokens", Whole(1, i64::MAX)),
    may("max_tokens", Whole(1, i64::MAX)),
    may("metadata", Named(&Text)),
    may("modalities", Each(&Word(&["text", "audio"]))),
    may("moderation", Any),
    may("n", Whole(1, 128)),
    may("parallel_tool_calls", Flag),
    may("prediction", Any),
    may("presence_penalty", Number(-2.0, 2.0)),
    may("prompt_cache_key", Text),
    may("prompt_cache_options", Any),
    may("prompt_cache_retention", Word(&["in_memory", "24h"])),
    may("reasoning_effort", EFFORTS),
    may("response_format", RESPONSE_FORMAT),
    may("safety_identifier", Text),
    may("seed", Whole(i64::MIN, i64::MAX)),
    may("service_tier", Word(&["auto", "default", "flex", "scale", "priority", "fast"])),
    may("stop", TextOr(&Each(&Text))),
    may("store", Flag),
    may("stream", Flag),
    may("stream_options", Fields(&STREAM_OPTIONS)),
    may("temperature", Number(0.0, 2.0)),
    may("tool_choice", TextOr(&TOOL_CHOICE)),
    may("tools", Each(&TOOL)),
    may("top_logprobs", Whole(0, 20)),
    may("top_p", Number(0.0, 1.0)),
    may("user", Text),
    may("verbosity", Word(&["low", "medium", "high"])),
    may("web_search_options", Any),
]);
