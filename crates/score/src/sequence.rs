//! Texts as sequences of words or characters, and how much of two is the same.

use foldhash::fast::RandomState;
use rapidfuzz::{
    HashableChar,
    distance::{lcs_seq, levenshtein},
};
use std::{collections::HashMap, hash::Hash};

/// Longer sequences are not compared: the work grows with the product of both lengths.
pub(crate) const SEQUENCE_MAX: usize = 20_000;

/// The words of a text: runs of letters and digits, and each sign of a script without spaces.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
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

/// Two sequences with their elements as numbers: equal elements have equal ones.
pub(crate) struct Pair {
    ours: Vec<u32>,
    theirs: Vec<u32>,
}

/// One of the sequences is longer than [`SEQUENCE_MAX`].
pub(crate) struct TooLong;

impl Pair {
    pub(crate) fn new<T: Hash + Eq>(
        ours: impl Iterator<Item = T>,
        theirs: impl Iterator<Item = T>,
    ) -> Result<Self, TooLong> {
        let mut known: HashMap<T, u32, RandomState> = HashMap::default();
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
        edits(self.ours.iter().copied(), self.theirs.iter().copied(), most)
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
    if ours.is_ascii() && theirs.is_ascii() {
        edits(ours.bytes(), theirs.bytes(), most)
    } else {
        edits(ours.chars(), theirs.chars(), most)
    }
}

/// The library searches a narrow band around the diagonal first, and wider ones only where it must.
fn edits<T: HashableChar + PartialEq + Copy>(
    ours: impl DoubleEndedIterator<Item = T> + Clone,
    theirs: impl DoubleEndedIterator<Item = T> + Clone,
    most: usize,
) -> Edits {
    let narrow = levenshtein::Args::default().score_hint(0).score_cutoff(most);
    let found = levenshtein::distance_with_args(ours, theirs, &narrow);
    found.map_or(Edits::MoreThan(most), Edits::Exactly)
}
