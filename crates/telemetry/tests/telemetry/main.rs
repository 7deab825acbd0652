//! What leaves for a collector, seen from the collector.

#![cfg(test)]

mod collector;
mod delivery;
mod joining;
mod settings;
mod spans;
mod support;
