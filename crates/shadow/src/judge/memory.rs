use crate::chance;
use score::judge::{JudgePrompt, JudgeWord};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Words that a judge remembers; the oldest is forgotten first.
pub const WORDS_MAX: usize = 4_096;

/// A word that was reasoned at greater length than this is not remembered.
const REASON_BYTES_MAX: usize = 4 << 10;

/// What a judge said lately, by what it was asked: model, rubric, call, both replies, their order and
/// the repeat. The same question costs once; a repeat is another question, or it would measure
/// nothing. Only words are kept: what could not be read is asked anew.
#[derive(Debug)]
pub struct JudgeMemory {
    words_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    words: HashMap<u128, JudgeWord>,
    oldest: VecDeque<u128>,
}

/// Stands for everything that decides what is said.
pub(super) fn key(model: &str, prompt: &JudgePrompt, repeat: u32) -> u128 {
    chance::of(&["judge", model, &prompt.system, &prompt.user, &repeat.to_string()])
}

impl Default for JudgeMemory {
    fn default() -> Self {
        Self { words_max: WORDS_MAX, kept: Mutex::default() }
    }
}

impl JudgeMemory {
    /// That of a judge which is asked whatever it was asked before: who remembers cannot move.
    pub(crate) fn none() -> Self {
        Self { words_max: 0, kept: Mutex::default() }
    }

    pub(super) fn recall(&self, key: u128) -> Option<JudgeWord> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).words.get(&key).cloned()
    }

    pub(super) fn keep(&self, key: u128, word: &JudgeWord) {
        if word.reason.len() > REASON_BYTES_MAX {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.words.insert(key, word.clone()).is_none() {
            kept.oldest.push_back(key);
        }
        while kept.words.len() > self.words_max {
            let Some(oldest) = kept.oldest.pop_front() else { break };
            kept.words.remove(&oldest);
        }
    }
}
