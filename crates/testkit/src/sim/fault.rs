use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// A way in which a provider fails. None of them is billed, but for [`Fault::Blocked`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429: too many requests for now.
    RateLimited {
        /// How long the provider says to wait.
        retry_after_s: u32,
    },
    /// 429 (402 at Gemini): the account's money is spent; asking again does not help.
    InsufficientQuota,
    /// 500.
    ServerError,
    /// 503 (529 at Anthropic): too many requests of everybody's.
    Overloaded,
    /// The error that the provider documents for this status.
    Status(u16),
    /// 502, and the HTML page of a gateway before the provider.
    Page,
    /// 200, and the provider's policy forbids an answer.
    Blocked,
    /// 400: the provider's filter stopped the call, as Azure says it of `OpenAI`'s models, and Anthropic of a
    /// reply. Gemini has no such error, and says that it cannot serve the request.
    Filtered,
    /// 200, and an error in the middle of the stream; [`Fault::Overloaded`] where there is none.
    ErrorInStream,
    /// The call is taken and never answered.
    Hang,
    /// The head of a reply comes, and nothing after it.
    HeadOnly,
    /// The reply, streamed or not, stops in the middle and never ends.
    Stuck,
    /// The connection is reset before a reply.
    Reset,
    /// The reply, streamed or not, breaks off in the middle.
    Truncated,
    /// 200, and a body that no dialect understands.
    Garbage,
}

/// The faults that are due, by model.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<BTreeMap<String, (Fault, u32)>>);

impl Faults {
    pub(crate) fn inject(&self, model: &str, fault: Fault, calls: u32) {
        self.due().insert(model.to_owned(), (fault, calls));
    }

    pub(crate) fn heal(&self, model: &str) {
        self.due().remove(model);
    }

    /// The fault that the next call to `model` meets.
    pub(crate) fn take(&self, model: &str) -> Option<Fault> {
        let mut due = self.due();
        let (fault, calls) = due.get_mut(model)?;
        *calls = calls.checked_sub(1)?;
        Some(*fault)
    }

    fn due(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Fault, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
