//! The figures of one judge, or of one panel, on one kind of call.

use super::{Label, Order, Pair, Preferred, Said, Side, Word, Worth, tally::Rate, tally::Tally};
use crate::Error;
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that is measured of a judge. Differences lie in [-1, 1], shares in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Pairs that it was asked about.
    pub pairs: u64,
    /// Pairs on which every word came.
    pub judged: u64,
    /// Words that were asked for.
    pub words: u64,
    /// Words that did not come or could not be read.
    pub abstained: u64,
    /// How much likelier the same reply is called acceptable when read first; needs both orders.
    pub position: Rate,
    /// The excess of preferences for what is read first, over pairs that were put in both orders.
    pub prefers_first: Rate,
    /// The share of pairs on which the order alone changes the preference.
    pub flips: Rate,
    /// The excess for what is read first over what people like: for pairs with one order only.
    pub prefers_first_beyond_people: Rate,
    /// How often a word in the same order is said again.
    pub retest: Rate,
    /// The excess of preferences for the longer reply.
    pub prefers_longer: Rate,
    /// The same among pairs that people call alike.
    pub prefers_longer_among_equals: Rate,
    /// How much kinder than people it is to replies of its own family.
    pub kindness_to_kin: Rate,
    /// How much kinder than people it is to other replies.
    pub kindness_to_others: Rate,
    /// Agreement with what people like better, ties included.
    pub agreement: Rate,
    /// Replies with a label from the random draw.
    pub labels: u64,
    /// Replies with a label that somebody chose to give: in no bound.
    pub labels_informing: u64,
    /// The probability that it flags a reply that people find bad.
    pub sensitivity: Rate,
    /// The probability that it does not flag a reply that people find good.
    pub specificity: Rate,
    /// The specificity on the reference's replies.
    pub specificity_on_reference: Rate,
    /// The specificity on the candidate's replies.
    pub specificity_on_candidate: Rate,
    /// What all that proves.
    pub worth: Worth,
}

/// Measures one judge or panel. The pairs must be in no particular order; a pair with a word that
/// did not come counts as abstained, and its other words enter what needs only one.
///
/// # Errors
/// A weight or length that is no number.
pub fn measure(pairs: &[Pair]) -> Result<Figures, Error> {
    let against = Against::people(pairs)?;
    let words = || pairs.iter().flat_map(|pair| &pair.words);
    let judged = pairs.iter().filter(|pair| flags(pair).is_some()).count();
    let labels = |audited: bool| {
        let sides = pairs.iter().flat_map(|pair| [&pair.reference, &pair.candidate]);
        let labels = sides.filter_map(|side| side.label);
        labels.filter(|label| label.audit_weight.is_some() == audited).count() as u64
    };
    let [kin, others] = kindness(pairs)?;
    let [longer, longer_among_equals] = length(pairs)?;
    Ok(Figures {
        pairs: pairs.len() as u64,
        judged: judged as u64,
        words: words().count() as u64,
        abstained: words().filter(|word| word.said.is_none()).count() as u64,
        position: position(pairs)?,
        prefers_first: prefers_first(pairs)?,
        flips: flips(pairs)?,
        prefers_first_beyond_people: beyond_people(pairs)?,
        retest: retest(pairs)?,
        prefers_longer: longer,
        prefers_longer_among_equals: longer_among_equals,
        kindness_to_kin: kin,
        kindness_to_others: others,
        agreement: agreement(pairs)?,
        labels: labels(true),
        labels_informing: labels(false),
        sensitivity: against.miss.opposite(),
        specificity: against.false_flag.opposite(),
        specificity_on_reference: against.false_flag_reference.opposite(),
        specificity_on_candidate: against.false_flag_candidate.opposite(),
        worth: against.worth(),
    })
}

/// The judge against people, by labels of the random draw.
struct Against {
    miss: Rate,
    false_flag: Rate,
    false_flag_reference: Rate,
    false_flag_candidate: Rate,
}

