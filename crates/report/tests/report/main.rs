//! The report crate through its public API.

#![cfg(test)]

mod aggregates;
mod anchors;
mod forms;
mod judge;
mod lakes;
mod operating;
mod reference;
mod reports;
mod schemas;
mod views;
mod world;
