//! Rules of the tree that no compiler checks. A rule that is not a test is a wish.

#![cfg(test)]

mod deployment;
mod documents;
mod formats;
mod layers;
mod metrics;
mod sources;
mod tree;