impl Against {
    fn people(pairs: &[Pair]) -> Result<Self, Error> {
        let mut miss = Tally::share();
        let mut false_flag = Tally::share();
        let mut by_arm = [Tally::share(), Tally::share()];
        for pair in pairs {
            let Some(flagged) = flags(pair) else { continue };
            let sides = [&pair.reference, &pair.candidate];
            for ((side, flag), arm) in sides.into_iter().zip(flagged).zip(&mut by_arm) {
                let Some(Label { acceptable, audit_weight: Some(weight) }) = side.label else {
                    continue;
                };
                let conversation = pair.conversation.as_str();
                if acceptable {
                    false_flag.add_weighted(conversation, weight, flag);
                    arm.add_weighted(conversation, weight, flag);
                } else {
                    miss.add_weighted(conversation, weight, 1.0 - flag);
                }
            }
        }
        let [reference, candidate] = by_arm;
        Ok(Self {
            miss: miss.rate()?,
            false_flag: false_flag.rate()?,
            false_flag_reference: reference.rate()?,
            false_flag_candidate: candidate.rate()?,
        })
    }

    fn worth(&self) -> Worth {
        Worth {
            labels: self.miss.count + self.false_flag.count,
            youden_lower: 1.0 - self.miss.upper - self.false_flag.upper,
            catch_lower: 1.0 - self.miss.upper,
            false_alarm_lower: self.false_flag.lower,
            false_flag_gap_lower: self.false_flag_reference.gap_lower(&self.false_flag_candidate),
        }
    }
}

/// The share of words that flag the reference's and the candidate's reply; `None` where a word is
/// missing, because which words are missing must not choose the share.
fn flags(pair: &Pair) -> Option<[f64; 2]> {
    let said: Vec<Said> = pair.words.iter().map(|word| word.said).collect::<Option<_>>()?;
    let share = |flagged: fn(&Said) -> bool| {
        let count = said.iter().filter(|said| flagged(said)).count();
        count as f64 / said.len() as f64
    };
    (!said.is_empty()).then(|| [share(|said| !said.reference), share(|said| !said.candidate)])
}

/// The words of each judge and repeat that came in both orders.
fn both_orders(pair: &Pair) -> Vec<(Said, Said)> {
    let mut asked: BTreeMap<(u32, u32), [Option<Said>; 2]> = BTreeMap::new();
    for word in &pair.words {
        let place = match word.order {
            Order::ReferenceFirst => 0,
            Order::CandidateFirst => 1,
        };
        asked.entry((word.judge, word.repeat)).or_default()[place] = word.said;
    }
    asked.into_values().filter_map(|[one, other]| one.zip(other)).collect()
}

fn position(pairs: &[Pair]) -> Result<Rate, Error> {
    let mut tally = Tally::difference();
    for pair in pairs {
        for (reference_first, candidate_first) in both_orders(pair) {
            let shift = |first: bool, second: bool| f64::from(first) - f64::from(second);
            let (one, other) = (reference_first, candidate_first);
            tally.add(&pair.conversation, shift(one.reference, other.reference));
            tally.add(&pair.conversation, shift(other.candidate, one.candidate));
        }
    }
    tally.rate()
}

fn prefers_first(pairs: &[Pair]) -> Result<Rate, Error> {
    let mut tally = Tally::difference();
    for pair in pairs {
        for (one, other) in both_orders(pair) {
            let said = [(one, Order::ReferenceFirst), (other, Order::CandidateFirst)];
            for (said, order) in said {
                if let Some(preferred) = said.preferred {
                    tally.add(&pair.conversation, for_side(preferred, order.first()));
                }
            }
        }
    }
    tally.rate()
}

fn flips(pairs: &[Pair]) -> Result<Rate, Error> {
    let mut tally = Tally::share();
    for pair in pairs {
        for (one, other) in both_orders(pair) {
            if let Some((one, other)) = one.preferred.zip(other.preferred) {
                tally.add(&pair.conversation, f64::from(one != other));
            }
        }
    }
    tally.rate()
}

