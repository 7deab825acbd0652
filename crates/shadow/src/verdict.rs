//! What the scores of one reply add up to, by the mode of its cell.
//!
//! The statistics read three numbers, each a loss in [0, 1]: the candidate's, and by the same
//! scorers the reference's and the control's. No number is ever invented: a scorer that abstains
//! leaves its loss out, and the statistics wait for it, then count the worst.

use crate::{CategoryWork, judge, replay::Failed, rows::score::ScoreRow};
use confidence::Mode;
use exchange::{Arm, Block, Call, Reply};
use score::{Score, Subject};
use upstream::Fault;

/// From this loss on a reply is shown as unacceptable.
pub(crate) const UNACCEPTABLE_LOSS: f64 = 0.5;

/// A loss that nothing can make greater.
const FULL_LOSS: f64 = 1.0;

const BOTH_BLOCKED: &str = "a content policy stopped this reply and the reference's";
const REFERENCE_BLOCKED: &str = "a content policy stopped the reference's reply alone";

/// What a candidate's reply is compared with.
pub(crate) struct Replies<'a> {
    pub(crate) call: &'a Call,
    pub(crate) reference: Subject<'a>,
    /// The control's reply or failure, where one was asked.
    pub(crate) control: Option<Result<&'a Reply, &'a Failed>>,
}

/// What a reply comes to. Without a loss there is no verdict, and `reason` says why.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) loss: Option<f64>,
    pub(crate) reference_loss: Option<f64>,
    pub(crate) control_loss: Option<f64>,
    pub(crate) reason: String,
    pub(crate) scores: Vec<ScoreRow>,
}

/// A verdict that a judge may still have to complete.
pub(crate) struct Scored {
    pub(crate) verdict: Verdict,
    pub(crate) needs_judge: bool,
}

impl Verdict {
    /// The one number for a reader; the statistics make their own from the parts.
    pub(crate) fn loss_report(&self, mode: Mode) -> Option<f64> {
        let loss = self.loss?;
        match mode {
            Mode::RP | Mode::JP => Some(loss - self.reference_loss?),
            Mode::AA => Some(loss - self.control_loss?),
            Mode::R | Mode::H | Mode::PPI | Mode::JA => Some(loss),
        }
    }
}

impl Scored {
    pub(crate) fn undecided(self, reason: &str) -> Verdict {
        Verdict { loss: None, reason: reason.to_owned(), ..self.verdict }
    }
}

/// The verdict on a candidate without a reply of use: the full loss, unless it is our own failure.
pub(crate) fn of_failure(work: &CategoryWork, replies: &Replies<'_>, failed: &Failed) -> Verdict {
    let reason = format!("{}: {}", failed.fault.name(), failed.error);
    let loss = match failed.fault {
        Fault::Candidate | Fault::Provider => Some(FULL_LOSS),
        Fault::Ours => None,
    };
    let mut verdict = Verdict { loss, reason, ..Verdict::default() };
    match work.mode {
        Mode::AA => agree_control(work, replies, &mut verdict),
        Mode::R | Mode::RP | Mode::H | Mode::PPI | Mode::JP | Mode::JA => {
            let scores = work.scorers.score_absolute(replies.call, replies.reference);
            // A reference on which the rules have no word counts as perfect here: the failure
            // stays whole.
            let by_rules = rules_loss(work, &scores, replies.reference.reply);
            verdict.reference_loss = Some(by_rules.unwrap_or(0.0));
            verdict.scores = rows(Arm::Reference, None, scores);
        }
    }
    verdict
}

/// What the deterministic scorers say of a candidate's reply.
pub(crate) fn by_rules(
    work: &CategoryWork,
    replies: &Replies<'_>,
    candidate: &str,
    subject: Subject<'_>,
) -> Scored {
    match work.mode {
        Mode::AA => {
            let agreed = agreement(work, replies, subject.reply);
            let mut verdict =
                Verdict { loss: agreed.loss, reason: agreed.reason, ..Verdict::default() };
            verdict.scores = rows(Arm::Candidate, Some(candidate), agreed.scores);
            agree_control(work, replies, &mut verdict);
            Scored { verdict, needs_judge: false }
        }
        Mode::R | Mode::RP | Mode::H | Mode::PPI | Mode::JP | Mode::JA => {
            absolute(work, replies, candidate, subject)
        }
    }
}

/// Completes what the rules left open. The candidate's loss is the greater of the two. The reference's is
/// the judge's word alone: of the candidate's bad replies the judge sees a part only, and a failure of the
/// reference that counted whole beside them would make the candidate look better than it is
/// (docs/confidence.md, "Measuring the judge").
pub(crate) fn by_judge(scored: Scored, judged: judge::Judged) -> Verdict {
    let Scored { mut verdict, .. } = scored;
    verdict.scores.extend(judged.scores);
    verdict.reason = judged.reason;
    let Some(losses) = judged.losses else {
        return Verdict { loss: None, reference_loss: None, ..verdict };
    };
    verdict.loss = verdict.loss.map(|rules| rules.max(losses.candidate));
    verdict.reference_loss = verdict.reference_loss.map(|_rules| losses.reference);
    verdict
}

