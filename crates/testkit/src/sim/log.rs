use exchange::{NanoUsd, Usage};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// So many calls are kept one by one; what comes after is only summed.
const CALLS_MAX: usize = 1_000_000;

/// What a provider billed, by its own count. It does not know what a call was for; it knows the key.
/// A call is billed whole when its reply begins, even if the caller hangs up on it.
#[derive(Debug, Default)]
pub struct CallLog(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    calls: Vec<LoggedCall>,
    totals: BTreeMap<(String, String), Total>,
    abandoned: BTreeMap<String, u32>,
}

/// One call that named a known model under a known key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    /// The id of the request that the caller got in the head of the reply.
    pub request: String,
    /// The name of the key.
    pub key: String,
    /// The model.
    pub model: String,
    /// The status of the reply; 0 where a fault left none.
    pub status: u16,
    /// What was used; `None` where nothing is billed.
    pub usage: Option<Usage>,
    /// What it cost.
    pub cost: NanoUsd,
}

/// A sum over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many were made.
    pub calls: u64,
    /// How many of them are billed.
    pub billed: u64,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Completion tokens.
    pub output_tokens: u64,
    /// What they cost.
    pub cost: NanoUsd,
}

impl CallLog {
    /// The calls in the order in which they came.
    #[must_use]
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.logged().calls.clone()
    }

    /// Sums by (key, model).
    #[must_use]
    pub fn totals(&self) -> BTreeMap<(String, String), Total> {
        self.logged().totals.clone()
    }

    /// What was billed to `key`.
    #[must_use]
    pub fn spend(&self, key: &str) -> NanoUsd {
        self.logged().totals.iter().filter(|((of, _), _)| of == key).map(|(_, sum)| sum.cost).sum()
    }

    /// How many calls to `model` were given up by whoever made them, before the reply had ended.
    #[must_use]
    pub fn abandoned(&self, model: &str) -> u32 {
        self.logged().abandoned.get(model).copied().unwrap_or_default()
    }

    pub(crate) fn abandon(&self, model: String) {
        *self.logged().abandoned.entry(model).or_default() += 1;
    }

    pub(crate) fn add(&self, call: LoggedCall) {
        let mut logged = self.logged();
        let total = logged.totals.entry((call.key.clone(), call.model.clone())).or_default();
        total.calls += 1;
        if let Some(usage) = call.usage {
            total.billed += 1;
            total.input_tokens += usage.input_tokens;
            total.output_tokens += usage.output_tokens;
            total.cost = total.cost + call.cost;
        }
        if logged.calls.len() < CALLS_MAX {
            logged.calls.push(call);
        }
    }

    fn logged(&self) -> std::sync::MutexGuard<'_, Logged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
