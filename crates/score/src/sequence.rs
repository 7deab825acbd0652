//! Texts as sequences of words or characters, and how much of two is the same.

use foldhash::fast::RandomState;
use rapidfuzz::{
    HashableChar,
    distance::{lcs_seq, levenshtein},
};
use std::{collections::HashMap, hash::Hash};

/// Longer sequences are not compared: the work grows with the product of both lengths.
pub(crate) const SEQUENCE_MAX: usize = 20_000;
/// Most texts have no more different elements, and their table never grows.
const USUALLY_KNOWN: usize = 448;
/// Pairs of characters are counted in this many slots, by the upper bits of a product with an odd number.
const PAIR_SLOTS: usize = 1 << 12;
const PAIR_MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// The words of a text: runs of letters and digits, and each sign of a script without spaces.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|mark: char| !mark.is_alphanumeric());
        let first = rest.chars().next()?;
        let end = if stands_alone(first) {
            first.len_utf8()
        } else {
            let ends = |mark: char| !mark.is_alphanumeric() || stands_alone(mark);
            rest.find(ends).unwrap_or(rest.len())
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Kana and ideographs, which are written without spaces.
fn stands_alone(mark: char) -> bool {
    matches!(
        mark,
        '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

/// The parts of a text of ASCII alone, where a byte is a character and is told without reading it as one.
fn parts(text: &str, ends: impl Fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(ends).filter(|part| !part.is_empty())
}

/// Two sequences with their elements as numbers: equal elements have equal ones.
pub(crate) struct Pair {
    ours: Vec<u32>,
    theirs: Vec<u32>,
}

/// One of the sequences is longer than [`SEQUENCE_MAX`].
pub(crate) struct TooLong;

impl Pair {
    /// Two texts by what stands between white space.
    pub(crate) fn spaced(ours: &str, theirs: &str) -> Result<Self, TooLong> {
        if ours.is_ascii() && theirs.is_ascii() {
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
            return Self::new(parts(ours, is_space), parts(theirs, is_space));
        }
        Self::new(ours.split_whitespace(), theirs.split_whitespace())
    }

    /// Two texts by their words.
    pub(crate) fn worded(ours: &str, theirs: &str) -> Result<Self, TooLong> {
        if ours.is_ascii() && theirs.is_ascii() {
            let is_other = |byte: &u8| !byte.is_ascii_alphanumeric();
            return Self::new(parts(ours, is_other), parts(theirs, is_other));
        }
        Self::new(words(ours), words(theirs))
    }

    pub(crate) fn new<T: Hash + Eq>(
        ours: impl Iterator<Item = T>,
        theirs: impl Iterator<Item = T>,
    ) -> Result<Self, TooLong> {
        let mut known = HashMap::with_capacity_and_hasher(USUALLY_KNOWN, RandomState::default());
        let mut number = |element: T| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(element).or_insert(next)
        };
        let theirs: Vec<u32> = theirs.take(SEQUENCE_MAX + 1).map(&mut number).collect();
        let ours: Vec<u32> = ours.take(SEQUENCE_MAX + 1).map(&mut number).collect();
        let fits = ours.len().max(theirs.len()) <= SEQUENCE_MAX;
        fits.then_some(Self { ours, theirs }).ok_or(TooLong)
    }

    /// How long each is.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        (self.ours.len(), self.theirs.len())
    }

    /// How long the longest sequence is that both have in the same order, gaps allowed.
    pub(crate) fn common(&self) -> usize {
        lcs_seq::similarity(self.ours.iter().copied(), self.theirs.iter().copied())
    }

    /// How many elements must be put in, left out or replaced to make one of the other.
    pub(crate) fn edits(&self, most: usize) -> Edits {
        let least = self.edits_least();
        if least > most {
            return Edits::MoreThan(most);
        }
        let likely = if 2 * least > most { most } else { least };
        edits(self.ours.iter().copied(), self.theirs.iter().copied(), likely, most)
    }

    /// No fewer edits than this, whatever the order: each mends one element that only one of them
    /// has, or has more often, or one of each.
    fn edits_least(&self) -> usize {
        let mut more = vec![0_i32; self.ours.len() + self.theirs.len()];
        self.ours.iter().for_each(|element| more[*element as usize] += 1);
        self.theirs.iter().for_each(|element| more[*element as usize] -= 1);
        let (mut ours, mut theirs) = (0, 0);
        for count in more {
            ours += count.max(0);
            theirs -= count.min(0);
        }
        ours.max(theirs) as usize
    }
}

/// How many elements must be put in, left out or replaced.
pub(crate) enum Edits {
    Exactly(usize),
    /// More than this; how many more was not counted.
    MoreThan(usize),
}

/// The edits between two texts by characters. Characters are their own numbers, so that they need no
/// table, and where all are ASCII the bytes are read as they lie.
pub(crate) fn character_edits(ours: &str, theirs: &str, most: usize) -> Edits {
    let least = edits_least(ours, theirs);
    if least > most {
        return Edits::MoreThan(most);
    }
    // Other words take about twice the least; where that is near to all that matters, no narrower
    // band is tried.
    let likely = if 4 * least > most { most } else { 2 * least };
    if ours.is_ascii() && theirs.is_ascii() {
        edits(ours.bytes(), theirs.bytes(), likely, most)
    } else {
        edits(ours.chars(), theirs.chars(), likely, most)
    }
}

/// No fewer edits than this part two texts, by the pairs of neighbouring characters that one has more often
/// than the other: an edit changes at most two of them in each text (E. Ukkonen, 1992). Pairs that share a
/// slot may hide one another, which makes the bound lower and never wrong.
fn edits_least(ours: &str, theirs: &str) -> usize {
    let mut more = [0_i16; PAIR_SLOTS];
    for (text, count) in [(ours, 1), (theirs, -1)] {
        for (first, second) in text.chars().zip(text.chars().skip(1)) {
            let pair = u64::from(first) << 32 | u64::from(second);
            more[(pair.wrapping_mul(PAIR_MIX) >> 52) as usize] += count;
        }
    }
    let apart: usize = more.iter().map(|count| usize::from(count.unsigned_abs())).sum();
    apart.div_ceil(4)
}

/// The library searches a band of so many edits as are likely first, and wider ones only where it must.
fn edits<T: HashableChar + PartialEq + Copy>(
    ours: impl DoubleEndedIterator<Item = T> + Clone,
    theirs: impl DoubleEndedIterator<Item = T> + Clone,
    likely: usize,
    most: usize,
) -> Edits {
    let band = levenshtein::Args::default().score_hint(likely).score_cutoff(most);
    let found = levenshtein::distance_with_args(ours, theirs, &band);
    found.map_or(Edits::MoreThan(most), Edits::Exactly)
}