fn absolute(
    work: &CategoryWork,
    replies: &Replies<'_>,
    candidate: &str,
    subject: Subject<'_>,
) -> Scored {
    let reply = subject.reply;
    let ours = work.scorers.score_absolute(replies.call, subject);
    let theirs = work.scorers.score_absolute(replies.call, replies.reference);
    let reason = match (blocked(reply), blocked(replies.reference.reply)) {
        (Some(_), Some(_)) => BOTH_BLOCKED.to_owned(),
        (Some(why), None) => why.to_owned(),
        (None, Some(_) | None) => score::verdict(&ours, &work.verdict).reason,
    };
    let mut verdict = Verdict {
        loss: rules_loss(work, &ours, reply),
        reference_loss: rules_loss(work, &theirs, replies.reference.reply),
        reason,
        ..Verdict::default()
    };
    verdict.scores = rows(Arm::Candidate, Some(candidate), ours);
    verdict.scores.extend(rows(Arm::Reference, None, theirs));
    let (loss, reference_loss) = (verdict.loss, verdict.reference_loss);
    let needs_judge = match work.mode {
        Mode::R | Mode::RP | Mode::H | Mode::AA => false,
        // A rule that the candidate failed makes the judge superfluous: the reference's loss is
        // then what the rules say of it, which can only speak against the candidate. One that the
        // reference failed does not: an unjudged candidate would pass as perfect beside it.
        Mode::JP => open(loss) && reference_loss.is_some(),
        Mode::JA | Mode::PPI => open(loss),
    };
    if work.mode.is_paired() && reference_loss.is_none() {
        verdict.loss = None;
    }
    Scored { verdict, needs_judge }
}

/// Whether a judge could still change a loss.
fn open(loss: Option<f64>) -> bool {
    loss.is_some_and(|loss| loss < FULL_LOSS)
}

/// What the rules make of a reply. Without any rule there is no word, unless a judge is to follow. What a
/// content policy stopped is as bad as a reply can be, the reference's too: where both were stopped,
/// paired modes see no difference.
pub(crate) fn rules_loss(work: &CategoryWork, scores: &[Score], reply: &Reply) -> Option<f64> {
    if blocked(reply).is_some() {
        return Some(FULL_LOSS);
    }
    if scores.is_empty() {
        work.mode.asks_judge().then_some(0.0)
    } else {
        score::verdict(scores, &work.verdict).loss
    }
}

/// Why a reply is none, where a content policy stopped it.
fn blocked(reply: &Reply) -> Option<&'static str> {
    Some(match reply.block()? {
        Block::Filter => "a content filter stopped the reply",
        Block::Refusal => "the model refused",
    })
}

/// How far a reply agrees with the reference's.
struct Agreed {
    loss: Option<f64>,
    reason: String,
    scores: Vec<Score>,
}

/// Where a content policy stopped one of the two, nothing is left to compare: they disagree altogether,
/// and where it stopped both, they agree.
fn agreement(work: &CategoryWork, replies: &Replies<'_>, reply: &Reply) -> Agreed {
    let reference = replies.reference.reply;
    let (loss, reason) = match (blocked(reply), blocked(reference)) {
        (None, None) => {
            let scores = work.scorers.score_agreement(replies.call, reply, reference);
            let said = score::verdict(&scores, &work.verdict);
            return Agreed { loss: said.loss, reason: said.reason, scores };
        }
        (Some(_), Some(_)) => (0.0, BOTH_BLOCKED),
        (Some(why), None) => (FULL_LOSS, why),
        (None, Some(_)) => (FULL_LOSS, REFERENCE_BLOCKED),
    };
    Agreed { loss: Some(loss), reason: reason.to_owned(), scores: Vec::new() }
}

/// The control's disagreement with the reference: the noise that a candidate is measured against.
/// Without it there is no verdict.
fn agree_control(work: &CategoryWork, replies: &Replies<'_>, verdict: &mut Verdict) {
    let why = match replies.control {
        Some(Ok(control)) => {
            let agreed = agreement(work, replies, control);
            verdict.control_loss = agreed.loss;
            verdict.scores.extend(rows(Arm::Control, None, agreed.scores));
            "the scorers abstained on the control".to_owned()
        }
        Some(Err(failed)) => format!("the control failed: {}", failed.error),
        None => "no control was asked".to_owned(),
    };
    if verdict.control_loss.is_none() {
        verdict.loss = None;
        verdict.reason = why;
    }
}

pub(crate) fn rows(arm: Arm, candidate: Option<&str>, scores: Vec<Score>) -> Vec<ScoreRow> {
    let row = |score: Score| ScoreRow {
        arm,
        candidate: candidate.map(ToOwned::to_owned),
        scorer: score.scorer,
        scorer_digest: score.scorer_digest,
        trial: score.trial,
        kind: score.kind.name(),
        value: score.value,
        abstained: score.value.is_none(),
        reason: Some(score.reason).filter(|reason| !reason.is_empty()),
        cost_usd: None,
    };
    scores.into_iter().map(row).collect()
}
