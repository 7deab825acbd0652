//! Candidate against reference: over a noise floor, and by a judge that errs.

use super::{
    Bound::{AtLeast, AtMost, Nothing},
    Chance, Dice, Estimate, Finding,
    gauges::Current,
    samplers::{promoted, promoted_after},
};
use crate::{
    Error, Tolerance, Unit,
    mode::{aa_excess_loss, judged_loss, paired_loss},
};

const PAIRS: usize = 6000;
/// How often the reference disagrees with itself.
const NOISE: f64 = 0.07;
/// Correlation on one prompt of two disagreements, as some have more than one good answer, and of
/// two bad replies, as some are hard.
const CORRELATION: f64 = 0.3;
const AA_MARGIN: f64 = 0.03;
const JUDGED_PAIRS: usize = 4000;
const JUDGED_MARGIN: f64 = 0.05;
/// How often the judged reference is bad.
const BAD: f64 = 0.03;
/// How often one fails a rule.
const FAILING: f64 = 0.2;

/// Modes A/A and JP.
pub(super) fn reference(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let mut found = agreement(dice)?;
    found.extend(judged(dice)?);
    Ok(found)
}

fn agreement(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let tolerance = Tolerance::agreement(AA_MARGIN, NOISE, 1.0)?;
    let mut equal = |round, alike| {
        dice.round(round, |chance| {
            promoted_after(Current::new(tolerance), agreement_pairs(chance, 0.0, alike)?)
        })
    };
    let (equal, unlike) = (equal(0, CORRELATION)?, equal(4, 0.0)?);
    let worse = dice.share(1, |chance| {
        promoted(Current::new(tolerance), agreement_pairs(chance, AA_MARGIN, CORRELATION)?)
    })?;
    // Wrong: an equal candidate held to perfection.
    let absolute = dice.share(0, |chance| {
        let losses = (0..PAIRS).map(|_| Unit::whole(chance.loss(NOISE)));
        promoted(Current::new(Tolerance::new(0.05, 0.0, 1.0)?), losses)
    })?;
    let by_then: Vec<bool> = equal.iter().map(Option::is_some).collect();
    Ok(vec![
        Finding::ours(
            "A/A 0.93, margin 0.03: equal candidate promoted",
            1.0,
            AtLeast(0.99),
            Estimate::share(&by_then),
        ),
        Finding::ours("its median pairs", 660.0, AtMost(720.0), Estimate::median(&equal)),
        Finding::ours(
            "its median pairs where nothing on a prompt correlates",
            None,
            Nothing,
            Estimate::median(&unlike),
        ),
        Finding::ours("worse by the margin: falsely promoted", 0.038, AtMost(0.05), worse),
        Finding::control(
            "equal candidate promoted by an absolute bar of 0.95",
            0.0,
            AtMost(0.05),
            absolute,
        ),
    ])
}

/// Pairs in which a prompt makes the reference disagree with itself as often as the candidate with
/// it, which disagrees in `excess` of all cases besides; both are `alike` on one prompt.
fn agreement_pairs(chance: &mut Chance, excess: f64, alike: f64) -> Result<Vec<Unit>, Error> {
    let mut pair = || {
        let noise = 1.0 - chance.quality(1.0 - NOISE, alike);
        let control = chance.loss(noise);
        let candidate = chance.loss(noise + (1.0 - noise) * excess / (1.0 - NOISE));
        Ok(Unit::whole(aa_excess_loss(candidate, Some(control), 1.0, NOISE)?))
    };
    (0..PAIRS).map(|_| pair()).collect()
}

