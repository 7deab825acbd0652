//! What a provider does with a call. The call says it in a field, which passes the proxy.

/// The field.
pub(super) const FIELD: &str = "x-soak";

/// A provider's ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A reply with a length.
    Plain,
    /// A megabyte.
    Large,
    /// A stream of some events.
    Stream,
    /// A stream that goes on until nobody reads it.
    Endless,
    /// It thinks, and never answers.
    Thinks,
    /// A head, and nothing behind it.
    Mute,
    /// An error in its dialect's shape.
    Error,
    /// Bytes that are no HTTP.
    Garbage,
    /// A reply that breaks off with a reset.
    Reset,
    /// A reply that is shorter than it says.
    Short,
}

impl Kind {
    const ALL: [(Self, &str); 10] = [
        (Self::Plain, "plain"),
        (Self::Large, "large"),
        (Self::Stream, "stream"),
        (Self::Endless, "endless"),
        (Self::Thinks, "thinks"),
        (Self::Mute, "mute"),
        (Self::Error, "error"),
        (Self::Garbage, "garbage"),
        (Self::Reset, "reset"),
        (Self::Short, "short"),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The kind that a call's head asks for.
    pub(super) fn asked(head: &str) -> Option<Self> {
        let value = |line: &str| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(FIELD).then(|| value.trim().to_owned())
        };
        let asked = head.lines().find_map(value)?;
        Self::ALL.iter().find(|(_, name)| *name == asked).map(|(kind, _)| *kind)
    }
}
