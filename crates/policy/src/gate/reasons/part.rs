//! Vetoes by a part of the cell (its recent days, its long conversations, what was lost) in words that
//! hold whatever the whole says.

use crate::decision::{Code, Reason};
use confidence::{Evidence, Mode};

/// How the mean of the whole cell stands to the bar. A veto by a part of it means one thing where the
/// whole is good, and nothing of its own where the whole is not.
#[derive(Clone, Copy)]
enum Whole {
    Unseen,
    Good,
    Bad,
    Refuted,
}

impl Whole {
    fn of(evidence: &Evidence) -> Self {
        match evidence.quality {
            _ if evidence.refuted => Self::Refuted,
            None => Self::Unseen,
            Some(quality) if 1.0 - quality <= evidence.tau => Self::Good,
            Some(_) => Self::Bad,
        }
    }
}

/// What the veto of a part comes to where the whole is refuted.
const SAID_BY_REFUTED: &str = "no matter of its own: `refuted` says it of the whole";

/// The drift detector's alarm: for some stretch, or all along, quality was under the bar.
pub(super) fn drift(evidence: &Evidence) -> Reason {
    let (figure, remedy) = match Whole::of(evidence) {
        Whole::Unseen | Whole::Good => (
            "quality was under the bar for a part of the epoch",
            "find what changed, then start a new epoch",
        ),
        Whole::Bad => (
            "quality is under the bar in the epoch as a whole, too",
            "see day by day whether it fell (find what changed, then start a new epoch) or never \
             was better (try another candidate)",
        ),
        Whole::Refuted => {
            ("quality is under the bar in the epoch as a whole, too", SAID_BY_REFUTED)
        }
    };
    Reason {
        code: Code::Drift,
        figure: figure.to_owned(),
        limit: "no alarm".to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// What changes the mean of the recent days.
pub(super) fn recent(figure: Option<f64>, evidence: &Evidence) -> &'static str {
    if figure.is_none() {
        return "observe on: no conversation of the last three days is counted";
    }
    match Whole::of(evidence) {
        Whole::Unseen | Whole::Good => "a veto, not a failure: look again tomorrow",
        Whole::Bad => "the whole epoch is under the bar, too: waiting alone mends nothing",
        Whole::Refuted => SAID_BY_REFUTED,
    }
}

/// What changes the mean over calls.
pub(super) fn request_weighted(evidence: &Evidence) -> &'static str {
    match Whole::of(evidence) {
        Whole::Unseen => "it needs conversations to judge by",
        Whole::Good => "long conversations do worse than short ones: split the category by length",
        Whole::Bad => {
            "counted by conversations it is under the bar, too: length alone is not what is amiss"
        }
        Whole::Refuted => SAID_BY_REFUTED,
    }
}

/// What has no loss when its time is over counts as the worst, whoever kept it.
pub(super) fn lost(mode: Mode) -> &'static str {
    match mode {
        Mode::R | Mode::RP | Mode::AA => {
            "mend what fails on our side (see `failed` in coverage) and observe on"
        }
        Mode::JP | Mode::JA => {
            "mend what fails on our side (see `failed` in coverage), see where the judge gives no \
             word, and observe on"
        }
        Mode::H => {
            "label all that is drawn for it (`foreshadow label`), mend what fails on our side (see \
             `failed` in coverage), and observe on"
        }
        Mode::PPI => {
            "label all that is drawn for it (`foreshadow label`), see where the judge gives no word, \
             mend what fails on our side (see `failed` in coverage), and observe on"
        }
    }
}
