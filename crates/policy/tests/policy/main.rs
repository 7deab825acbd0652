//! The behaviour of the policy crate, through its public API.

#![cfg(test)]

mod assign;
mod categorize;
mod chance;
mod epoch;
mod formats;
mod gate;
mod given;
mod label;
mod plan;
mod price;
mod transitions;
