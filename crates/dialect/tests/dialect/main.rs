//! Behaviour of the dialects through their public API.

#![cfg(test)]

mod blocks;
mod bodies;
mod bonds;
mod call_laws;
mod calls;
mod content;
mod conversation;
mod corpus;
mod credentials;
mod edit;
mod eligibility;
mod golden;
mod held;
mod hostile;
mod laws;
mod matrix;
mod message;
mod parallel;
mod replies;
mod reply_laws;
mod rounds;
mod streams;
mod taken;
mod telling;
mod telling_laws;
mod translate_laws;
mod unread;
mod writes;
