use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Words and phrases, whole and whatever their case.
    #[serde(default)]
    pub words: Vec<String>,
    /// Regular expressions.
    #[serde(default)]
    pub patterns: Vec<String>,
    /// What is often leaked: `secret`, `email`, `phone`, `card_number`, `iban`, `hidden`.
    #[serde(default)]
    pub classes: Vec<Class>,
}

/// Something that is often leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Keys and tokens, by the forms of their providers; private keys.
    Secret,
    /// Addresses of electronic mail.
    Email,
    /// Telephone numbers in international form.
    Phone,
    /// Numbers of payment cards.
    CardNumber,
    /// International bank account numbers.
    Iban,
    /// Control characters, and characters that turn or join text unseen.
    Hidden,
}

impl Class {
    /// What a reason calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Secret => "a key or token",
            Self::Email => "an email address",
            Self::Phone => "a telephone number",
            Self::CardNumber => "a card number",
            Self::Iban => "an account number",
            Self::Hidden => "a hidden character",
        }
    }
}
