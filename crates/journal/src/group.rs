//! Where one group of consumers stands in a topic, kept in a small file of its own.
//!
//! Two slots are written in turn and in place: a torn write spoils one slot and leaves the other,
//! and a full disk cannot keep a group from committing, which is what frees the journal's space.

use crate::{
    frame::{checksum, u32_at, u64_at},
    segment::sync_folder,
};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::Path,
};

/// Slots are a disk sector apart, so that one torn sector cannot spoil both.
const SLOT_STEP_BYTES: u64 = 4096;
const SLOT_BYTES: usize = 20;
const SLOTS: u64 = 2;
const SALT: u64 = u64::from_le_bytes(*b"FJGROUP1");

pub(crate) struct Group {
    file: File,
    /// Counts the writes; the slot with the greater turn holds.
    turn: u64,
    pub(crate) next: u64,
}

impl Group {
    /// A group that starts at `next`.
    pub(crate) fn create(path: &Path, next: u64) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let mut group = Self { file, turn: 0, next };
        for _ in 0..SLOTS {
            group.store(next)?;
        }
        group.file.sync_all()?;
        path.parent().map_or(Ok(()), sync_folder)?;
        Ok(group)
    }

    /// The group kept at `path`; `otherwise` is where it stands if neither slot can be read, which
    /// must be early enough to skip nothing.
    pub(crate) fn open(path: &Path, otherwise: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let newest = (0..SLOTS).filter_map(|slot| read_slot(&file, slot)).max();
        let (turn, next) = newest.unwrap_or_else(|| {
            tracing::warn!(path = %path.display(), next = otherwise,
                "the group's position cannot be read; its records are delivered again");
            (0, otherwise)
        });
        Ok(Self { file, turn, next })
    }

    /// Moves the group to `next`, durably.
    pub(crate) fn store(&mut self, next: u64) -> io::Result<()> {
        let turn = self.turn + 1;
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&turn.to_le_bytes());
        slot[8..16].copy_from_slice(&next.to_le_bytes());
        let crc = checksum(SALT, &[&slot[..16]]);
        slot[16..].copy_from_slice(&crc.to_le_bytes());
        self.file.write_all_at(&slot, turn % SLOTS * SLOT_STEP_BYTES)?;
        self.file.sync_data()?;
        (self.turn, self.next) = (turn, next);
        Ok(())
    }
}

fn read_slot(file: &File, slot: u64) -> Option<(u64, u64)> {
    let mut bytes = [0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, slot * SLOT_STEP_BYTES).ok()?;
    let holds = u32_at(&bytes, 16) == checksum(SALT, &[&bytes[..16]]);
    holds.then(|| (u64_at(&bytes, 0), u64_at(&bytes, 8)))
}
