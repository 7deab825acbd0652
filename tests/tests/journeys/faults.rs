//! What breaks on the machine, and what it must not do to clients or to the books.

mod books;
mod cable;
mod clock;
mod disk;
mod fleet;
mod frozen;
mod kill;
mod log;
mod mount;
mod point;
mod restart;
mod restored;
mod roles;
mod soak;
mod worker;
