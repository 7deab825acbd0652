//! The live path, from outside: raw sockets on both sides, so that every byte counts.

#![cfg(test)]

mod live;
mod meters;
mod mirror;
mod pool;
mod support;
mod tee;
mod tls;
mod transparency;
