//! The mirror between a real proxy and a real journal, on loopback.

#![cfg(test)]

mod books;
mod clients;
mod content;
mod sim;
mod support;
