//! The live path: a call goes to the provider that the caller named, the reply comes back, and a copy
//! of both is left at the mirror.

mod answer;
mod body;
mod capture;
mod config;
mod downstream;
mod error;
mod forward;
mod guard;
mod headers;
mod listen;
mod live;
pub mod meters;
mod mirror;
mod pool;
mod refusal;
mod route;
mod serve;
mod steer;
mod tunnel;
mod upstream;

pub use capture::Captured;
pub use config::{Config, Limits};
pub use error::Error;
pub use headers::{declared, recorded_call};
pub use listen::{Deps, Proxy, Running};
pub use mirror::{Mirror, NoMirror, Offer, Queue, QueueLimits, ShedReason, Tally};
pub use steer::{Answered, CallHead, Key, Observation, Placed, Planned, Priced, Rewrite, Steer};
pub use upstream::Upstream;
