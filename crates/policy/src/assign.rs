//! Which arms the copy of an exchange is put to, with what probability: decided, and recorded,
//! before any shadow call.
//!
//! A conversation is sampled by one draw a day and each call inside it by another, both hashes, so
//! the probability is the same for every call of a conversation and a re-run decides the same. The
//! draw is made anew each UTC day because keys come back: one that carries much of the traffic,
//! say a prompt that a job repeats, must not be out of sight for good by one unlucky hash. All
//! arms of an exchange share the draw: candidates and control see the same calls, and one that is
//! asked less ([`crate::allot`]) sees a part of them. What cannot be
//! asked is decided *before* the draw, with probability zero: evidence must not depend on which
//! answers failed to come.

use crate::chance::{Chance, Purpose, Share};
use exchange::{Arm, Call, Capture, Date, ExchangeId};
use std::fmt;

/// The endpoint of a call that no dialect understood.
const OPAQUE: &str = "opaque";

/// What share of the traffic is put to the arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Of the conversations.
    pub conversations: Share,
    /// Of the calls inside a sampled conversation.
    pub calls: Share,
    /// Of the calls that are asked: those that a person is asked to label. It is drawn here, before
    /// any reply is seen, because only a label that chance asked for speaks for all.
    pub audit: Share,
}

impl Sampling {
    /// Everything, and no label of it.
    pub const ALL: Self = Self { conversations: Share::ALL, calls: Share::ALL, audit: Share::NONE };

    /// The probability with which a call is asked: both draws have to admit it.
    #[must_use]
    pub fn probability(self) -> f64 {
        self.conversations.value() * self.calls.value()
    }

    /// As much of it as a block that declared `pi` has promised: fewer conversations, never more,
    /// and as many calls of each as before.
    #[must_use]
    pub fn within(self, pi: f64) -> Self {
        let conversations = pi / self.calls.value();
        let promised = if conversations > 1.0 {
            Share::ALL
        } else {
            // What is no number is no promise.
            Share::new(conversations).unwrap_or(Share::NONE)
        };
        Self { conversations: self.conversations.min(promised), ..self }
    }
}

/// One exchange, as the draw sees it.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// Makes the draws of this deployment its own.
    pub salt: &'a str,
    /// The exchange's category: categories are drawn for independently.
    pub category: &'a str,
    /// The exchange.
    pub exchange: ExchangeId,
    /// Its conversation, of the sessionised key or the plain one; the same for all its calls.
    pub conversation: &'a str,
    /// The UTC day of the call.
    pub day: Date,
}

/// An arm that exchanges of a category are put to.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmOnTrial {
    /// Which side.
    pub arm: Arm,
    /// The candidate; `None` for a control, which all candidates share.
    pub candidate: Option<String>,
    /// The cell; `None` for a control.
    pub cell: Option<String>,
    /// What share of the category this arm is asked.
    pub sampling: Sampling,
    /// The least probability that the day's block declared.
    pub pi_floor: f64,
    /// Why the call is not put to this arm alone: it cannot be said in the arm's dialect, or not as the
    /// category demands.
    pub unsaid: Option<Ineligible>,
    /// Why this arm is not asked at present.
    pub withheld: Option<Withheld>,
}

/// What was decided for one arm of one exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Which side.
    pub arm: Arm,
    /// The candidate; `None` for a control.
    pub candidate: Option<String>,
    /// The cell; `None` for a control.
    pub cell: Option<String>,
    /// The probability with which the arm was to be asked.
    pub pi: f64,
    /// The least probability of the block, and never more than `pi` where that is not zero.
    pub pi_floor: f64,
    /// Whether it is asked.
    pub sampled: bool,
    /// Why it cannot be asked honestly.
    pub ineligible: Option<Ineligible>,
    /// Why it is not asked, for want of budget or permission.
    pub withheld: Option<Withheld>,
}

/// Why an arm is not asked though it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withheld {
    /// The day's budget, or its pace, is spent.
    Budget,
    /// The category does not allow the arm's provider.
    Provider,
    /// The live path needs what is left of the provider's quota.
    LiveQuota,
    /// There is no key for the arm's provider.
    NoKey,
    /// The candidate cannot take such a call: too long, content that it does not read, a parameter
    /// that it refuses, a form of output that it cannot be held to.
    Capability,
    /// The evidence says that the candidate misses the bar: the day's block asks it nothing.
    Refuted,
}

impl Withheld {
    /// The reason's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Provider => "provider",
            Self::LiveQuota => "live_quota",
            Self::NoKey => "no_key",
            Self::Capability => "capability",
            Self::Refuted => "refuted",
        }
    }
}

