//! Everything outside Foreshadow that a demo or a test needs, made so that the truth is known.
//!
//! - [`sim`]: providers of three dialects, on loopback, over real HTTP: strict, priced, with faults on
//!   demand and a call log of their own that a ledger can be compared with.
//! - [`world`]: fourteen days of traffic whose true quality, category by category, is declared.
//! - [`recorded`]: the same, from recorded answers of real models.
//! - [`broker`]: a real Apache Kafka broker, from its own jars, that can be killed and frozen.
//! - [`bucket`]: a real S3 server with conditional writes, that can be killed and frozen.
//! - [`client`]: plays calls through a base URL.
//! - [`SteppedClock`]: time that moves only when it is told to.
//!
//! This crate never reads a clock, never draws chance that is not a hash of its seed, never calls
//! anything but loopback, and knows nothing of how Foreshadow weighs what it sees: if the two
//! shared their arithmetic, they would share its mistakes.

pub mod broker;
pub mod bucket;
mod chance;
pub mod client;
mod clock;
mod error;
mod fetched;
mod live_call;
mod process;
pub mod recorded;
pub mod sim;
pub mod world;

pub use clock::SteppedClock;
pub use error::Error;
pub use live_call::LiveCall;
