//! Providers' wire formats: what a call asks, what a reply says, and how to put the same call to
//! another model.
//!
//! A dialect types only what decisions touch and keeps the rest byte for byte, because whatever is
//! parsed and written again is no longer what the client sent. Reading never fails: a call that is
//! not understood is `opaque` and says why it cannot be replayed; a reply that is not understood is
//! not complete.
//!
//! This crate never does I/O, never sees a key (it removes them, see [`credentials`]) and never
//! decides anything: it only reads and writes. Each dialect is a folder of the same files: `call`,
//! `reply`, `stream`, `edit`, `error`, `judge`; Responses, the second form of `openai`, borrows the last
//! three. Every reader of a reply makes the same `delta`s of it, and every writer takes them.

mod anthropic;
mod arguments;
mod bond;
pub mod content;
mod conversation;
pub mod credentials;
mod delta;
mod dialect;
mod error;
mod failure;
mod fields;
mod form;
mod gemini;
mod json;
mod media;
mod openai;
mod reply;
mod responses;
pub mod sse;
pub mod stream;
mod tokens;
mod transcript;
pub mod translate;
pub mod unreplayable;
pub mod watch;

pub use bond::{Bond, bond};
pub use conversation::{CONVERSATION_KEY_CHARS_MAX, conversation, course};
pub use dialect::{Dialect, OPAQUE, SoFar, UnknownDialect, opaque};
pub use error::Error;
pub use form::{Form, Forms};
pub use tokens::{COUNTED_BYTES_MAX, count as count_tokens};
