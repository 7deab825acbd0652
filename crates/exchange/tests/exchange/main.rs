//! Behaviour of the nouns and of their wire form through the public API.

#![cfg(test)]

mod amounts;
mod corpus;
mod laws;
mod moments;
mod published;
mod size;
mod wire;
