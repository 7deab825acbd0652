//! What the testkit promises to those who test with it.

#![cfg(test)]

mod clock;
mod dialects;
mod endings;
mod failing;
mod golden;
mod recorded;
mod sim;
mod support;
mod world;
