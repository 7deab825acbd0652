//! How a cell's losses are made, and the losses that need arithmetic.
//!
//! The mode belongs to the number: a confidence in mode JP is no statement about human
//! acceptability, and a report that leaves the mode out lies.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a cell's losses are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Absolute rules and schemas.
    R,
    /// Rules, candidate against reference.
    RP,
    /// Human audit.
    H,
    /// A judge, corrected by human labels.
    PPI,
    /// A judge, candidate against reference.
    JP,
    /// A judge alone, with bounds on its errors.
    JA,
    /// Agreement with the reference, in excess of the reference's disagreement with itself.
    AA,
}

impl Mode {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::R, Self::RP, Self::H, Self::PPI, Self::JP, Self::JA, Self::AA];

    /// The name in configuration, tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::R => "R",
            Self::RP => "RP",
            Self::H => "H",
            Self::PPI => "PPI",
            Self::JP => "JP",
            Self::JA => "JA",
            Self::AA => "AA",
        }
    }

    /// Whether the tolerance is a margin to the reference instead of a bar.
    pub fn is_paired(self) -> bool {
        match self {
            Self::RP | Self::JP | Self::AA => true,
            Self::R | Self::H | Self::PPI | Self::JA => false,
        }
    }

    /// Whether a judge's errors enter, so that the judge has to be measured first.
    pub fn is_judged(self) -> bool {
        match self {
            Self::JP | Self::JA => true,
            Self::R | Self::RP | Self::H | Self::PPI | Self::AA => false,
        }
    }

    /// Whether a judge is asked about replies. In mode PPI its errors do not enter, because people's
    /// labels take them out.
    pub fn asks_judge(self) -> bool {
        match self {
            Self::PPI | Self::JP | Self::JA => true,
            Self::R | Self::RP | Self::H | Self::AA => false,
        }
    }

    /// Whether what people say of replies enters the losses.
    pub fn asks_people(self) -> bool {
        match self {
            Self::H | Self::PPI => true,
            Self::R | Self::RP | Self::JP | Self::JA | Self::AA => false,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == text);
        found.ok_or_else(|| Error::Mode(text.to_owned()))
    }
}

/// Modes R and H, and one arm of the paired modes: one minus a score, a label or an acceptability.
///
/// # Errors
/// [`Error::Parameter`] for a score outside [0, 1], or no number.
pub fn absolute_loss(score: f64) -> Result<f64, Error> {
    check_share("score", score)?;
    Ok(1.0 - score)
}

/// Modes RP and JP: how much worse the candidate is than the reference, by the same scorers.
///
/// # Errors
/// [`Error::Parameter`] for a loss outside [0, 1], or no number.
pub fn paired_loss(candidate: f64, reference: f64) -> Result<f64, Error> {
    check_loss(candidate)?;
    check_loss(reference)?;
    Ok(candidate - reference)
}

/// One arm of mode JP, and mode JA: the mean of the judge's losses over both orders, or the rules'
/// loss where that is worse.
///
/// # Errors
/// [`Error::Parameter`] for a loss outside [0, 1], or no number.
pub fn judged_loss(rules: f64, orders: [f64; 2]) -> Result<f64, Error> {
    check_loss(rules)?;
    orders.into_iter().try_for_each(check_loss)?;
    Ok(rules.max(0.5 * (orders[0] + orders[1])))
}

/// Judge and random human audit: unbiased for the human loss whatever `eta` is, provided that the
/// audit probability `kappa` was fixed before the label was seen. `None`: not audited.
///
/// # Errors
/// [`Error::Parameter`] for a loss or `eta` outside [0, 1], or a `kappa` outside (0, 1].
pub fn aipw_loss(judge: f64, human: Option<f64>, kappa: f64, eta: f64) -> Result<f64, Error> {
    check_loss(judge)?;
    check_probability("kappa", kappa)?;
    check_share("eta", eta)?;
    let value = eta * judge;
    let Some(human) = human else { return Ok(value) };
    check_loss(human)?;
    Ok(value + (human - eta * judge) / kappa)
}

/// The candidate's disagreement less the reference's disagreement with itself, which was asked for
/// with probability `rho`. `a_hat` is fixed before the block. `None`: not asked again.
///
/// # Errors
/// [`Error::Parameter`] for a loss or `a_hat` outside [0, 1], or a `rho` outside (0, 1].
pub fn aa_excess_loss(cand: f64, control: Option<f64>, rho: f64, a_hat: f64) -> Result<f64, Error> {
    check_loss(cand)?;
    check_probability("rho", rho)?;
    check_share("a_hat", a_hat)?;
    let Some(control) = control else { return Ok(cand - a_hat) };
    check_loss(control)?;
    Ok(cand - (a_hat + (control - a_hat) / rho))
}

/// The least judged loss compatible with a true loss of `tau`, given lower bounds on the
/// probabilities that the judge flags a good reply and that it flags a bad one.
pub fn judge_tolerance(tau: f64, false_alarm_low: f64, catch_low: f64) -> f64 {
    false_alarm_low * (1.0 - tau) + catch_low * tau
}

/// That the loss of one reply is one: how bad a call was is not to be averaged away in its conversation.
///
/// # Errors
/// [`Error::Parameter`] for a loss outside [0, 1], or no number.
pub fn check_loss(loss: f64) -> Result<(), Error> {
    check_share("loss", loss)
}

/// That a figure can be a probability of something that happens.
///
/// # Errors
/// [`Error::Parameter`] outside (0, 1], or for no number.
pub fn check_probability(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(Error::Parameter { name, range: "(0, 1]", value })
    }
}

/// That a figure can be a share of something.
///
/// # Errors
/// [`Error::Parameter`] outside [0, 1], or for no number.
pub fn check_share(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::Parameter { name, range: "[0, 1]", value })
    }
}
