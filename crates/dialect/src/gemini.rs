//! Gemini `generateContent`, streamed or not. The model and the streaming stand in the path, not in
//! the body. Other methods of the API are known by name only: they are forwarded and metered, but not
//! put to candidates.

pub(crate) mod array;
pub(crate) mod call;
pub(crate) mod content;
pub(crate) mod edit;
pub(crate) mod error;
pub(crate) mod judge;
pub(crate) mod path;
pub(crate) mod prompt;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod schema;
pub(crate) mod stream;
pub(crate) mod writer;
