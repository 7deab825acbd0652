//! What a call and its two replies say, read from the bodies that the lake keeps, for whoever is to
//! see them: people who label, and the report.

use dialect::Dialect;
use exchange::{Call, Headers, Reply};

/// A call with the reference's and a candidate's reply to it.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The call.
    pub call: Call,
    /// What the client got.
    pub reference: Reply,
    /// What the candidate would have said.
    pub candidate: Reply,
}

impl Texts {
    /// Reads the bodies of a call and of both replies, each by whichever format reads it whole; `None`
    /// where one is read by none.
    #[must_use]
    pub fn read(request: &str, reference: &str, candidate: &str) -> Option<Self> {
        let headers = Headers::default();
        let reply = |text: &str| {
            let read = |dialect: &Dialect| dialect.read_reply(200, &headers, text.as_bytes());
            Dialect::ALL.iter().map(read).find(|reply: &Reply| reply.complete)
        };
        let calls = Dialect::ALL.iter().rev().map(|dialect| dialect.read_body(request.as_bytes()));
        // Of forms that are alike, the one that makes most of it: `messages` alone are read by two.
        let said =
            |call: &Call| call.transcript.len() + call.system.as_ref().map_or(0, String::len);
        let call = calls.filter(|call| !call.transcript.is_empty()).max_by_key(said)?;
        Some(Self { call, reference: reply(reference)?, candidate: reply(candidate)? })
    }
}

/// Neither a control character nor one that turns or hides what stands beside it.
#[must_use]
pub fn is_harmless(char: char) -> bool {
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

/// The beginning of a text on one line, without what could steer a terminal: at most so many
/// characters, and a mark where it goes on.
pub(crate) fn excerpt(text: &str, chars_max: usize) -> String {
    let mut excerpt = String::new();
    let (mut length, mut gap) = (0, false);
    for char in text.chars() {
        if char.is_whitespace() || char.is_control() {
            gap = length > 0;
            continue;
        }
        if !is_harmless(char) {
            continue;
        }
        if length + usize::from(gap) >= chars_max {
            excerpt.push('…');
            break;
        }
        if std::mem::take(&mut gap) {
            excerpt.push(' ');
            length += 1;
        }
        excerpt.push(char);
        length += 1;
    }
    excerpt
}
