//! Texts as scorers compare them.

/// What frames an answer without being part of it.
const FRAME: [char; 15] =
    [' ', '.', '!', '?', ',', ';', ':', '"', '\'', '`', '*', '_', '“', '”', '’'];
/// Of a text that is quoted in a reason, no more than this.
const QUOTED_CHARS_MAX: usize = 80;

/// Lower case, single spaces, and without the marks around it: `"Paris."` is `paris`.
pub(crate) fn normalised(text: &str) -> String {
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let bare = spaced.trim_matches(FRAME);
    // A text of marks alone is itself the answer.
    if bare.is_empty() { spaced } else { bare.to_owned() }
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
    if head.len() == text.len() { format!("`{head}`") } else { format!("`{head}…`") }
}
