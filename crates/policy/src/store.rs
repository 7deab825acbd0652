//! What becomes live of a call whose reply its provider would keep.

/// What becomes of a call whose reply the caller's provider would keep for later calls to name, because the
/// call does not say otherwise: live, and so in shadow. No other model's reply can be kept there, and of what
/// it would keep elsewhere the provider knows nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStore {
    /// The reference is asked, and no candidate in shadow: a conversation that goes on by a reply's id is the caller's to lose.
    #[default]
    AskReference,
    /// It is switched off, and the candidate may be asked: no caller of the category names an earlier reply.
    SwitchOff,
}

impl OnStore {
    /// Every rule.
    pub const ALL: [Self; 2] = [Self::AskReference, Self::SwitchOff];

    /// The word in pipelines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AskReference => "ask_reference",
            Self::SwitchOff => "switch_off",
        }
    }
}
