//! Tapes: the chunks of one body, bounded each and all together.
//!
//! A chunk is a slice of the buffer that hyper read it into, and keeps all of that buffer alive: 20
//! bytes of a stream may hold 8 KiB, which the budget does not see and which hyper cannot use again.
//! So small chunks are copied, and only large ones are kept as they are.

use crate::{
    body::Broken,
    budget::{Budget, Share},
    refusal::Refusal,
};
use bytes::{Bytes, BytesMut};
use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

/// Chunks up to this length are copied.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// The chunks of one body. It carries its own share of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    /// What it holds of the budget: its body, and the head that belongs to it. `None` keeps nothing.
    share: Option<Share>,
    body_bytes_max: usize,
    chunks: Vec<Bytes>,
    /// Small chunks since the last large one.
    copied: BytesMut,
    /// Bytes of the body so far.
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
            share: Some(Share::of(budget)),
            body_bytes_max,
            chunks: Vec::new(),
            copied: BytesMut::new(),
            bytes: 0,
            fate: Fate::Whole,
        }
    }

    pub(crate) fn push(&mut self, chunk: &Bytes) {
        if self.share.is_none() || self.fate != Fate::Whole {
            return;
        }
        let count = chunk.len().min(self.body_bytes_max - self.bytes);
        if count < chunk.len() {
            self.fate = Fate::Truncated;
        }
        if count == 0 || !self.charge(count) {
            return;
        }
        self.bytes += count;
        if count <= COPIED_BYTES_MAX {
            self.copied.extend_from_slice(&chunk[..count]);
            return;
        }
        self.close_copied();
        self.chunks.push(chunk.slice(..count));
    }

    /// Takes `bytes` of the budget, or sheds all that is held; whether it was there.
    pub(crate) fn charge(&mut self, bytes: usize) -> bool {
        let Some(share) = &mut self.share else { return false };
        if self.fate == Fate::Shed {
            return false;
        }
        let fits = share.take(bytes);
        if !fits {
            self.shed();
        }
        fits
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

    /// The bytes in one piece: the chunk itself where there is only a large one.
    pub(crate) fn joined(&self) -> Bytes {
        match self.chunks.as_slice() {
            [only] if self.copied.is_empty() => only.clone(),
            chunks => {
                let pieces = chunks.iter().map(AsRef::as_ref).chain([self.copied.as_ref()]);
                pieces.collect::<Vec<&[u8]>>().concat().into()
            }
        }
    }

    fn close_copied(&mut self) {
        if !self.copied.is_empty() {
            self.chunks.push(mem::take(&mut self.copied).freeze());
        }
    }

    fn shed(&mut self) {
        self.fate = Fate::Shed;
        self.chunks = Vec::new();
        self.copied = BytesMut::new();
        self.bytes = 0;
        if let Some(share) = &mut self.share {
            share.give_back();
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
const LATE: u8 = 3;

impl CallSide {
    pub(crate) fn new(tape: Tape) -> Arc<Self> {
        Arc::new(Self { progress: AtomicU8::new(FLOWING), tape: Mutex::new(tape) })
    }

    /// One that keeps nothing, for calls that are not observed.
    pub(crate) fn untaped() -> Arc<Self> {
        Self::new(Tape::default())
    }

    /// Charges the head of the call to its tape.
    pub(crate) fn charge(&self, bytes: usize) {
        self.with(|tape| tape.charge(bytes));
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

    /// The client never ended its call.
    pub(crate) fn mark(&self, broken: Broken) {
        let progress = match broken {
            Broken::Off | Broken::Reset => BROKEN,
            Broken::Silent => LATE,
        };
        self.progress.store(progress, Ordering::Relaxed);
    }

    /// Why the call never ended, where that is the client's doing.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self.progress.load(Ordering::Relaxed) {
            BROKEN => Some(Refusal::CallCut),
            LATE => Some(Refusal::CallLate),
            _ => None,
        }
    }

    /// Takes the tape; what comes later is not kept.
    pub(crate) fn take_tape(&self) -> Tape {
        self.with(mem::take)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Tape) -> T) -> T {
        act(&mut self.tape.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
