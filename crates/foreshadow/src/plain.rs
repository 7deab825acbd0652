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
    if is_harmless(char) { plain.push(char) } else { plain.extend(char.escape_default()) }
}

/// Neither a control character nor one that turns or hides what stands beside it.
fn is_harmless(char: char) -> bool {
    let turns_or_hides = matches!(
        char,
        '\u{061c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    !char.is_control() && !turns_or_hides
}
