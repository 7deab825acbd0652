//! Tool calls that grow in turns, for forms that tell one after the other.

use crate::{
    arguments::Progress,
    delta::{CALLS_MAX, Called, Delta},
};
use std::collections::{BTreeMap, BTreeSet};

/// No more of a stream is held back than this: what a form can only tell at once, or at the end.
pub const HELD_BYTES_MAX: usize = 16 << 20;

/// Tool calls that a form tells one after the other: the first that has not ended is told as it
/// grows, and those behind it are held back.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    held: BTreeMap<u64, Growing>,
    held_bytes: usize,
    /// Calls whose end was told.
    done: BTreeSet<u64>,
    /// What was told is not whole: more was to be held back than may be, or a call went on after its end
    /// was told.
    pub(crate) broken: bool,
}

#[derive(Debug, Default)]
struct Growing {
    call: Called,
    /// Whether it was told that it begins.
    began: bool,
    arguments: Progress,
}

/// What may be told of a call now.
pub(crate) enum Ready {
    /// It begins.
    Begin { at: u64, call: Called },
    /// Its arguments grow.
    Grow { text: String },
    /// It has ended.
    End,
}

impl Calls {
    /// Gives way to words, if no call is in the middle of its arguments: those that were told end.
    pub(crate) fn give_way(&mut self) -> Option<Vec<Ready>> {
        if self.held.values().any(|growing| growing.began && !growing.arguments.is_whole()) {
            return None;
        }
        let ended: Vec<u64> =
            self.held.iter().filter(|(_, growing)| growing.began).map(|(at, _)| *at).collect();
        self.held.retain(|_, growing| !growing.began);
        let ready = ended.iter().map(|_| Ready::End).collect();
        self.done.extend(ended);
        Some(ready)
    }

    /// Takes a piece of a call and gives what may be told by now.
    pub(crate) fn take(&mut self, delta: Delta) -> Vec<Ready> {
        match delta {
            Delta::Call { at, .. } if self.done.contains(&at) => {}
            Delta::Call { at, id, name } => self.held.entry(at).or_default().call.name(id, name),
            Delta::Arguments { at, ref text } if self.done.contains(&at) => {
                self.broken |= !text.trim().is_empty();
            }
            Delta::Arguments { .. } if self.held_bytes > HELD_BYTES_MAX => self.broken = true,
            Delta::Arguments { at, text } => {
                let growing = self.held.entry(at).or_default();
                growing.arguments.take(&text);
                growing.call.arguments.push_str(&text);
                self.held_bytes += text.len();
            }
            _ => {}
        }
        self.broken |= self.held.len() + self.done.len() > CALLS_MAX;
        let mut ready = Vec::new();
        // A call that has ended gives way only when another waits: more may still come.
        while let Some((at, true)) = self.grow(&mut ready) {
            if self.held.len() == 1 {
                break;
            }
            self.held.remove(&at);
            self.done.insert(at);
            ready.push(Ready::End);
        }
        ready
    }

    /// Tells what there is of the call that is open, or of the first; whether it has ended.
    fn grow(&mut self, ready: &mut Vec<Ready>) -> Option<(u64, bool)> {
        let open = self.held.iter().find(|(_, growing)| growing.began);
        let at = *open.or_else(|| self.held.iter().next())?.0;
        let growing = self.held.get_mut(&at)?;
        if growing.call.name.is_empty() {
            return Some((at, false));
        }
        let text = std::mem::take(&mut growing.call.arguments);
        self.held_bytes = self.held_bytes.saturating_sub(text.len());
        if !growing.began {
            growing.began = true;
            ready.push(Ready::Begin { at, call: growing.call.clone() });
        }
        if !text.is_empty() {
            ready.push(Ready::Grow { text });
        }
        Some((at, growing.arguments.is_whole()))
    }

    /// All that is left, ended or not; calls without a name cannot be told.
    pub(crate) fn finish(&mut self) -> Vec<Ready> {
        let mut ready = Vec::new();
        while let Some((at, _)) = self.grow(&mut ready) {
            if self.held.remove(&at).is_some_and(|growing| growing.began) {
                ready.push(Ready::End);
            }
        }
        self.held_bytes = 0;
        ready
    }
}
