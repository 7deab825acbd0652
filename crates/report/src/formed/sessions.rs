//! When the calls of one key are one conversation and when they are several; the same that
//! `sql/sessions.sql` says.

use super::{cells::Cells, names::Names};
use crate::{Error, read::Columns};
use exchange::{DAY_US, MINUTE_US};
use std::collections::HashMap;

/// Silence after which the next call opens another conversation, in µs.
const SILENCE_US: i64 = 30 * MINUTE_US;

/// Calls that are one conversation, in µs since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
    pub(super) closed_at: i64,
}

/// The conversations that calls at `moments`, in order, make: half an hour of silence opens a new
/// one, and so does every full day of talking on.
pub(super) fn sessions(moments: &[i64]) -> Vec<Session> {
    let mut found: Vec<Session> = Vec::new();
    let (mut island_start, mut before, mut day_ends) = (0, None::<i64>, 0);
    for &at in moments {
        let goes_on = before.is_some_and(|before| at < before.saturating_add(SILENCE_US));
        if !goes_on {
            island_start = at;
        }
        let is_same_day = goes_on && at < day_ends;
        let days = at.saturating_sub(island_start) / DAY_US + 1;
        day_ends = island_start.saturating_add(days.saturating_mul(DAY_US));
        let closed_at = day_ends.min(at.saturating_add(SILENCE_US));
        match found.last_mut().filter(|_| is_same_day) {
            Some(open) => (open.ends_at, open.closed_at) = (at, closed_at),
            None => found.push(Session { starts_at: at, ends_at: at, closed_at }),
        }
        before = Some(at);
    }
    found
}

/// The calls of every cell's keys, before it is known which of them belong together.
#[derive(Default)]
pub(super) struct Calls {
    keys: Keys,
    moments: Vec<(u32, i64)>,
}

/// About what a key takes: its text, its place in two maps, and a conversation.
const KEY_BYTES: usize = 192;

/// Cell and conversation, by number.
#[derive(Default)]
struct Keys {
    conversations: Names,
    numbers: HashMap<(u32, u32), u32>,
    of: Vec<(u32, u32)>,
}

impl Calls {
    /// About as many bytes as are held here.
    pub(super) fn bytes(&self) -> usize {
        size_of::<(u32, i64)>() * self.moments.len() + KEY_BYTES * self.keys.of.len()
    }

    /// Adds calls of cells that were opened.
    pub(super) fn add(&mut self, rows: &Columns, cells: &Cells) -> Result<(), Error> {
        let (cell, conversation) = (rows.texts("cell")?, rows.texts("conversation")?);
        let observed_at = rows.moments("observed_at")?;
        for at in 0..rows.rows() {
            if let Some(cell) = cells.known(cell.value(at)) {
                self.add_call(cell, conversation.value(at), observed_at.value(at));
            }
        }
        Ok(())
    }

    fn add_call(&mut self, cell: u32, conversation: &str, at: i64) {
        let key = (cell, self.keys.conversations.number(conversation));
        let next = u32::try_from(self.keys.of.len()).unwrap_or(u32::MAX);
        let number = *self.keys.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.of.push(key);
        }
        self.moments.push((number, at));
    }

    /// What was over at a moment.
    pub(super) fn closed(mut self, as_of: i64) -> Closed {
        self.moments.sort_unstable();
        let (mut spans, mut all) = (vec![0..0; self.keys.of.len()], Vec::new());
        for calls in self.moments.chunk_by(|one, next| one.0 == next.0) {
            let moments: Vec<i64> = calls.iter().map(|(_, at)| *at).collect();
            let first = all.len();
            all.extend(sessions(&moments).into_iter().filter(|it| it.closed_at <= as_of));
            if let Some((number, _)) = calls.first() {
                spans[*number as usize] = first..all.len();
            }
        }
        Closed { keys: self.keys, spans, all }
    }
}

/// The conversations of every cell that were over at a moment.
pub(super) struct Closed {
    keys: Keys,
    /// Of each key, where its conversations lie in `all`.
    spans: Vec<std::ops::Range<usize>>,
    all: Vec<Session>,
}

/// A call's place: its key, and which of the key's conversations it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) key: u32,
    session: usize,
}

impl Closed {
    /// Where a call belongs; nowhere while its conversation goes on.
    pub(super) fn place(&self, cell: u32, conversation: &str, at: i64) -> Option<Place> {
        let conversation = self.keys.conversations.known(conversation)?;
        let key = *self.keys.numbers.get(&(cell, conversation))?;
        let span = self.spans.get(key as usize)?;
        let own = self.all.get(span.clone())?;
        let nth = own.partition_point(|session| session.ends_at < at);
        let session = own.get(nth).filter(|session| session.starts_at <= at);
        session.map(|_| Place { key, session: span.start + nth })
    }

    pub(super) fn session(&self, place: Place) -> Session {
        self.all[place.session]
    }

    /// Cell and conversation of a key.
    pub(super) fn key(&self, key: u32) -> (u32, &str) {
        let (cell, conversation) = self.keys.of[key as usize];
        (cell, self.keys.conversations.text(conversation))
    }
}
