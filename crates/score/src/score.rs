/// One scorer's word on one reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The scorer's name.
    pub scorer: String,
    /// Digest of its definition: what it is set to, and the version of its code.
    pub scorer_digest: String,
    /// Which order or repeat, where a scorer has several; deterministic ones have none.
    pub trial: Option<String>,
    /// What it went by.
    pub kind: Kind,
    /// From 0 (useless) to 1 (as good as can be); `None` where it abstained.
    pub value: Option<f64>,
    /// Why it said so; empty where there is nothing to say.
    pub reason: String,
}

/// What a scorer goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The form of the reply.
    Schema,
    /// A rule on its content.
    Rule,
    /// A judge model's word.
    Judge,
}

impl Kind {
    /// The kind's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Rule => "rule",
            Self::Judge => "judge",
        }
    }
}

/// What a scorer says, before it is signed.
pub(crate) struct Word {
    pub(crate) value: Option<f64>,
    pub(crate) reason: String,
}

impl Word {
    pub(crate) fn pass() -> Self {
        Self { value: Some(1.0), reason: String::new() }
    }

    pub(crate) fn fail(reason: impl Into<String>) -> Self {
        Self { value: Some(0.0), reason: reason.into() }
    }

    pub(crate) fn abstain(reason: impl Into<String>) -> Self {
        Self { value: None, reason: reason.into() }
    }

    /// The same word with what it is about before its reason.
    pub(crate) fn of(self, what: &str) -> Self {
        let reason = match self.reason.as_str() {
            "" => String::new(),
            reason => format!("{what}: {reason}"),
        };
        Self { reason, ..self }
    }

    /// A value between 0 and 1: as it is, or turned into a pass or a failure where the scorer has
    /// been told from where on it passes.
    pub(crate) fn graded(
        value: f64,
        pass_at: Option<f64>,
        reason: impl FnOnce() -> String,
    ) -> Self {
        let value = match pass_at {
            Some(least) => f64::from(u8::from(value >= least)),
            None => value,
        };
        Self { value: Some(value), reason: if value < 1.0 { reason() } else { String::new() } }
    }

    /// Passes where `holds`; else fails for `reason`.
    pub(crate) fn when(holds: bool, reason: impl FnOnce() -> String) -> Self {
        if holds { Self::pass() } else { Self::fail(reason()) }
    }
}
