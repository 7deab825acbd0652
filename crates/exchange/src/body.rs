use bytes::Bytes;

/// The bytes of a call or a reply, as they went over the wire (compression included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The bytes themselves.
    Inline(Bytes),
    /// The bytes lie in an object store, because the journal's record limit is smaller.
    External {
        /// Where: a key in the store that the journal was opened with.
        key: String,
        /// SHA-256 of the bytes, in hexadecimal.
        digest: String,
        /// Length in bytes.
        length: u64,
    },
}

impl Body {
    /// The bytes, where they are at hand.
    #[must_use]
    pub fn inline(&self) -> Option<&Bytes> {
        match self {
            Self::Inline(bytes) => Some(bytes),
            Self::External { .. } => None,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::Inline(Bytes::new())
    }
}
