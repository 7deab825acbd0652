//! What breaks on the machine, and what it must not do to clients or to the books.

mod disk;
mod kill;
mod mount;
mod restart;
mod restored;
mod worker;
