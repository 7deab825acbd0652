//! What breaks on the machine, and what it must not do to clients or to the books.

mod books;
mod disk;
mod frozen;
mod kill;
mod log;
mod mount;
mod restart;
mod restored;
mod worker;
