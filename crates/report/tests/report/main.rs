//! The report crate through its public API.

#![cfg(test)]

mod aggregates;
mod anchors;
mod bad_rows;
mod blocked;
mod corrected;
mod digest;
mod formed;
mod forms;
mod judge;
mod lakes;
mod operating;
mod outlook;
mod reference;
mod reports;
mod schemas;
mod story;
mod told;
mod translations;
mod views;
mod watch;
mod world;
