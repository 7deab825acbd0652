//! Text from models and callers, made harmless for a terminal: an escape sequence in a reply must not
//! move the cursor, colour what follows, or turn the reading direction.

/// A whole text: lines and tabs stay, every other control character is shown as what it is.
pub(crate) fn lines(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.replace("\r\n", "\n").chars() {
        match char {
            '\n' => plain.push('\n'),
            '\t' => plain.push_str("    "),
            other => push(&mut plain, other),
        }
    }
    plain
}

/// The same on one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    text.chars().for_each(|char| push(&mut plain, char));
    plain
}

fn push(plain: &mut String, char: char) {
    if report::is_harmless(char) { plain.push(char) } else { plain.extend(char.escape_default()) }
}
