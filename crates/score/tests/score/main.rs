//! Behaviour of scorers, judge and verdict through the public API.

#![cfg(test)]

mod compile;
mod golden;
mod hostile;
mod judge;
mod support;
mod verdict;
