//! Traces of the live path and of our own calls, sent to a collector over OTLP.
//!
//! ```text
//! mirror, worker ─ Tap ─ queue ─ thread: read, make spans ─ collector
//! ```
//! Spans are made *behind* the offer, from what was recorded: the proxy does not know that there are
//! any. In the order in which an exchange meets them: [`Tap`] (decides by the caller's trace whether
//! there is to be a span, and leaves the exchange in a bounded queue or counts it as dropped), `join`
//! (the caller's trace, which the span belongs to), `span` (the exchange read, and said in the words
//! of OpenTelemetry's conventions for generative AI), `export` (batch by batch, on a thread of its
//! own, which stands back behind the live ones).
//!
//! What this crate never does: it puts no content of a call or a reply and no credential into a span,
//! lets nobody wait for a collector, keeps nothing for one that is gone, and touches no header that
//! goes to a provider.

mod error;
mod export;
mod join;
mod known;
mod metric;
mod queue;
mod settings;
mod span;
mod tap;
mod traces;

pub use error::Error;
pub use export::{BATCH_MAX, FLUSH_MAX};
pub use known::{Known, Provider};
pub use queue::{BYTES_MAX, WAITING_MAX};
pub use settings::Settings;
pub use span::{Answered, OurCall};
pub use tap::Tap;
pub use traces::Traces;
