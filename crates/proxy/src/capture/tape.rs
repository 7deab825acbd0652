//! Tapes: the chunks of one body, bounded each and all together.

use bytes::Bytes;
use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
};

/// The bytes of all captures that are open or wait in the mirror.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    bytes_max: usize,
}

impl Budget {
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), bytes_max })
    }

    fn take(&self, bytes: usize) -> bool {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= self.bytes_max;
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The chunks of one body. It carries its own share of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    budget: Option<Arc<Budget>>,
    body_bytes_max: usize,
    chunks: Vec<Bytes>,
    bytes: usize,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Whole,
    Truncated,
    Shed,
}

/// What a tape holds at its end.
pub(crate) enum Taped {
    /// The body, or its beginning.
    Kept(Tape),
    /// Nothing: the budget was used up.
    Shed,
}

impl Tape {
    pub(crate) fn new(budget: &Arc<Budget>, body_bytes_max: usize) -> Self {
        Self {
            budget: Some(Arc::clone(budget)),
            body_bytes_max,
            chunks: Vec::new(),
            bytes: 0,
            fate: Fate::Whole,
        }
    }

    pub(crate) fn push(&mut self, chunk: &Bytes) {
        let Some(budget) = &self.budget else { return };
        if self.fate != Fate::Whole || chunk.is_empty() {
            return;
        }
        let room = self.body_bytes_max - self.bytes;
        let kept = chunk.slice(..room.min(chunk.len()));
        if kept.len() < chunk.len() {
            self.fate = Fate::Truncated;
        }
        if kept.is_empty() {
            return;
        }
        if !budget.take(kept.len()) {
            self.shed();
            return;
        }
        self.bytes += kept.len();
        self.chunks.push(kept);
    }

    pub(crate) fn taped(self) -> Taped {
        if self.fate == Fate::Shed { Taped::Shed } else { Taped::Kept(self) }
    }

    pub(crate) fn is_truncated(&self) -> bool {
        self.fate == Fate::Truncated
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// The bytes in one piece: the chunk itself where there is one.
    pub(crate) fn joined(mut self) -> Bytes {
        let chunks = mem::take(&mut self.chunks);
        match <[Bytes; 1]>::try_from(chunks) {
            Ok([only]) => only,
            Err(chunks) => chunks.concat().into(),
        }
    }

    fn shed(&mut self) {
        self.fate = Fate::Shed;
        self.chunks = Vec::new();
        if let Some(budget) = &self.budget {
            budget.give_back(mem::take(&mut self.bytes));
        }
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.give_back(self.bytes);
        }
    }
}

/// The call's side of an exchange, shared by the task that sends the call and the one that returns
/// the reply: a provider may answer before it has read all.
#[derive(Debug)]
pub(crate) struct CallSide {
    progress: AtomicU8,
    tape: Mutex<Tape>,
}

/// The values of [`CallSide::progress`].
const FLOWING: u8 = 0;
const SENT: u8 = 1;
const BROKEN: u8 = 2;

impl CallSide {
    pub(crate) fn new(tape: Tape) -> Arc<Self> {
        Arc::new(Self { progress: AtomicU8::new(FLOWING), tape: Mutex::new(tape) })
    }

    /// One that keeps nothing, for calls that are not observed.
    pub(crate) fn untaped() -> Arc<Self> {
        Self::new(Tape::default())
    }

    pub(crate) fn push(&self, chunk: &Bytes) {
        self.with(|tape| tape.push(chunk));
    }

    /// The whole body went out.
    pub(crate) fn mark_sent(&self) {
        self.progress.store(SENT, Ordering::Relaxed);
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.progress.load(Ordering::Relaxed) == SENT
    }

    /// The client broke off in the middle of its call.
    pub(crate) fn mark_broken(&self) {
        self.progress.store(BROKEN, Ordering::Relaxed);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.progress.load(Ordering::Relaxed) == BROKEN
    }

    /// Takes the tape; what comes later is not kept.
    pub(crate) fn take_tape(&self) -> Tape {
        self.with(mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tape) -> T) -> T {
        act(&mut self.tape.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
