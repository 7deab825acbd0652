//! What a request for content looks like.

use crate::sim::shape::{
    Field,
    Shape::{self, Any, Each, Fields, Flag, Named, Number, Of, Text, Whole, Word},
    may,
};

/// Every field of a part may be missing; that one is there is a rule.
const PART: [Field; 12] = [
    may("text", Text),
    may("thought", Flag),
    may("thoughtSignature", Text),
    may(
        "inlineData",
        Fields(&[may("mimeType", Text), may("data", Text), may("displayName", Text)]),
    ),
    may("fileData", Fields(&[may("mimeType", Text), may("fileUri", Text)])),
    may("functionCall", Fields(&[may("id", Text), may("name", Text), may("args", Named(&Any))])),
    may(
        "functionResponse",
        Fields(&[
            may("id", Text),
            may("name", Text),
            may("response", Named(&Any)),
            may("parts", Each(&Any)),
            may("scheduling", Text),
            may("willContinue", Flag),
        ]),
    ),
    may("executableCode", Any),
    may("codeExecutionResult", Any),
    may("videoMetadata", Any),
    may("mediaResolution", Any),
    may("partMetadata", Any),
];
/// What one side says.
pub(crate) static CONTENT: Shape = Fields(&[may("role", Text), may("parts", Each(&Fields(&PART)))]);

const TYPES: Shape = Word(&[
    "TYPE_UNSPECIFIED",
    "STRING",
    "NUMBER",
    "INTEGER",
    "BOOLEAN",
    "ARRAY",
    "OBJECT",
    "NULL",
    "string",
    "number",
    "integer",
    "boolean",
    "array",
    "object",
    "null",
]);
/// A schema, of which only so much is understood: no `$ref`, no `additionalProperties`.
static SCHEMA: Shape = Fields(&[
    may("type", TYPES),
    may("format", Text),
    may("title", Text),
    may("description", Text),
    may("nullable", Flag),
    may("enum", Each(&Text)),
    may("maxItems", Any),
    may("minItems", Any),
    may("properties", Named(&SCHEMA)),
    may("required", Each(&Text)),
    may("minProperties", Any),
    may("maxProperties", Any),
    may("minLength", Any),
    may("maxLength", Any),
    may("pattern", Text),
    may("example", Any),
    may("anyOf", Each(&SCHEMA)),
    may("propertyOrdering", Each(&Text)),
    may("default", Any),
    may("items", Of(&SCHEMA)),
    may("minimum", Number(f64::MIN, f64::MAX)),
    may("maximum", Number(f64::MIN, f64::MAX)),
]);

const FUNCTION: [Field; 7] = [
    may("name", Text),
    may("description", Text),
    may("behavior", Text),
    may("parameters", Of(&SCHEMA)),
    may("parametersJsonSchema", Any),
    may("response", Of(&SCHEMA)),
    may("responseJsonSchema", Any),
];
static TOOL: Shape = Fields(&[may("functionDeclarations", Each(&Fields(&FUNCTION)))]);
const TOOL_CONFIG: [Field; 2] = [
    may(
        "functionCallingConfig",
        Fields(&[
            may("mode", Word(&["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])),
            may("allowedFunctionNames", Each(&Text)),
        ]),
    ),
    may("retrievalConfig", Any),
];

const THINKING: [Field; 3] = [
    may("includeThoughts", Flag),
    may("thinkingBudget", Whole(-1, 32_768)),
    may(
        "thinkingLevel",
        Word(&["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]),
    ),
];
const CONFIG: [Field; 19] = [
    may("temperature", Number(0.0, 2.0)),
    may("topP", Number(0.0, 1.0)),
    may("topK", Number(0.0, f64::MAX)),
    may("candidateCount", Whole(1, 8)),
    may("maxOutputTokens", Whole(1, i64::MAX)),
    may("stopSequences", Each(&Text)),
    may("responseMimeType", Text),
    may("responseSchema", Of(&SCHEMA)),
    may("responseJsonSchema", Any),
    may("responseModalities", Each(&Word(&["TEXT", "IMAGE", "AUDIO"]))),
    may("responseLogprobs", Flag),
    may("logprobs", Whole(0, 20)),
    may("presencePenalty", Number(-2.0, 2.0)),
    may("frequencyPenalty", Number(-2.0, 2.0)),
    may("seed", Whole(i32::MIN as i64, i32::MAX as i64)),
    may("thinkingConfig", Fields(&THINKING)),
    may("mediaResolution", Text),
    may("speechConfig", Any),
    may("imageConfig", Any),
];
const SAFETY: [Field; 2] = [may("category", Text), may("threshold", Text)];

const REQUEST: [Field; 10] = [
    may("model", Text),
    may("contents", Each(&CONTENT)),
    may("systemInstruction", Of(&CONTENT)),
    may("generationConfig", Fields(&CONFIG)),
    may("safetySettings", Each(&Fields(&SAFETY))),
    may("tools", Each(&TOOL)),
    may("toolConfig", Fields(&TOOL_CONFIG)),
    may("cachedContent", Text),
    may("serviceTier", Text),
    may("store", Flag),
];

/// A request for content.
pub(crate) static SHAPE: Shape = Fields(&REQUEST);

/// A request for the length of one.
pub(crate) static COUNT_SHAPE: Shape =
    Fields(&[may("contents", Each(&CONTENT)), may("generateContentRequest", Fields(&REQUEST))]);
