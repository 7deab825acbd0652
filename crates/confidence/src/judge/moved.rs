//! Whether the judge moved, or what it judges.
//!
//! Pairs of replies are frozen with the judge's word on them, and put to it again later: twice, in the
//! very same words. As long as it is what it was, its word then and its two words now are three draws
//! from one distribution, whatever that is, so where exactly one of the three is another than the
//! other two, each of them is that one with a probability of a third. How many of these odd words are
//! old ones is therefore binomial, and both tails are exact, whatever the judge's noise. Too many: it
//! says something else now, in whatever direction. Too few: it wavers more than it did. A word is
//! what is said of both replies at once, because that is one draw.
//!
//! The `k`-th look at a set may err with [`ALPHA`]` / (k (k + 1))`, which adds up to [`ALPHA`] over all
//! looks that there ever are.

use super::{ALPHA, Said, tally::Rate, tally::Tally};
use crate::{Error, logspace};
use serde::Serialize;
use std::collections::BTreeMap;

/// The probability that the old word is the odd one of three, under a judge that did not move.
const OLD_IS_ODD: f64 = 1.0 / 3.0;

/// One frozen pair in one order before one judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Again {
    /// What it said then.
    pub then: Said,
    /// What it said when it was asked again, twice; `None` where it abstained.
    pub now: [Option<Said>; 2],
}

/// What the frozen pairs say about their judge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Steadiness {
    /// The how-manieth look at the set it is.
    pub look: u64,
    /// Questions with all three words.
    pub questions: u64,
    /// Questions that the judge abstained on now: in no other figure.
    pub abstained: u64,
    /// Those whose first word now is another than the word then.
    pub changed: u64,
    /// Those whose two words now differ: what would change if nothing moved.
    pub wavered: u64,
    /// Those where exactly one of the three words is another than the other two.
    pub odd: u64,
    /// Those of them where that is the word then.
    pub odd_then: u64,
    /// Of these, the ones where fewer replies are acceptable now.
    pub stricter: u64,
    /// And those where more are.
    pub kinder: u64,
    /// The probability of so lopsided a count under a judge that did not move; two-sided, exact.
    pub p_value: f64,
    /// What this look may err with.
    pub alpha: f64,
    /// What follows.
    pub standing: Standing,
}

/// What is known about a judge by its frozen pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing speaks for a change that the questions could have shown.
    Holds,
    /// It says something else than it did, or wavers more.
    Moved,
    /// There are too few questions to show even a change of every word.
    Silent,
}

/// The mean score of one model's replies up to the freezing, and since.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Up to the freezing.
    pub before: Rate,
    /// Since.
    pub after: Rate,
}

/// What explains that a model's scores are, or are not, what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Moved {
    /// The judge holds, and the scores are within what chance allows.
    Nothing,
    /// The judge moved: what the scores did says nothing of the model.
    Judge,
    /// The scores changed under a judge that holds.
    Model,
    /// The judge was not asked often enough to say.
    Unknown,
}

/// What frozen pairs say about their judge, at the `look`-th look at them (from 1 on).
#[must_use]
pub fn steadiness(asked: &[Again], look: u64) -> Steadiness {
    let mut tally = Steadiness {
        look,
        questions: 0,
        abstained: 0,
        changed: 0,
        wavered: 0,
        odd: 0,
        odd_then: 0,
        stricter: 0,
        kinder: 0,
        p_value: 1.0,
        alpha: alpha(look),
        standing: Standing::Silent,
    };
    for Again { then, now } in asked {
        match now {
            [Some(one), Some(other)] => count(&mut tally, *then, [*one, *other]),
            [None, _] | [_, None] => tally.abstained += 1,
        }
    }
    tally.p_value = two_sided(tally.odd, tally.odd_then);
    tally.standing = standing(&tally);
    tally
}

/// The mean scores on both sides of the freezing. Each entry is one conversation's mean loss.
///
/// # Errors
/// A loss that is no number in [0, 1].
pub fn shift(
    before: &BTreeMap<String, f64>,
    after: &BTreeMap<String, f64>,
) -> Result<Shift, Error> {
    let rate = |losses: &BTreeMap<String, f64>| {
        let mut tally = Tally::share();
        losses.iter().for_each(|(conversation, loss)| tally.add(conversation, *loss));
        tally.rate().map(Rate::opposite)
    };
    Ok(Shift { before: rate(before)?, after: rate(after)? })
}

/// What moved. The scores changed where their bounds do not meet: all four hold together with a
/// probability of at least `1 - 2` [`ALPHA`], whenever one looks.
#[must_use]
pub fn moved(judge: Standing, scores: &Shift) -> Moved {
    let changed = scores.before.gap_lower(&scores.after) > 0.0;
    match (judge, changed) {
        (Standing::Moved, _) => Moved::Judge,
        (Standing::Holds, true) => Moved::Model,
        (Standing::Holds, false) => Moved::Nothing,
        (Standing::Silent, _) => Moved::Unknown,
    }
}

fn count(tally: &mut Steadiness, then: Said, now: [Said; 2]) {
    let word = |said: Said| (said.reference, said.candidate);
    let acceptable = |said: Said| u8::from(said.reference) + u8::from(said.candidate);
    let (old, [one, other]) = (word(then), now.map(word));
    tally.questions += 1;
    tally.changed += u64::from(one != old);
    tally.wavered += u64::from(one != other);
    let old_is_odd = one == other && one != old;
    let new_is_odd = one != other && (one == old || other == old);
    tally.odd += u64::from(old_is_odd || new_is_odd);
    if old_is_odd {
        tally.odd_then += 1;
        tally.stricter += u64::from(acceptable(now[0]) < acceptable(then));
        tally.kinder += u64::from(acceptable(now[0]) > acceptable(then));
    }
}

fn standing(tally: &Steadiness) -> Standing {
    let shown_by_all = two_sided(tally.questions, tally.questions);
    if tally.p_value <= tally.alpha {
        Standing::Moved
    } else if shown_by_all > tally.alpha {
        Standing::Silent
    } else {
        Standing::Holds
    }
}

fn alpha(look: u64) -> f64 {
    let look = look.max(1) as f64;
    ALPHA / (look * (look + 1.0))
}

/// Twice the lesser tail of the binomial distribution at `count` of `of`, at most 1.
fn two_sided(of: u64, count: u64) -> f64 {
    let (mut below, mut above) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let mut log = of as f64 * libm::log(1.0 - OLD_IS_ODD);
    for at in 0..=of {
        if at <= count {
            below = logspace::add(below, log);
        }
        if at >= count {
            above = logspace::add(above, log);
        }
        let odds = OLD_IS_ODD / (1.0 - OLD_IS_ODD);
        log += libm::log((of - at) as f64 / (at + 1) as f64 * odds);
    }
    (2.0 * libm::exp(below.min(above))).min(1.0)
}
