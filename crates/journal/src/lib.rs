//! The log between proxy and workers: append, subscribe, commit, on one machine.
//!
//! A [`Journal`] is a folder with a few topics. A topic is a row of records, each with an offset:
//! dense, ascending, never given twice. `append` returns when its records are on disk; a group of
//! consumers reads from where it committed. `append` blocks for a sync: a caller that must not wait
//! leaves its records to a thread, which gathers what has come meanwhile into one append.
//!
//! The shape is Kafka's: topics, offsets, groups that commit the next offset. A topic here is one
//! partition, number [`PARTITION`].
//!
//! # What it never does
//! - It never acknowledges what a power cut could take back: one `fdatasync` covers each append.
//! - It never trims a record that a known group has not consumed; it says [`Error::Full`] instead.
//! - It never returns wrong bytes: each record carries a checksum over its offset, length and
//!   payload. Damage is an error that names the offsets and where to go on.
//! - It never gives an offset again: not after trimming everything, not after a crash.
//! - It never stays broken: after a full or failing disk, the next append cuts back what the failed
//!   one left and goes on. An append that failed is gone, unless the process dies before the cut.
//! - It reads no clock: retention goes by bytes, since age says nothing about room.
//!
//! # Why files of its own, and not a store
//! A topic is a row of segment files, a frame per append. That is little code, and every part of
//! it has a fault test. A well-kept embedded store (fjall 3.1) was tried first and cannot keep the
//! promise, as two probes of its write-ahead log showed:
//! - a last batch of which one page had not reached the disk, which is what a power cut leaves,
//!   makes opening fail (`ChecksumMismatch`) instead of being cut off; there is no repair;
//! - one wrong byte in the head of the first batch makes opening succeed with *nothing*: twelve
//!   acknowledged records were gone without an error.
//!
//! A failed write also poisons it until it is opened anew, and it writes each record twice (log,
//! then table). Measured side by side on one machine with 4 KiB records in groups of 16, 64 and
//! 256, it took 18, 13 and 15 µs of CPU a record against 7, 3.5 and 4 µs here, at about the same
//! rate (`examples/append_rate.rs` measures again). Trimming is the removal of a file.
//!
//! How a torn tail is told from damage: a frame is written only when the one before it is synced.
//! So a bad frame with a good header behind it was acknowledged, and stays as damage; a bad frame
//! with nothing behind it is cut off when the topic is opened. What cannot be told apart: damage
//! in the very last frame. If a group had consumed it, its offsets stay spent all the same.

pub mod dead;
mod error;
pub mod forward;
mod frame;
mod group;
mod identity;
mod journal;
pub mod kafka;
mod log;
mod membership;
mod metric;
pub mod outside;
mod record;
mod segment;
mod subscription;
mod sync;
mod topic;
mod window;

pub use error::{Error, Result};
pub use forward::{Forward, ForwardSettings};
pub use journal::{
    APPEND_BYTES_MAX, GROUPS_MAX, Journal, Limits, PARTITION, RECORD_BYTES_MAX, TOPICS_MAX,
};
pub use log::{Append, Log};
pub use membership::{Change, Membership};
pub use outside::Outside;
pub use record::{Entry, Position, Record};
pub use subscription::{Committer, Subscription};
