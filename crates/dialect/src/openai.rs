//! `OpenAI` Chat Completions. Other endpoints of the API are known by name only: they are
//! forwarded and metered, but not put to candidates.

pub(crate) mod call;
mod calls;
pub(crate) mod edit;
pub(crate) mod error;
pub(crate) mod judge;
pub(crate) mod message;
pub(crate) mod prompt;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod writer;

/// Where chat calls of our own go.
pub(crate) const CHAT_PATH: &str = "/v1/chat/completions";
