//! The names of attributes. Those of generative AI are of OpenTelemetry's conventions as they stood in
//! November 2026, "in development" still; the crate of the conventions has them as deprecated, because
//! they moved to a repository of their own.

pub(super) const OPERATION: &str = "gen_ai.operation.name";
pub(super) const PROVIDER: &str = "gen_ai.provider.name";
pub(super) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(super) const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub(super) const OUTPUT_TYPE: &str = "gen_ai.output.type";
pub(super) const RESPONSE_MODEL: &str = "gen_ai.response.model";
pub(super) const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
pub(super) const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub(super) const CONVERSATION: &str = "gen_ai.conversation.id";
pub(super) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(super) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(super) const CACHE_READ_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
pub(super) const CACHE_CREATION_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
pub(super) const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";

pub(super) const SERVER_ADDRESS: &str = "server.address";
pub(super) const SERVER_PORT: &str = "server.port";
pub(super) const ERROR_TYPE: &str = "error.type";
pub(super) const HTTP_METHOD: &str = "http.request.method";
pub(super) const HTTP_STATUS: &str = "http.response.status_code";

/// The exchange, by its id in the tables; of a call of ours, the one that it was made for.
pub(super) const EXCHANGE: &str = "foreshadow.exchange";
/// The kind of call.
pub(super) const CATEGORY: &str = "foreshadow.category";
/// How a live call was served.
pub(super) const ROUTE: &str = "foreshadow.route";
/// The candidate that served a live call.
pub(super) const CANDIDATE: &str = "foreshadow.candidate";
/// The provider's name in the pipeline.
pub(super) const PIPELINE_PROVIDER: &str = "foreshadow.provider";
/// Whether the reply was seen whole.
pub(super) const CAPTURE: &str = "foreshadow.capture";
/// What a call of ours was made for.
pub(super) const PURPOSE: &str = "foreshadow.purpose";
/// Counts the attempts at one call of ours.
pub(super) const ATTEMPT: &str = "foreshadow.attempt";
