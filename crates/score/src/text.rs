//! Texts as scorers compare them.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What frames an answer without being part of it.
const FRAME: [char; 15] =
    [' ', '.', '!', '?', ',', ';', ':', '"', '\'', '`', '*', '_', '“', '”', '’'];
/// Of a text that is quoted in a reason, no more than this.
const QUOTED_CHARS_MAX: usize = 80;

/// Lower case, single spaces, and without the marks around it: `"Paris."` is `paris`.
pub(crate) fn normalised(text: &str) -> String {
    let bare = text.trim_matches(|mark: char| mark.is_whitespace() || FRAME.contains(&mark));
    // A text of marks alone is itself the answer.
    let bare = if bare.is_empty() { text } else { bare };
    let mut spaced = String::with_capacity(bare.len());
    for word in bare.split_whitespace() {
        spaced.push_str(if spaced.is_empty() { "" } else { " " });
        spaced.push_str(word);
    }
    if spaced.is_ascii() {
        spaced.make_ascii_lowercase();
        return spaced;
    }
    spaced.to_lowercase()
}

/// Whether `wanted` stands in `text` as whole words, case and all.
pub(crate) fn contains_words(text: &str, wanted: &str) -> bool {
    let is_word = |mark: Option<char>| mark.is_some_and(char::is_alphanumeric);
    let (first, last) = (wanted.chars().next(), wanted.chars().next_back());
    text.match_indices(wanted).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + wanted.len()..].chars().next();
        !(is_word(before) && is_word(first) || is_word(last) && is_word(after))
    })
}

/// A text for use in a reason.
pub(crate) fn quoted(text: &str) -> String {
    let head: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    let dots = if head.len() == text.len() { "" } else { "…" };
    format!("`{}{dots}`", plain(&head))
}

/// A text without what a terminal would obey or hide: a reason is read on one.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for mark in text.chars() {
        if is_hidden(mark) { plain.extend(mark.escape_default()) } else { plain.push(mark) }
    }
    Cow::Owned(plain)
}

/// Control characters, and those that turn or join what stands around them unseen.
pub(crate) fn is_hidden(mark: char) -> bool {
    mark.is_control()
        || matches!(
            mark,
            '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// What a text's length is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Unicode characters.
    #[default]
    Chars,
    /// What stands between white space.
    Words,
    /// Lines, the last one with or without a line break.
    Lines,
}

impl Unit {
    /// The unit's name, in the plural.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chars => "chars",
            Self::Words => "words",
            Self::Lines => "lines",
        }
    }

    pub(crate) fn of(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Words => text.split_whitespace().count(),
            Self::Lines => text.lines().count(),
        }
    }
}
