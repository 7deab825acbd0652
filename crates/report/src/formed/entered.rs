//! What one asked call enters into its conversation, by the mode of its cell; the same that
//! `sql/asked.sql` says. Anything that is still out is `None`, and whatever is made of it too.

use confidence::{
    Error, Mode,
    mode::{check_loss, check_probability, check_share},
};

/// What a cell was opened with, as far as its calls need it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) name: String,
    pub(super) candidate: String,
    pub(super) mode: Mode,
    /// Seconds after the end of a conversation from which what is still out counts as the worst.
    pub(super) max_wait_s: f64,
    pub(super) loss_hi: f64,
}

/// The draw that put a call to its candidate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    pub(super) pi: Option<f64>,
    pub(super) pi_floor: Option<f64>,
    pub(super) audited: bool,
    pub(super) audit_prob: Option<f64>,
}

/// What the scorers made of the replies to a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    pub(super) candidate: Option<f64>,
    pub(super) reference: Option<f64>,
    pub(super) control: Option<f64>,
    /// Whether the candidate or its provider failed: then there is no reply to ask people about.
    pub(super) failed: bool,
}

impl Losses {
    /// Each for itself: what is no loss is not to be averaged away by the other calls of a conversation,
    /// or by the other side of a pair.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut known = [self.candidate, self.reference, self.control].into_iter().flatten();
        known.try_for_each(check_loss)
    }
}

/// What was declared for a cell's day before it began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    pub(super) eta: Option<f64>,
    pub(super) a_hat: Option<f64>,
    pub(super) rho: Option<f64>,
    pub(super) kappa: Option<f64>,
}

impl Block {
    pub(super) fn check(&self) -> Result<(), Error> {
        let shares = [("eta", self.eta), ("a_hat", self.a_hat)];
        let chances = [("rho", self.rho), ("kappa", self.kappa)];
        let known = |(name, figure): (_, Option<f64>)| figure.map(|figure| (name, figure));
        let mut shares = shares.into_iter().filter_map(known);
        let mut chances = chances.into_iter().filter_map(known);
        shares.try_for_each(|(name, share)| check_share(name, share))?;
        chances.try_for_each(|(name, chance)| check_probability(name, chance))
    }
}

/// All that is known of an asked call.
pub(super) struct Asked {
    pub(super) draw: Draw,
    pub(super) losses: Losses,
    pub(super) label: Option<bool>,
    pub(super) control_asked: bool,
    pub(super) block: Block,
    pub(super) expired: bool,
}

/// What a call adds to its conversation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entered {
    pub(super) weight: Option<f64>,
    /// `None` while something is out that may still come.
    pub(super) loss: Option<f64>,
    /// Whether something is out, expired or not.
    pub(super) missing: bool,
}

/// Whether the chances that were logged are chances, and no smaller than what was promised for the day: of
/// a call being asked, and, where people say what its loss is, of their being asked.
pub(super) fn is_promised(draw: &Draw, block: &Block, mode: Mode) -> bool {
    let holds = |chance: f64, floor: f64| 0.0 < floor && floor <= chance && chance <= 1.0;
    let asked = draw.pi.zip(draw.pi_floor).is_some_and(|(pi, floor)| holds(pi, floor));
    let floor = |chance| block.kappa.unwrap_or(chance);
    let audited = || draw.audit_prob.is_none_or(|chance| holds(chance, floor(chance)));
    asked && (!mode.asks_people() || audited())
}

/// Weight and loss of an asked call (docs/confidence.md, "Modes" and "Sampling").
pub(super) fn entered(asked: &Asked, terms: &Terms) -> Entered {
    let loss = loss(asked, terms.mode);
    Entered {
        weight: weight(asked, terms.mode),
        loss: if asked.expired { loss.or_else(|| Some(worst(asked, terms))) } else { loss },
        missing: loss.is_none(),
    }
}

/// Whether a sampled call counts: in mode H only those that people were asked about do, in mode PPI
/// those of which chance decided whether they are, and no seldomer than the cell's losses have room
/// for.
pub(super) fn counts(draw: &Draw, block: &Block, terms: &Terms) -> bool {
    match terms.mode {
        Mode::H => draw.audited,
        Mode::PPI => {
            let chance = draw.audit_prob.or(block.kappa);
            chance.is_some_and(|chance| chance * terms.loss_hi >= ROOM)
        }
        Mode::R | Mode::RP | Mode::JP | Mode::JA | Mode::AA => true,
    }
}

/// A label's weight of 1 in losses that go up to one over its chance, less what rounding takes.
const ROOM: f64 = 0.999_999;

fn weight(Asked { draw, block, .. }: &Asked, mode: Mode) -> Option<f64> {
    match mode {
        Mode::H => Some(draw.pi_floor? * block.kappa? / (draw.pi? * draw.audit_prob?)),
        Mode::R | Mode::RP | Mode::PPI | Mode::JP | Mode::JA | Mode::AA => {
            Some(draw.pi_floor? / draw.pi?)
        }
    }
}

fn loss(asked: &Asked, mode: Mode) -> Option<f64> {
    let Asked { losses, control_asked, block, .. } = asked;
    match mode {
        Mode::R | Mode::JA => losses.candidate,
        Mode::RP | Mode::JP => Some(losses.candidate? - losses.reference?),
        Mode::H => human(asked),
        Mode::PPI => corrected(asked, losses.candidate?, human(asked)),
        Mode::AA => {
            let expected = block.a_hat?;
            let seen = if *control_asked { (losses.control? - expected) / block.rho? } else { 0.0 };
            Some(losses.candidate? - (expected + seen))
        }
    }
}

/// Past its time, what is still out counts as the worst: of what labels correct, the judge's word and
/// the label, each for itself.
fn worst(asked: &Asked, terms: &Terms) -> f64 {
    match terms.mode {
        Mode::PPI => {
            let (judged, human) = (asked.losses.candidate.unwrap_or(1.0), human(asked));
            corrected(asked, judged, human.or(Some(1.0))).unwrap_or(terms.loss_hi)
        }
        Mode::AA => terms.loss_hi,
        Mode::R | Mode::RP | Mode::H | Mode::JP | Mode::JA => 1.0,
    }
}

/// What a person said, or has to say of a reply that there is not.
fn human(Asked { losses, label, .. }: &Asked) -> Option<f64> {
    let said = label.map(|acceptable| if acceptable { 0.0 } else { 1.0 });
    if losses.failed { Some(1.0) } else { said }
}

fn corrected(Asked { draw, block, .. }: &Asked, judge: f64, human: Option<f64>) -> Option<f64> {
    let judged = block.eta? * judge;
    let audit = if draw.audited { (human? - judged) / draw.audit_prob? } else { 0.0 };
    Some(judged + audit)
}
