//! The report crate through its public API.

#![cfg(test)]

mod aggregates;
mod bad_rows;
mod forms;
mod judge;
mod lakes;
mod operating;
mod outlook;
mod reference;
mod reports;
mod schemas;
mod views;
mod world;
