//! The statistics of the gate: what the units of a cell say, and what they do not.
//!
//! A conversation becomes one [`unit::Unit`]; units become a [`histogram::Histogram`] of integers;
//! the histogram becomes evidence, a confidence and two bounds ([`process`]); many cells share one
//! error budget ([`family`]); and [`gate`] lists what still blocks a promotion. What a judge is worth is
//! measured by labels ([`judge`]).
//!
//! The crate never reads a clock, a file or a random number, and never fills a gap: what is not
//! known is `None`, and a value that is no number is refused. Every logarithm comes from `libm`, so
//! that the same lake gives the same bits on every platform.

pub mod drift;
mod error;
pub mod evidence;
pub mod family;
pub mod forecast;
pub mod gate;
pub mod histogram;
pub mod judge;
mod logspace;
pub mod mode;
pub mod process;
mod sum;
pub mod tolerance;
pub mod unit;
pub mod watermark;

pub use drift::DriftDetector;
pub use error::Error;
pub use evidence::{Coverage, Evidence};
pub use gate::{Blocker, BlockerName, CellFacts, GateRule};
pub use histogram::{Histogram, Row, Totals};
pub use mode::Mode;
pub use process::{Level, Summary, confidence};
pub use tolerance::Tolerance;
pub use unit::{LossRange, Unit};
