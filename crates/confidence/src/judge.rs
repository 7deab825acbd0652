//! A judge as an instrument: how it errs, by what people say of the same replies, and how far what
//! it says hangs on things that it should not read.
//!
//! Every figure is a mean over conversations, with the same anytime-valid bounds as the evidence
//! ([`crate::process`]): one may label on and look as often as one likes. Each bound by itself fails
//! with a probability of at most half of [`ALPHA`]. An abstention is counted as one and enters no
//! other figure: it is never a tie and never a verdict.
//!
//! Only labels that come from the logged random draw measure sensitivity and specificity. A label
//! that somebody chose to give informs, and is counted apart.

mod figures;
mod moved;
mod tally;

pub use figures::{Figures, measure};
pub use moved::{Again, Moved, Shift, Standing, Steadiness, moved, shift, steadiness};
pub use tally::Rate;

use crate::{Error, Level, Mode};
use serde::Serialize;

/// What the judge's two bounds, on misses and on false flags, may err with together: what a cell pays
/// for resting on them (`alpha_c`).
pub const ALPHA: f64 = 0.01;

/// The level of one bound.
pub(crate) fn level() -> Result<Level, Error> {
    Level::new(ALPHA / 2.0)
}

/// The part of `youden × margin` that the judge's false flags on both models may differ by. Beyond
/// it the bias no longer cancels in the paired mode (confidence.md, 2.7).
pub const FALSE_FLAG_GAP_SHARE: f64 = 0.25;

/// Two replies to one call, as one judge or one panel saw them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pair {
    /// The unit of independence.
    pub conversation: String,
    /// The reference's reply.
    pub reference: Side,
    /// The candidate's reply.
    pub candidate: Side,
    /// Which reply people like better, where they said so.
    pub preference: Option<Preferred>,
    /// Every word that was asked for, in any order.
    pub words: Vec<Word>,
}

/// One reply of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Side {
    /// How long it is, in a measure that both replies share.
    pub length: Option<f64>,
    /// Whether its model is of the judge's family.
    pub akin: Option<bool>,
    /// What a person said of it.
    pub label: Option<Label>,
}

/// What a person said of one reply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Whether it would do.
    pub acceptable: bool,
    /// Its weight in (0, 1], where the logged random draw asked for it: the least probability that
    /// was promised over the one that it was drawn with. `None` where somebody chose to label it.
    pub audit_weight: Option<f64>,
}

/// One word of one judge about a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// Which judge of a panel.
    pub judge: u32,
    /// Which reply it read first.
    pub order: Order,
    /// The how-manieth time in this order.
    pub repeat: u32,
    /// What it said; `None` where it abstained.
    pub said: Option<Said>,
}

/// Which reply is read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// The reference's.
    ReferenceFirst,
    /// The candidate's.
    CandidateFirst,
}

/// What a judge said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Whether the reference's reply is acceptable.
    pub reference: bool,
    /// Whether the candidate's is.
    pub candidate: bool,
    /// Which one it likes better; `None` where that was not recorded.
    pub preferred: Option<Preferred>,
}

/// Which reply is liked better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preferred {
    /// The reference's.
    Reference,
    /// The candidate's.
    Candidate,
    /// Neither.
    Tie,
}

/// What labels prove about a judge: all that the gate reads of its figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// Replies with an audited label and a word.
    pub labels: u64,
    /// Lower bound of sensitivity plus specificity less one.
    pub youden_lower: f64,
    /// Lower bound of the probability that it flags a bad reply.
    pub catch_lower: f64,
    /// Lower bound of the probability that it flags a good reply.
    pub false_alarm_lower: f64,
    /// What its false flags on both models differ by at least.
    pub false_flag_gap_lower: f64,
}

/// What a judged cell took for granted when it was opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// How losses are made.
    pub mode: Mode,
    /// Sensitivity plus specificity less one.
    pub youden: f64,
    /// The margin of a paired mode.
    pub margin: Option<f64>,
}

/// Why labels do not bear out what a cell took for granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shortfall {
    /// The bound is under what was taken.
    Weak {
        /// What labels prove so far.
        proven: f64,
        /// What was taken for granted.
        taken: f64,
        /// The labels behind it.
        labels: u64,
    },
    /// It flags good replies of one model oftener than those of the other.
    Partial {
        /// The least difference that labels prove.
        gap: f64,
        /// The greatest that the margin bears.
        limit: f64,
    },
}

impl Worth {
    /// Whether labels bear out what a cell took for granted.
    ///
    /// # Errors
    /// In what they fall short.
    pub fn bears_out(&self, taken: &Taken) -> Result<(), Shortfall> {
        // An absolute mode corrects by the misses alone and takes the false flags for none, which
        // can only make it stricter; a paired one needs both.
        let proven = match taken.mode {
            Mode::JA => self.catch_lower,
            Mode::JP | Mode::PPI | Mode::R | Mode::RP | Mode::H | Mode::AA => self.youden_lower,
        };
        // Asked this way round, so that what is no number does not pass.
        let suffices = proven >= taken.youden;
        if !suffices {
            let labels = self.labels;
            return Err(Shortfall::Weak { proven, taken: taken.youden, labels });
        }
        let Some(margin) = taken.margin else { return Ok(()) };
        let (gap, limit) =
            (self.false_flag_gap_lower, FALSE_FLAG_GAP_SHARE * self.youden_lower * margin);
        if gap > limit { Err(Shortfall::Partial { gap, limit }) } else { Ok(()) }
    }
}

impl Order {
    /// Which side it puts first.
    pub(crate) fn first(self) -> Preferred {
        match self {
            Self::ReferenceFirst => Preferred::Reference,
            Self::CandidateFirst => Preferred::Candidate,
        }
    }
}