fn judged(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let mut at = |round, (excess, alike), youden_low| {
        let tolerance = Tolerance::judged_paired(JUDGED_MARGIN, youden_low)?;
        dice.round(round, |chance| {
            promoted_after(Current::new(tolerance), judged_pairs(chance, excess, alike)?)
        })
    };
    let (equal, worse) = ((0.0, CORRELATION), (JUDGED_MARGIN, CORRELATION));
    let (conservative, exact) = (at(2, equal, 0.6)?, at(2, equal, 0.7)?);
    let unlike = at(5, (0.0, 0.0), 0.6)?;
    // Wrong: the margin counted whole, though the judge sees a part of every difference only.
    let (worse, whole) = (at(3, worse, 0.7)?, at(3, worse, 1.0)?);
    let tolerance = Tolerance::judged_paired(JUDGED_MARGIN, 0.7)?;
    let mut failing = |counts| {
        dice.round(6, |chance| {
            promoted_after(Current::new(tolerance), beside_failures(chance, counts)?)
        })
    };
    let (by_judge, by_rules) = (failing(Failures::ByJudge)?, failing(Failures::Whole)?);
    let share = |found: Vec<Option<u64>>| {
        Estimate::share(&found.iter().map(Option::is_some).collect::<Vec<_>>())
    };
    Ok(vec![
        Finding::ours(
            "judge 0.9/0.8, margin 0.05: median pairs, equal candidate, Youden ≥ 0.6",
            895.0,
            AtMost(950.0),
            Estimate::median(&conservative),
        ),
        Finding::ours(
            "the same where nothing on a prompt correlates",
            None,
            Nothing,
            Estimate::median(&unlike),
        ),
        Finding::ours("the same, Youden 0.7", 639.0, AtMost(700.0), Estimate::median(&exact)),
        Finding::ours("worse by the margin: falsely promoted", 0.052, AtMost(0.05), share(worse)),
        Finding::control(
            "the same, the margin counted whole whatever the judge misses",
            None,
            AtLeast(0.15),
            share(whole),
        ),
        Finding::ours(
            "worse by the margin beside a reference that fails rules: falsely promoted",
            None,
            AtMost(0.05),
            share(by_judge),
        ),
        Finding::control(
            "the same, its failures counted whole beside what the judge sees of the candidate's",
            None,
            AtLeast(0.5),
            share(by_rules),
        ),
    ])
}

/// What a reply of the reference counts that fails a rule.
#[derive(Clone, Copy)]
enum Failures {
    /// What the judge makes of it, as of any bad reply.
    ByJudge,
    /// 1, as it does for the candidate.
    Whole,
}

/// Pairs of a reference whose bad replies all fail a rule with a candidate that is worse by the margin,
/// in ways that only the judge can see.
fn beside_failures(chance: &mut Chance, counts: Failures) -> Result<Vec<Unit>, Error> {
    let mut pair = || {
        let bad = [FAILING + JUDGED_MARGIN, FAILING].map(|often| chance.happens(often));
        let [candidate, reference] =
            bad.map(|bad| f64::from(u8::from(is_flagged(bad, chance.share()))));
        let rules = match counts {
            Failures::ByJudge => 0.0,
            Failures::Whole => f64::from(u8::from(bad[1])),
        };
        let candidate = judged_loss(0.0, [candidate; 2])?;
        Ok(Unit::whole(paired_loss(candidate, judged_loss(rules, [reference; 2])?)?))
    };
    (0..JUDGED_PAIRS).map(|_| pair()).collect()
}

/// By a judge that flags a good reply in one case of ten and a bad one in eight.
fn is_flagged(bad: bool, share: f64) -> bool {
    share < if bad { 0.8 } else { 0.1 }
}

/// Pairs by such a judge; in half of the pairs it errs on both replies by the same chance. The candidate is bad in `excess` of all
/// cases besides those that are hard for the reference, too; replies to one prompt are `alike`.
fn judged_pairs(chance: &mut Chance, excess: f64, alike: f64) -> Result<Vec<Unit>, Error> {
    let mut pair = || {
        let hard = 1.0 - chance.quality(1.0 - BAD, alike);
        let worse = hard + (1.0 - hard) * excess / (1.0 - BAD);
        let bad = [chance.happens(worse), chance.happens(hard)];
        let first = chance.share();
        let second = if chance.happens(0.5) { first } else { chance.share() };
        let flag = |bad, share| f64::from(u8::from(is_flagged(bad, share)));
        let judged = |flag: f64| judged_loss(0.0, [flag, flag]);
        let candidate = judged(flag(bad[0], first))?;
        Ok(Unit::whole(paired_loss(candidate, judged(flag(bad[1], second))?)?))
    };
    (0..JUDGED_PAIRS).map(|_| pair()).collect()
}
