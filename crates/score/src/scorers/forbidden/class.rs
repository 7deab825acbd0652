//! What the classes look for.

use super::config::Class;
use crate::{scorers::pattern, text::is_hidden};
use ::regex::Regex;

// A word's edge is that of ASCII here: the one of Unicode costs the engine its fastest way.

/// Forms that providers give their secrets, so that they can be found.
const SECRET: &str = r"(?x)
    -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----
    | (?-u:\b)sk-[A-Za-z0-9_-]{20,}
    | (?-u:\b)(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)
    | (?-u:\b)gh[pousr]_[A-Za-z0-9]{36,}
    | (?-u:\b)github_pat_[A-Za-z0-9_]{40,}
    | (?-u:\b)glpat-[A-Za-z0-9_-]{20,}
    | (?-u:\b)xox[abprs]-[A-Za-z0-9-]{10,}
    | (?-u:\b)AIza[A-Za-z0-9_-]{35}
    | (?-u:\b)(?:sk|rk)_live_[A-Za-z0-9]{16,}
    | (?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}";
const EMAIL: &str =
    r"(?-u:\b)[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?-u:\b)";
const PHONE: &str = r"\+[1-9](?:[ ().-]{0,2}[0-9]){6,14}(?-u:\b)";
const CARD: &str = r"(?-u:\b)[0-9](?:[ -]?[0-9]){12,18}(?-u:\b)";
const IBAN: &str = r"(?-u:\b)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?-u:\b)";

pub(super) enum Finder {
    Pattern(Regex),
    /// What matches has a mark that most texts have nowhere.
    Marked(char, Regex),
    /// What matches must also have the check digits right.
    Checked(Regex, fn(&str) -> bool),
    Hidden,
}

impl Finder {
    pub(super) fn new(class: Class) -> Result<Self, String> {
        Ok(match class {
            Class::Secret => Self::Pattern(pattern(SECRET)?),
            Class::Email => Self::Marked('@', pattern(EMAIL)?),
            Class::Phone => Self::Pattern(pattern(PHONE)?),
            Class::CardNumber => Self::Checked(pattern(CARD)?, is_card),
            Class::Iban => Self::Checked(pattern(IBAN)?, is_iban),
            Class::Hidden => Self::Hidden,
        })
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_match(text),
            Self::Marked(mark, pattern) => text.contains(*mark) && pattern.is_match(text),
            Self::Checked(pattern, is_right) => {
                pattern.find_iter(text).any(|found| is_right(found.as_str()))
            }
            Self::Hidden => {
                text.chars().any(|mark| is_hidden(mark) && !matches!(mark, '\t' | '\n' | '\r'))
            }
        }
    }
}

/// The check digit of ISO/IEC 7812-1: every second digit from the right counts double.
fn is_card(text: &str) -> bool {
    let digits = text.bytes().rev().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: with its head moved to its end and letters as numbers from 10, it is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let marks: Vec<u32> = text.chars().filter_map(|mark| mark.to_digit(36)).collect();
    let (Some(head), Some(rest)) = (marks.get(..4), marks.get(4..)) else { return false };
    let step = |sum: u32, mark: &u32| (sum * if *mark > 9 { 100 } else { 10 } + mark) % 97;
    rest.iter().chain(head).fold(0, step) == 1
}
