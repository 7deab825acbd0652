use exchange::{NanoUsd, Reply};

/// What is scored: a reply, and what it took.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the model said.
    pub reply: &'a Reply,
    /// How long it took to its end, in microseconds, where that is known.
    pub latency_us: Option<u64>,
    /// What it cost, where that is known.
    pub cost: Option<NanoUsd>,
}

/// A reply of which nobody knows what it took: limits on that abstain.
impl<'a> From<&'a Reply> for Subject<'a> {
    fn from(reply: &'a Reply) -> Self {
        Self { reply, latency_us: None, cost: None }
    }
}
