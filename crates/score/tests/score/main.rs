//! Behaviour of scorers, judge and verdict through the public API.

#![cfg(test)]

mod compile;
mod corpus;
mod golden;
mod hostile;
mod judge;
mod laws;
mod support;
mod verdict;
