//! What of one partition was fetched and is not read yet.

use crate::{
    error::{Error, Result},
    record::Record,
    sync::lock,
};
use metrics::Gauge;
use std::{collections::VecDeque, sync::Mutex};
use tokio::sync::Notify;

/// Bytes fetched ahead of who reads; past it the partition is paused, until half of them are read.
const AHEAD_BYTES_MAX: usize = 16 << 20;
/// Records fetched ahead, so that many empty ones are limited too.
const AHEAD_RECORDS_MAX: usize = 65_536;

pub(crate) struct Flow {
    pub(crate) partition: u32,
    state: Mutex<State>,
    pub(crate) moved: Notify,
    /// How far the group is behind.
    lag: Gauge,
}

#[derive(Default)]
struct State {
    records: VecDeque<Record>,
    bytes: usize,
    /// What is read next.
    position: u64,
    /// What is fetched next; not known before anything was fetched or the group's place was learnt.
    expected: Option<u64>,
    end: u64,
    /// What the group has not committed begins here; not known before it was asked.
    committed: Option<u64>,
    stage: Stage,
    is_paused: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Flowing,
    /// What comes belongs to another offset than is wanted.
    Turning,
    /// Offsets that were read have come again: the partition is not what it was.
    Undone {
        at: u64,
    },
    Taken,
}

/// Whether more may be fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Left,
    /// Just used up.
    None,
}

/// What a read found.
pub(crate) struct Found {
    pub(crate) records: Vec<Record>,
    /// Whether a pause is over.
    pub(crate) has_room_again: bool,
}

impl Flow {
    pub(crate) fn new(partition: u32, lag: Gauge) -> Self {
        Self { partition, state: Mutex::default(), moved: Notify::new(), lag }
    }

    pub(crate) fn begin(&self, next: u64, end: u64) {
        let mut state = lock(&self.state);
        state.position = next;
        state.end = state.end.max(end);
        // It is where fetching begins by itself.
        state.expected.get_or_insert(next);
        state.committed = Some(next);
        self.tell(&state);
    }

    /// What comes from now on begins at `offset`.
    pub(crate) fn turned(&self, offset: u64) {
        let mut state = lock(&self.state);
        if state.stage == Stage::Turning {
            state.stage = Stage::Flowing;
            state.expected = Some(offset);
            state.is_paused = false;
        }
    }

    pub(crate) fn put(&self, record: Record) -> Room {
        let mut state = lock(&self.state);
        if state.stage != Stage::Flowing {
            return Room::Left;
        }
        if state.expected.is_some_and(|expected| record.offset < expected) {
            state.stage = Stage::Undone { at: record.offset };
            drop(state);
            self.moved.notify_one();
            return Room::Left;
        }
        let next = record.offset + 1;
        state.expected = Some(next);
        state.end = state.end.max(next);
        state.bytes += record.payload.len();
        state.records.push_back(record);
        let is_full = state.bytes >= AHEAD_BYTES_MAX || state.records.len() >= AHEAD_RECORDS_MAX;
        let room = if is_full && !state.is_paused { Room::None } else { Room::Left };
        state.is_paused |= is_full;
        drop(state);
        self.moved.notify_one();
        room
    }

    /// Up to the limits, but one at least; nothing if nothing has come.
    pub(crate) fn take(&self, topic: &str, records_max: usize, bytes_max: usize) -> Result<Found> {
        let mut state = lock(&self.state);
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(record) = state.records.front()
            && record.offset == state.position
            && records.len() < records_max
            && (records.is_empty() || bytes + record.payload.len() <= bytes_max)
        {
            let Some(record) = state.records.pop_front() else { break };
            bytes += record.payload.len();
            state.bytes -= record.payload.len();
            state.position = record.offset + 1;
            records.push(record);
        }
        if records.is_empty() {
            state.check(topic, self.partition)?;
        }
        let has_room_again = state.is_paused
            && state.bytes <= AHEAD_BYTES_MAX / 2
            && state.records.len() <= AHEAD_RECORDS_MAX / 2;
        if has_room_again {
            state.is_paused = false;
        }
        Ok(Found { records, has_room_again })
    }

