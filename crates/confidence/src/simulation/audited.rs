//! Labels on a share of the replies: alone, and beside a judge whose word counts as far as earlier
//! labels say.

use super::{
    Bound::{AtLeast, AtMost, Nothing},
    Chance, Dice, Estimate, Finding,
    gauges::Current,
    samplers::promoted_after,
};
use crate::{Error, Labelled, Tolerance, Unit, mode::aipw_loss};

const REPLIES: usize = 4000;
/// Replies of a day.
const DAY: usize = 100;
/// The probability with which a person is asked.
const KAPPA: f64 = 0.11;
const BAR: f64 = 0.9;
/// A quality that takes longer to tell from it.
const NEAR: f64 = 0.93;
/// A judge whose square of the correlation with people is about 0.6 at a quality of 0.95, and one
/// with 0.2.
const STRONG: Judge = Judge { flags_bad: 0.9, flags_good: 0.02 };
const WEAK: Judge = Judge { flags_bad: 0.8, flags_good: 0.1 };

/// How often a judge flags bad replies and good ones.
#[derive(Clone, Copy)]
struct Judge {
    flags_bad: f64,
    flags_good: f64,
}

/// Whom people are asked about.
#[derive(Clone, Copy)]
enum Asked {
    /// Chance alone decides, as logged.
    AsLogged,
    /// Wrong: what the judge passed as logged, what it flagged five times less often.
    WhereItIsEasy,
}

/// Modes H and PPI.
pub(super) fn labels(dice: &mut Dice<'_>) -> Result<Vec<Finding>, Error> {
    let corrected = Tolerance::audited(BAR, 1.0, KAPPA)?;
    let mut beside = |round, quality, judge, asked| {
        dice.round(round, |chance| {
            promoted_after(Current::new(corrected), replies(chance, quality, judge, asked)?)
        })
    };
    let logged = Asked::AsLogged;
    let (good, falsely) = (beside(0, 0.95, STRONG, logged)?, beside(1, BAR, STRONG, logged)?);
    let (weak, weakly) = (beside(2, 0.95, WEAK, logged)?, beside(3, BAR, WEAK, logged)?);
    let chosen = beside(3, BAR, WEAK, Asked::WhereItIsEasy)?;
    let near = beside(5, NEAR, STRONG, logged)?;
    let (labels, near_labels) = (by_people(dice, 4, 0.95)?, by_people(dice, 6, NEAR)?);
    Ok(vec![
        Finding::ours(
            "labels on 0.11 beside a judge with ρ² 0.6: false at 0.90",
            0.034,
            AtMost(0.05),
            share(&falsely),
        ),
        Finding::ours(
            "the same, median replies at 0.95",
            1000.0,
            AtMost(1500.0),
            Estimate::median(&good),
        ),
        Finding::ours(
            "beside a judge with ρ² 0.2, whose word does not count: false at 0.90",
            0.034,
            AtMost(0.05),
            share(&weakly),
        ),
        Finding::ours(
            "the same, median replies at 0.95",
            None,
            AtMost(1900.0),
            Estimate::median(&weak),
        ),
        Finding::ours(
            "labels alone, median replies at 0.95",
            1621.0,
            Nothing,
            Estimate::median(&labels),
        ),
        Finding::ours(
            "labels beside a judge with ρ² 0.6: 0.93 promoted by 4,000 replies",
            None,
            AtLeast(0.5),
            share(&near),
        ),
        Finding::ours(
            "labels alone: 0.93 promoted by 4,000 replies",
            None,
            Nothing,
            share(&near_labels),
        ),
        Finding::control(
            "false at 0.90, what the judge flagged labelled five times less often than logged",
            None,
            AtLeast(0.5),
            share(&chosen),
        ),
    ])
}

/// Replies until labels alone promoted, in each run.
fn by_people(dice: &mut Dice<'_>, round: u64, quality: f64) -> Result<Vec<Option<u64>>, Error> {
    let alone = Tolerance::absolute(BAR)?;
    let labels = (KAPPA * REPLIES as f64) as usize;
    let found = dice.round(round, |chance| {
        let labelled = (0..labels).map(|_| Unit::whole(chance.loss(1.0 - quality)));
        promoted_after(Current::new(alone), labelled)
    });
    let in_replies = |labels: u64| (labels as f64 / KAPPA) as u64;
    Ok(found?.into_iter().map(|it| it.map(in_replies)).collect())
}

fn share(found: &[Option<u64>]) -> Estimate {
    Estimate::share(&found.iter().map(Option::is_some).collect::<Vec<_>>())
}

/// The replies of a cell, each a unit. A day's `eta` is what the labels of the day before yesterday
/// and earlier say, as blocks declare it.
fn replies(
    chance: &mut Chance,
    quality: f64,
    judge: Judge,
    asked: Asked,
) -> Result<Vec<Unit>, Error> {
    let (mut units, mut eta) = (Vec::new(), 0.0);
    let (mut known, mut yesterday, mut today) =
        (Labelled::default(), Vec::new(), Vec::<(f64, bool)>::new());
    for at in 0..REPLIES {
        if at.is_multiple_of(DAY) {
            for (flag, acceptable) in std::mem::replace(&mut yesterday, std::mem::take(&mut today))
            {
                known.add(flag, acceptable, 1.0)?;
            }
            eta = known.trust().eta;
        }
        let human = chance.loss(1.0 - quality);
        let flag = chance.loss(if human > 0.0 { judge.flags_bad } else { judge.flags_good });
        let kappa = match asked {
            Asked::WhereItIsEasy if flag > 0.0 => KAPPA / 5.0,
            Asked::AsLogged | Asked::WhereItIsEasy => KAPPA,
        };
        let label = chance.happens(kappa).then_some(human);
        today.extend(label.map(|label| (flag, label == 0.0)));
        units.push(Unit::whole(aipw_loss(flag, label, KAPPA, eta)?));
    }
    Ok(units)
}
