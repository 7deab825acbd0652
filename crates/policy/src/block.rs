//! What becomes of a live reply that a content policy stopped.

/// What becomes of a candidate's live reply that its provider's content policy stopped. It is no failure
/// of the candidate, and not what the caller asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBlock {
    /// The reference is asked: another provider's policy may not take away what the caller would have
    /// got. Where the reference is stopped as well, the caller gets its word.
    #[default]
    AskReference,
    /// The caller gets it, as a block in its own dialect.
    Report,
}

impl OnBlock {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::AskReference, Self::Report];

    /// The word in pipelines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AskReference => "ask_reference",
            Self::Report => "report",
        }
    }
}
