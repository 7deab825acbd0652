//! The report crate through its public API.

mod lakes;
mod reference;