fn beyond_people(pairs: &[Pair]) -> Result<Rate, Error> {
    // Half of the difference of two numbers in [-1, 1] lies in [-1, 1] again.
    let mut tally = Tally::difference();
    for (pair, word, preferred) in preferences(pairs) {
        if let Some(people) = pair.preference {
            let first = word.order.first();
            let beyond = for_side(preferred, first) - for_side(people, first);
            tally.add(&pair.conversation, beyond / 2.0);
        }
    }
    tally.rate()
}

fn retest(pairs: &[Pair]) -> Result<Rate, Error> {
    let mut tally = Tally::share();
    for pair in pairs {
        let mut asked: BTreeMap<(u32, Order), Vec<Said>> = BTreeMap::new();
        for word in &pair.words {
            if let Some(said) = word.said {
                asked.entry((word.judge, word.order)).or_default().push(said);
            }
        }
        for repeats in asked.values() {
            for pair_of in repeats.windows(2) {
                tally.add(&pair.conversation, f64::from(pair_of[0] == pair_of[1]));
            }
        }
    }
    tally.rate()
}

/// Preferences for the longer reply, over all pairs and over those that people call alike.
fn length(pairs: &[Pair]) -> Result<[Rate; 2], Error> {
    let (mut all, mut equals) = (Tally::difference(), Tally::difference());
    for (pair, _, preferred) in preferences(pairs) {
        let Some((reference, candidate)) = pair.reference.length.zip(pair.candidate.length) else {
            continue;
        };
        let longer = match reference.total_cmp(&candidate) {
            std::cmp::Ordering::Less => Preferred::Candidate,
            std::cmp::Ordering::Greater => Preferred::Reference,
            std::cmp::Ordering::Equal => continue,
        };
        all.add(&pair.conversation, for_side(preferred, longer));
        if alike(pair) {
            equals.add(&pair.conversation, for_side(preferred, longer));
        }
    }
    Ok([all.rate()?, equals.rate()?])
}

/// How much kinder than people the judge is, to kin and to others.
fn kindness(pairs: &[Pair]) -> Result<[Rate; 2], Error> {
    let (mut kin, mut others) = (Tally::difference(), Tally::difference());
    for pair in pairs {
        let Some(flagged) = flags(pair) else { continue };
        for (side, flag) in [&pair.reference, &pair.candidate].into_iter().zip(flagged) {
            let Some((akin, label)) = side.akin.zip(side.label) else { continue };
            let kinder = (1.0 - flag) - f64::from(label.acceptable);
            let of = if akin { &mut kin } else { &mut others };
            of.add(&pair.conversation, kinder);
        }
    }
    Ok([kin.rate()?, others.rate()?])
}

fn agreement(pairs: &[Pair]) -> Result<Rate, Error> {
    let mut tally = Tally::share();
    for (pair, _, preferred) in preferences(pairs) {
        if let Some(people) = pair.preference {
            tally.add(&pair.conversation, f64::from(preferred == people));
        }
    }
    tally.rate()
}

/// Every word that says which reply it likes better.
fn preferences(pairs: &[Pair]) -> impl Iterator<Item = (&Pair, &Word, Preferred)> {
    let words = pairs.iter().flat_map(|pair| pair.words.iter().map(move |word| (pair, word)));
    words.filter_map(|(pair, word)| Some((pair, word, word.said?.preferred?)))
}

/// Whether people call both replies alike.
fn alike(pair: &Pair) -> bool {
    let acceptable = |side: &Side| side.label.map(|label| label.acceptable);
    match (pair.preference, acceptable(&pair.reference), acceptable(&pair.candidate)) {
        (Some(preference), _, _) => preference == Preferred::Tie,
        (None, Some(reference), Some(candidate)) => reference == candidate,
        (None, None, _) | (None, Some(_), None) => false,
    }
}

/// One for a preference of `side`, minus one for the other, nothing for neither.
fn for_side(preferred: Preferred, side: Preferred) -> f64 {
    match preferred {
        Preferred::Tie => 0.0,
        preferred if preferred == side => 1.0,
        Preferred::Reference | Preferred::Candidate => -1.0,
    }
}
