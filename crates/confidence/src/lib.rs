//! The statistics of the gate: what the units of a cell say, and what they do not.
//!
//! A conversation becomes one [`unit::Unit`]; units become a [`histogram::Histogram`] of integers;
//! the histogram becomes evidence, a confidence and two bounds ([`process`]); many cells share one
//! error budget ([`family`]); and [`gate`] lists what still blocks a promotion. What a judge is worth is
//! measured by labels ([`judge`]), and so is how far its word counts beside them ([`trust`]).
//!
//! The crate never reads a clock, a file or a random number, and never fills a gap: what is not
//! known is `None`, and a value that is no number is refused. Every logarithm comes from `libm`, so
//! that the same lake gives the same bits on every platform.
//!
//! # What is no evidence
//!
//! | given | becomes |
//! | --- | --- |
//! | a score, label or audited loss outside [0, 1], or no number | [`Error::Parameter`] |
//! | a weighted loss outside its mode's range, or no number | [`Error::OutsideRange`], [`Error::Loss`]; the histogram or detector stays as it was |
//! | a weight outside [0, 1], or no number | [`Error::Weight`] |
//! | a weight of zero | checked and not counted: what was not sampled speaks in neither direction |
//! | a weight under a quantum | a unit of weight zero whose loss is rounded up: it counts against the candidate alone |
//! | a propensity of zero, above one, under its floor, or no number | [`Error::Propensity`] |
//! | units out of order, or one of them twice | [`Error::Order`] from [`watermark::prefix`]; a [`Histogram`] counts what it is given, because order is nothing to it |
//! | a clock that went backwards | nothing: `seq` alone orders units, and an earlier look sees a shorter prefix |
//! | an empty epoch | log of the evidence 0, confidence 0, bounds at the ends of the range, mean `None`; the gate blocks |
//! | a loss too large for the state | [`Error::TooLarge`] |
//! | counts near overflow | they saturate at `u64::MAX`, which keeps merging exact in any order; sums over rows are 128 bits wide |
//! | a tolerance outside its range of losses, a range without inside | [`Error::Tolerance`], [`Error::Range`] |
//! | an audit or re-ask probability outside (0, 1], `eta`, `a_hat` or a margin outside [0, 1] | [`Error::Parameter`] |
//! | labelled replies that are few, all alike or no numbers | the judge's word counts nothing beside labels |
//! | a cost of calibration that is no probability, evidence that is no number | a confidence of 0 |
//! | family weights that are not positive or spend more than 1 | [`Error::FamilyWeights`] |
//! | a figure of the gate that is no number, or is not known | its blocker |

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
pub mod simulation;
mod sum;
pub mod threshold;
pub mod tolerance;
pub mod trust;
pub mod unit;
pub mod watermark;

pub use drift::{DriftDetector, LiveWatch, Signal};
pub use error::Error;
pub use evidence::{Coverage, Evidence};
pub use gate::{Blocker, BlockerName, CellFacts, GateRule};
pub use histogram::{Histogram, Row, Totals};
pub use mode::Mode;
pub use process::{Level, Summary, confidence};
pub use tolerance::Tolerance;
pub use trust::{Labelled, Trust};
pub use unit::{LossRange, Unit};
