//! A judge model: what it is asked, and what it said.
//!
//! It sees two replies to one call as the first and the second, without any name, and is asked in
//! both orders, because judges favour what they read first. It never sees half a reply: a pair that
//! is too long is not judged. A word that is not exactly of the form asked for is no word; it is
//! never completed or guessed, and never taken for a tie.

mod prompt;
mod word;

pub use prompt::{
    JUDGED_BYTES_MAX, JudgePrompt, Unjudgeable, call_text, digest, prompt, reply_text,
};
pub use word::{JudgeWord, Preferred, Unparseable, WORD_BYTES_MAX, combine, parse};
