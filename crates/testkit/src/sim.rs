//! Simulated providers in the OpenAI dialect: real HTTP on loopback.
//!
//! What a model says comes from an [`Answers`]; this module gives it the provider's manners:
//! authentication, JSON and streams, usage, rate limit headers, request ids, error bodies, faults
//! on demand, and a [`CallLog`] that knows what was billed to whom.
//!
//! A reply is a pure function of seed, model, key and request, whatever the order of arrival and
//! however it is transported. The key is in it because a control asks the reference the same
//! question a second time, under another key, and must be able to hear another answer.
//!
//! It never reads a clock and never leaves loopback.

mod answers;
mod body;
mod fault;
mod log;
mod price;
mod server;
mod wire;

pub use answers::{Answers, Asked, Said};
pub use fault::Fault;
pub use log::{CallLog, LoggedCall, Total};
pub use price::ModelPrice;
pub use server::{Provider, ProviderSpec};
