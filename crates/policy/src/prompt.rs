//! What rules look for in system prompts.

use crate::Error;
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder, SetMatches};
use std::cell::OnceCell;

/// So few patterns are looked for one after another, because each by itself is looked for by its
/// letters, which is faster than one pass for all.
const APART_MAX: usize = 4;
/// What one pattern may take of memory, compiled; that of all together is as many times as much.
const PATTERN_SIZE_MAX: usize = 10 << 20;
/// What the states of one pattern may take of memory while it is looked for.
const STATES_SIZE_MAX: usize = 2 << 20;

/// The patterns of all rules, each known by its place.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    each: Vec<Regex>,
    together: RegexSet,
    /// Where in the set a pattern is, if it is.
    places: Vec<Option<usize>>,
}

/// A prompt in which patterns are looked for: those of the set once, when the first is asked about.
pub(crate) struct Search<'a> {
    patterns: &'a Patterns,
    prompt: Option<&'a str>,
    found: OnceCell<SetMatches>,
}

impl Patterns {
    pub(crate) fn new(patterns: &[&str]) -> Result<Self, Error> {
        let each = patterns.iter().map(|it| compile(it)).collect::<Result<_, _>>()?;
        let joins = |pattern: &&&str| patterns.len() > APART_MAX && !has_word_boundary(pattern);
        let joined: Vec<&str> = patterns.iter().filter(joins).copied().collect();
        let together = RegexSetBuilder::new(&joined)
            .size_limit(PATTERN_SIZE_MAX * (joined.len() + 1))
            .dfa_size_limit(STATES_SIZE_MAX * (joined.len() + 1))
            .build()
            .map_err(|error| wrong(&joined.join(" | "), &error))?;
        let mut places = 0..;
        let places = patterns.iter().map(|it| joins(&it).then(|| places.next()).flatten());
        Ok(Self { each, together, places: places.collect() })
    }

    pub(crate) fn search<'a>(&'a self, prompt: Option<&'a str>) -> Search<'a> {
        Search { patterns: self, prompt, found: OnceCell::new() }
    }
}

impl Search<'_> {
    /// Whether the pattern at `place` is found.
    pub(crate) fn finds(&self, place: usize) -> bool {
        let Some(prompt) = self.prompt else { return false };
        match self.patterns.places[place] {
            None => self.patterns.each[place].is_match(prompt),
            Some(place) => {
                let found = self.found.get_or_init(|| self.patterns.together.matches(prompt));
                found.matched(place)
            }
        }
    }
}

/// At a boundary of words the engine leaves its fast way on the first letter that is not ASCII, and all
/// patterns of a set would leave it together.
fn has_word_boundary(pattern: &str) -> bool {
    pattern.contains(r"\b") || pattern.contains(r"\B")
}

fn compile(pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_SIZE_MAX)
        .dfa_size_limit(STATES_SIZE_MAX)
        .build()
        .map_err(|error| wrong(pattern, &error))
}

fn wrong(pattern: &str, error: &regex::Error) -> Error {
    Error::Pattern { pattern: pattern.to_owned(), why: error.to_string() }
}
