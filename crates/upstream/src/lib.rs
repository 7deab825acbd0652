//! Calls of our own to a model: shadow calls, controls, judges.
//!
//! One [`Client`] per provider and purpose, with its own key and its own pool, so that a slow
//! shadow provider can never take a connection from the live path. A call has one overall deadline,
//! in which its retries and their waits must fit; every attempt is reported, because every attempt
//! may have cost money; a failure says whose it is, because the statistics count a candidate's
//! failure and not ours.
//!
//! This crate never follows a redirect, never reads a proxy from the environment, never decompresses,
//! never reads a reply's meaning (that is a dialect's work), and never serves the live path, whose
//! bytes must go out untouched.

mod attempt;
mod client;
mod connections;
mod fault;
mod plain;
mod quota;
mod retry;
mod secret;
mod tls;

pub use attempt::{Attempt, ERROR_BODY_CHARS_MAX};
pub use client::{Answer, Client, Error, Failure, Limits, ProviderTarget, RETRIES_MAX, Way};
pub use fault::Fault;
pub use plain::plain_client;
pub use quota::{Quota, Room};
pub use secret::Secret;

/// No reply is read further than this, whoever sends it.
pub const REPLY_BYTES_MAX: usize = 32 << 20;
