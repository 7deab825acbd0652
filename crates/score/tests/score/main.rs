//! Behaviour of scorers, judge and verdict through the public API.

#![cfg(test)]

mod compile;
mod corpus;
mod golden;
mod hostile;
mod judge;
mod laws;
mod page;
mod recorded;
mod reply_laws;
mod suite;
mod support;
mod verdict;
