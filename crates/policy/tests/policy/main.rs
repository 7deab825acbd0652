//! The behaviour of the policy crate, through its public API.

#![cfg(test)]

mod allot;
mod assign;
mod call_site;
mod capability;
mod categorize;
mod chance;
mod corpus;
mod epoch;
mod following;
mod formats;
mod gate;
mod given;
mod label;
mod laws;
mod plan;
mod price;
mod transitions;
