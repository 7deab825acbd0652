use crate::Score;

/// What the scores of one reply add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How much was lost, from 0 to 1; `None` where there is no verdict.
    pub loss: Option<f64>,
    /// Which scorer said so, and why, in words.
    pub reason: String,
}

/// The verdict: the greatest loss that any scorer saw, whatever their order.
///
/// The worst counts, not the mean, because a reply that breaks one requirement is not saved by
/// meeting the others. Every scorer must have spoken: one that abstained might have been the worst,
/// so without it there is no verdict, and without any scorer neither.
#[must_use]
pub fn verdict(scores: &[Score]) -> Verdict {
    if scores.is_empty() {
        return Verdict { loss: None, reason: "no scorer has spoken".to_owned() };
    }
    let silent = said(scores, |score| score.value.is_none());
    if !silent.is_empty() {
        return Verdict { loss: None, reason: format!("abstained: {silent}") };
    }
    let losses = scores.iter().filter_map(|score| score.value).map(|value| 1.0 - value);
    let failed = said(scores, |score| score.value.is_some_and(|value| value < 1.0));
    let reason = if failed.is_empty() { "every scorer passed".to_owned() } else { failed };
    Verdict { loss: Some(losses.fold(0.0, f64::max)), reason }
}

/// The words of some scorers, sorted, so that the same scores always read the same.
fn said(scores: &[Score], of: impl Fn(&Score) -> bool) -> String {
    let word = |score: &Score| match score.reason.as_str() {
        "" => score.scorer.clone(),
        reason => format!("{}: {reason}", score.scorer),
    };
    let mut words: Vec<String> = scores.iter().filter(|score| of(score)).map(word).collect();
    words.sort();
    words.join("; ")
}
