use std::fmt;

/// A credential. It can be sent and looked for, and it never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What stands where a credential would.
const MASK: &str = "***";

/// Shorter keys are not looked for in foreign text: masking every `a` would help nobody.
const MASKABLE_CHARS_MIN: usize = 8;

impl Secret {
    /// Takes charge of a credential.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential itself, for the one header that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `text` without the credential: providers like to quote a wrong key in their error.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        if self.0.len() < MASKABLE_CHARS_MIN {
            return text.to_owned();
        }
        text.replace(&self.0, MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(MASK)
    }
}
