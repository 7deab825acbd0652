//! Simulated providers of every [`Dialect`]: real HTTP on loopback.
//!
//! What a model says comes from an [`Answers`]; this module gives it the provider's manners:
//! authentication, JSON and streams, usage, rate limit headers, request ids, error bodies, faults
//! on demand, and a [`CallLog`] that knows what was billed to whom.
//!
//! A request is checked as strictly as the real provider checks it, against tables of fields
//! (`shapes.rs`) and what tables cannot say (`rules.rs`), and refused in its words: a call that
//! would fail there fails here. What differs from model to model goes by the names of the real ones.
//! Not simulated, and refused: server-side tools, files, stored state, audio.
//!
//! A reply is a pure function of seed, model, key and request, whatever the order of arrival and
//! however it is transported. The key is in it because a control asks the reference the same
//! question a second time, under another key, and must be able to hear another answer.
//!
//! It never reads a clock and never leaves loopback.

mod answers;
mod anthropic;
mod body;
mod call;
mod dialect;
mod fault;
mod gemini;
mod log;
mod openai;
mod price;
mod question;
mod server;
mod shape;

pub use answers::{Answers, Asked, Said};
pub use dialect::Dialect;
pub use fault::Fault;
pub use log::{CallLog, LoggedCall, Total};
pub use price::ModelPrice;
pub use server::{Provider, ProviderSpec};
