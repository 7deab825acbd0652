//! Where something strikes: at seeded points, which lie where the work is.

use crate::{commits::is_commit, town::Town};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

/// How far the work has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) replies: u64,
    pub(super) shadow_calls: u64,
    pub(super) commits: u64,
}

impl Progress {
    pub(super) fn of(replies: u64, town: &Town, lake: &Path) -> Self {
        Self { replies, shadow_calls: town.shadow_calls(), commits: commits(lake) }
    }
}

/// When to strike, counted from some moment on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    AtOnce,
    Replies(u64),
    ShadowCalls(u64),
    Commits(u64),
}

impl Point {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut chance = DefaultHasher::new();
        (seed, number).hash(&mut chance);
        let chance = chance.finish();
        let far = chance >> 8;
        match chance % 8 {
            0 => Self::AtOnce,
            1..=3 => Self::Replies(1 + far % 150),
            4..=5 => Self::ShadowCalls(1 + far % 150),
            _ => Self::Commits(1 + far % 12),
        }
    }

    pub(super) fn is_reached(self, since: Progress, now: Progress) -> bool {
        match self {
            Self::AtOnce => true,
            Self::Replies(count) => now.replies >= since.replies + count,
            Self::ShadowCalls(count) => now.shadow_calls >= since.shadow_calls + count,
            Self::Commits(count) => now.commits >= since.commits + count,
        }
    }
}

/// Commits of all tables so far.
fn commits(lake: &Path) -> u64 {
    let Ok(tables) = fs::read_dir(lake) else { return 0 };
    let logs = tables
        .map_while(Result::ok)
        .filter_map(|it| fs::read_dir(it.path().join("_delta_log")).ok());
    let files = logs.flat_map(|log| log.map_while(Result::ok));
    files.filter(|file| is_commit(&file.path())).count() as u64
}
