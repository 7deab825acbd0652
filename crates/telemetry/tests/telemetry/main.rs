//! What leaves for a collector, seen from the collector.

#![cfg(test)]

mod collector;
mod corpus;
mod delivery;
mod joining;
mod laws;
mod settings;
mod spans;
mod support;
