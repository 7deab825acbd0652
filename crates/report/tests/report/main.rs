//! The report crate through its public API.

#![cfg(test)]

mod aggregates;
mod anchors;
mod digest;
mod forms;
mod judge;
mod lakes;
mod operating;
mod reference;
mod reports;
mod schemas;
mod story;
mod views;
mod watch;
mod world;
