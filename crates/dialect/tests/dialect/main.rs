//! Behaviour of the dialects through their public API.

#![cfg(test)]

mod calls;
mod content;
mod conversation;
mod corpus;
mod credentials;
mod edit;
mod golden;
mod hostile;
mod laws;
mod replies;
mod streams;
mod writes;
