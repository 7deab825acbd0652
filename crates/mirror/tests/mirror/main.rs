//! The mirror between a real proxy and a real journal, on loopback.

#![cfg(test)]

mod books;
mod clients;
mod content;
#[cfg(target_os = "linux")]
mod saturated;
mod sim;
mod starve;
mod support;
