//! The admin listener: the console's page, health, metrics and the JSON API, for operators.
//!
//! It never serves a live call and never listens where live calls arrive. It knows neither the lake
//! nor SQL: the binary plugs in [`Answers`] and a list of [`Check`]s, and this crate only says who
//! may ask, how often, how long it may take and what an error looks like. It takes no credential,
//! so by default it listens on loopback, and it refuses a request whose `Host` could be a name that
//! a foreign web page has pointed here (DNS rebinding).
//!
//! Everything is read: no route changes anything, so a page that makes a browser send a request
//! gains nothing by it.

mod answers;
mod check;
mod describe;
mod error;
mod histogram;
mod hosts;
mod listen;
mod openapi;
mod recorder;
mod routes;

pub use answers::{Answers, Unanswered};
pub use check::{Check, READY};
pub use describe::describe;
pub use error::Error;
pub use listen::{Config, Console, Deps, Limits};
pub use openapi::OPENAPI;
pub use recorder::Metrics;
pub use routes::PATHS;
