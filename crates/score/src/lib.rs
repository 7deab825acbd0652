//! Whether a reply would have been acceptable: scorers, what a judge is asked and what it said, and
//! the verdict that they add up to.
//!
//! A scorer says how good one reply is, from 0 to 1, or abstains; it never guesses. Deterministic
//! scorers come first, so that most replies never pay a judge. The same scorers are put to every
//! arm, which is what makes their difference mean something.
//!
//! This crate is pure: it does no I/O, reads no clock, draws no chance, and runs no user code but
//! regular expressions and JSON Schemas, both with limits. It never asks a judge itself.

mod digest;
mod document;
mod error;
pub mod judge;
mod number;
mod score;
pub mod scorers;
mod spec;
mod text;
mod verdict;

pub use document::Fence;
pub use error::Error;
pub use score::{Kind, Score};
pub use scorers::Scorers;
pub use spec::{Nature, ScorerSpec};
pub use verdict::{Combine, Role, Verdict, VerdictRule, verdict};