/// Why an exchange cannot be replayed honestly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ineligible {
    /// No dialect understood the call.
    NotUnderstood,
    /// The reference did not answer well, so there is nothing to compare with.
    ReferenceError,
    /// The client hung up before the reply's end.
    Aborted,
    /// Call or reply were not seen whole.
    Truncated,
    /// A candidate served the live call, so there is no reply of the reference.
    ServedByCandidate,
    /// The content was altered before the journal, and no control answers the same altered call.
    Altered,
    /// The call rests on something that a replay does not have; the dialect says what.
    Unreplayable(String),
    /// Live, the reference would serve the call itself, because its conversation could not come back to it
    /// from the arm; the dialect says why.
    Bound(&'static str),
    /// The arm speaks another dialect, in which this part of the call cannot be said.
    Untranslatable(String),
    /// The arm speaks another dialect, in which this part of the call is not said as it was, and the
    /// category refuses that.
    Lossy(String),
}

impl fmt::Display for Ineligible {
    /// The reason's name in tables.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUnderstood => out.write_str("not_understood"),
            Self::ReferenceError => out.write_str("reference_error"),
            Self::Aborted => out.write_str("aborted"),
            Self::Truncated => out.write_str("truncated"),
            Self::ServedByCandidate => out.write_str("served_by_candidate"),
            Self::Altered => out.write_str("altered"),
            Self::Unreplayable(why) => write!(out, "unreplayable:{why}"),
            Self::Bound(why) => write!(out, "bound:{why}"),
            Self::Untranslatable(field) => write!(out, "untranslatable:{field}"),
            Self::Lossy(field) => write!(out, "lossy:{field}"),
        }
    }
}

/// What is known of an exchange when its eligibility is decided.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The read call.
    pub call: &'a Call,
    /// The reference's status.
    pub status: u16,
    /// Whether the reply was seen whole.
    pub capture: Capture,
    /// The candidate that served the live call, where one did.
    pub served_by: Option<&'a str>,
    /// How the content fared before the journal.
    pub content: Content,
}

/// How an exchange's content fared before the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// As it was.
    Untouched,
    /// Altered, and a control answers the same altered call.
    AlteredWithControl,
    /// Altered, and nothing answers the same altered call.
    Altered,
}

/// Whether an exchange can be replayed honestly. The strongest reason is given where there are
/// several.
#[must_use]
pub fn ineligible(observed: &Observed<'_>) -> Option<Ineligible> {
    if observed.call.endpoint == OPAQUE {
        return Some(Ineligible::NotUnderstood);
    }
    match observed.capture {
        Capture::Complete => {}
        Capture::Aborted => return Some(Ineligible::Aborted),
        Capture::Truncated => return Some(Ineligible::Truncated),
    }
    if !(200..300).contains(&observed.status) {
        return Some(Ineligible::ReferenceError);
    }
    if observed.served_by.is_some() {
        return Some(Ineligible::ServedByCandidate);
    }
    if let Some(why) = observed.call.unreplayable.first() {
        return Some(Ineligible::Unreplayable(why.clone()));
    }
    (observed.content == Content::Altered).then_some(Ineligible::Altered)
}

/// Decides for every arm of one exchange.
#[must_use]
pub fn assign(
    draw: &Draw<'_>,
    ineligible: Option<&Ineligible>,
    arms: &[ArmOnTrial],
) -> Vec<Assignment> {
    let chances = Chances::of(draw);
    let decide = |trial: &ArmOnTrial| {
        let ineligible = ineligible.cloned().or_else(|| trial.unsaid.clone());
        let asked = ineligible.is_none() && trial.withheld.is_none();
        let pi = trial.sampling.probability();
        Assignment {
            arm: trial.arm,
            candidate: trial.candidate.clone(),
            cell: trial.cell.clone(),
            pi: if asked { pi } else { 0.0 },
            // A rate lowered in the middle of a block would break the block's promise for the
            // calls that follow; their own probability is then the least.
            pi_floor: trial.pi_floor.min(pi),
            sampled: asked && chances.admit(trial.sampling),
            // Each arm ends in one place only, and what cannot be asked is not withheld too.
            withheld: if ineligible.is_none() { trial.withheld } else { None },
            ineligible,
        }
    };
    arms.iter().map(decide).collect()
}

/// Whether a person is asked to label a call, drawn with probability `audit`: for all its candidates
/// at once, so that both replies of a pair are seen by the same eyes.
#[must_use]
pub fn audits(salt: &str, category: &str, exchange: ExchangeId, audit: Share) -> bool {
    let exchange = exchange.to_string();
    audit.admits(Chance::of(salt, Purpose::Audit, &[category, &exchange]))
}

/// The two numbers that an exchange drew. All its arms share them, so an arm that is asked less is
/// asked about a part of what the others are.
struct Chances {
    conversation: Chance,
    call: Chance,
}

impl Chances {
    fn of(draw: &Draw<'_>) -> Self {
        let day = draw.day.to_string();
        let conversation = [draw.category, draw.conversation, &day];
        let exchange = draw.exchange.to_string();
        Self {
            conversation: Chance::of(draw.salt, Purpose::SampleConversation, &conversation),
            call: Chance::of(draw.salt, Purpose::SampleCall, &[draw.category, &exchange]),
        }
    }

    fn admit(&self, sampling: Sampling) -> bool {
        sampling.conversations.admits(self.conversation) && sampling.calls.admits(self.call)
    }
}
