//! Which calls of which cells were met before: one that is in the lake twice would count twice.

use std::collections::HashSet;

/// The calls of some days, by cell.
#[derive(Default)]
pub(super) struct Seen {
    /// Of each cell, a bit for every exchange that has a number.
    numbered: Vec<Vec<u64>>,
    /// Those that have none.
    others: HashSet<(u32, Box<str>)>,
}

impl Seen {
    /// Keeps a call of a cell; whether it was not there before.
    pub(super) fn add(&mut self, cell: u32, id: &str, exchange: Option<u32>) -> bool {
        let Some(exchange) = exchange else { return self.others.insert((cell, id.into())) };
        let (word, bit) = ((exchange / u64::BITS) as usize, 1 << (exchange % u64::BITS));
        let bits = grown(&mut self.numbered, cell as usize);
        let bits = grown(bits, word);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }
}

/// The item in a place, which is made if it is not there yet.
fn grown<T: Default>(of: &mut Vec<T>, at: usize) -> &mut T {
    if of.len() <= at {
        of.resize_with(at + 1, T::default);
    }
    &mut of[at]
}
