//! `OpenAI` Responses: the other form of calls of the dialect `openai`, which lends it its errors,
//! edits and calls of our own.

pub(crate) mod call;
pub(crate) mod item;
pub(crate) mod prompt;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod writer;

/// The form's name, as an endpoint of a call.
pub(crate) const ENDPOINT: &str = "responses";
pub(crate) const PATH: &str = "/v1/responses";
