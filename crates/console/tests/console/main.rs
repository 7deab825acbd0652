//! The admin listener over real sockets: who is answered, what with, and within which limits.

#![cfg(test)]

mod agreement;
mod answers;
mod hosts;
mod limits;
mod world;
