//! The behaviour of the pipeline crate, through its public API.

#![cfg(test)]

mod corpus;
mod digest;
mod golden;
mod schema;
mod shipped;
mod tables;
mod valid;