    /// Moves on to `offset`; whether the partition has to be turned there.
    pub(crate) fn seek(&self, topic: &str, offset: u64) -> Result<bool> {
        let mut state = lock(&self.state);
        if state.stage == Stage::Taken {
            return Err(taken(topic, self.partition));
        }
        if offset > state.end {
            let (asked, end) = (offset, state.end);
            return Err(Error::BeyondEnd { topic: topic.to_owned(), asked, end });
        }
        let is_held = state.stage == Stage::Flowing
            && offset >= state.position
            && state.expected.is_some_and(|expected| offset <= expected);
        state.position = offset;
        while is_held
            && let Some(record) = state.records.front()
            && record.offset < offset
        {
            state.bytes -= record.payload.len();
            state.records.pop_front();
        }
        if !is_held {
            state.records.clear();
            state.bytes = 0;
            state.stage = Stage::Turning;
        }
        Ok(!is_held)
    }

    pub(crate) fn check_commit(&self, topic: &str, next: u64) -> Result<()> {
        let state = lock(&self.state);
        if state.stage == Stage::Taken {
            return Err(taken(topic, self.partition));
        }
        if next > state.end {
            let (asked, end) = (next, state.end);
            return Err(Error::BeyondEnd { topic: topic.to_owned(), asked, end });
        }
        Ok(())
    }

    /// Everything before `next` is done.
    pub(crate) fn done(&self, next: u64) {
        let mut state = lock(&self.state);
        state.committed = Some(next);
        self.tell(&state);
    }

    pub(crate) fn take_away(&self) {
        let mut state = lock(&self.state);
        state.stage = Stage::Taken;
        state.records.clear();
        state.bytes = 0;
        self.tell(&state);
        drop(state);
        self.moved.notify_one();
    }

    pub(crate) fn is_taken(&self) -> bool {
        lock(&self.state).stage == Stage::Taken
    }

    pub(crate) fn learn_end(&self, end: u64) {
        let mut state = lock(&self.state);
        state.end = state.end.max(end);
        self.tell(&state);
    }

    /// A partition that others read is none of this process's business.
    fn tell(&self, state: &State) {
        let lag = match (state.stage, state.committed) {
            (Stage::Taken, _) => Some(0),
            (Stage::Flowing | Stage::Turning | Stage::Undone { .. }, committed) => {
                committed.map(|committed| state.end.saturating_sub(committed))
            }
        };
        if let Some(lag) = lag {
            self.lag.set(lag as f64);
        }
    }

    pub(crate) fn position(&self) -> u64 {
        lock(&self.state).position
    }

    pub(crate) fn lag(&self) -> u64 {
        let state = lock(&self.state);
        state.end.saturating_sub(state.position)
    }
}

impl State {
    /// Why there is nothing to be read, if that will not change by itself.
    fn check(&self, topic: &str, partition: u32) -> Result<()> {
        let topic = || topic.to_owned();
        match (self.stage, self.records.front()) {
            (Stage::Taken, _) => Err(Error::Taken { topic: topic(), partition }),
            (Stage::Flowing, Some(record)) if record.offset > self.position => {
                let (asked, start) = (self.position, record.offset);
                Err(Error::Trimmed { topic: topic(), asked, start })
            }
            (Stage::Undone { at }, None) => {
                Err(Error::BeyondEnd { topic: topic(), asked: self.position, end: at })
            }
            (Stage::Turning | Stage::Flowing | Stage::Undone { .. }, _) => Ok(()),
        }
    }
}

pub(crate) fn taken(topic: &str, partition: u32) -> Error {
    Error::Taken { topic: topic.to_owned(), partition }
}
