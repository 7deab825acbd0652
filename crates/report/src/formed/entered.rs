//! What one asked call enters into its conversation, by the mode of its cell; the same that
//! `sql/asked.sql` says. Anything that is still out is `None`, and whatever is made of it too.

use confidence::Mode;

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
}

/// What was declared for a cell's day before it began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    pub(super) eta: Option<f64>,
    pub(super) a_hat: Option<f64>,
    pub(super) rho: Option<f64>,
    pub(super) kappa: Option<f64>,
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

/// Weight and loss of an asked call (docs/confidence.md, "Modes" and "Sampling").
pub(super) fn entered(asked: &Asked, terms: &Terms) -> Entered {
    let loss = loss(asked, terms.mode);
    let worst = match terms.mode {
        Mode::PPI | Mode::AA => terms.loss_hi,
        Mode::R | Mode::RP | Mode::H | Mode::JP | Mode::JA => 1.0,
    };
    Entered {
        weight: weight(asked, terms.mode),
        loss: if asked.expired { loss.or(Some(worst)) } else { loss },
        missing: loss.is_none(),
    }
}

/// Whether a sampled call counts: in mode H only those that people were asked about do.
pub(super) fn counts(draw: &Draw, mode: Mode) -> bool {
    match mode {
        Mode::H => draw.audited,
        Mode::R | Mode::RP | Mode::PPI | Mode::JP | Mode::JA | Mode::AA => true,
    }
}

/// Whether what people said enters a loss of this mode.
pub(super) fn asks_people(mode: Mode) -> bool {
    match mode {
        Mode::H | Mode::PPI => true,
        Mode::R | Mode::RP | Mode::JP | Mode::JA | Mode::AA => false,
    }
}

fn weight(Asked { draw, block, .. }: &Asked, mode: Mode) -> Option<f64> {
    match mode {
        Mode::H => Some(draw.pi_floor? * block.kappa? / (draw.pi? * draw.audit_prob?)),
        Mode::R | Mode::RP | Mode::PPI | Mode::JP | Mode::JA | Mode::AA => {
            Some(draw.pi_floor? / draw.pi?)
        }
    }
}

fn loss(asked: &Asked, mode: Mode) -> Option<f64> {
    let Asked { draw, losses, label, control_asked, block, .. } = asked;
    let label = label.map(|acceptable| if acceptable { 0.0 } else { 1.0 });
    match mode {
        Mode::R | Mode::JA => losses.candidate,
        Mode::RP | Mode::JP => Some(losses.candidate? - losses.reference?),
        Mode::H => label,
        Mode::PPI => {
            let judged = block.eta? * losses.candidate?;
            let audit = if draw.audited { (label? - judged) / draw.audit_prob? } else { 0.0 };
            Some(judged + audit)
        }
        Mode::AA => {
            let expected = block.a_hat?;
            let seen = if *control_asked { (losses.control? - expected) / block.rho? } else { 0.0 };
            Some(losses.candidate? - (expected + seen))
        }
    }
}
