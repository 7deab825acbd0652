use crate::scorers::SCORERS_MAX;

/// Why scorers could not be made ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A scorer's settings make no sense.
    #[error("scorer {number} (`{name}`): {why}", number = index + 1)]
    Scorer {
        /// Its place in the list, from 0.
        index: usize,
        /// Its kind.
        name: &'static str,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// The list is too long.
    #[error("{0} scorers are too many: a category has at most {SCORERS_MAX}")]
    TooMany(usize),
}
