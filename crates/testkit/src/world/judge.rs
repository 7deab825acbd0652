//! The scripted judge: it knows the case's file, reads both summaries, and errs at a known rate.

use super::question::{CLOSED_WITH, IN_SHORT, ON_FILE};
use crate::chance;
use serde_json::json;

/// The probability that the judge objects to a wrong summary.
pub const JUDGE_SENSITIVITY: f64 = 0.97;
/// The probability that it does not object to a right one.
pub const JUDGE_SPECIFICITY: f64 = 0.995;

/// What the judge says to `prompt`: the case and two replies, in whatever frame. Without two
/// summaries and the file it says so in words, which nobody should take for a verdict.
pub(crate) fn judge(seed: u64, prompt: &str) -> String {
    let Some((first, second)) = summaries(prompt) else {
        return "I need the case's file and two summaries that begin with `In short:`.".to_owned();
    };
    let [first, second] = [first, second].map(|summary| accepts(seed, prompt, summary));
    let preferred = match (first, second) {
        (true, false) => "first",
        (false, true) => "second",
        (true, true) | (false, false) => "tie",
    };
    json!({
        "first_acceptable": first,
        "second_acceptable": second,
        "preferred": preferred,
        "reason": "whether the outcome is the one on file",
    })
    .to_string()
}

/// The last two summaries: a transcript before them may hold more.
fn summaries(prompt: &str) -> Option<(&str, &str)> {
    let mut summaries = prompt.rmatch_indices(IN_SHORT).map(|(at, _)| sentence(&prompt[at..]));
    let second = summaries.next()?;
    Some((summaries.next()?, second))
}

/// Whether the judge finds a summary acceptable. Its error hangs on the summary alone, so the order
/// in which it is shown does not change it.
fn accepts(seed: u64, prompt: &str, summary: &str) -> bool {
    let claim = &summary[IN_SHORT.len()..];
    let case = claim.split_once(CLOSED_WITH).map_or(claim, |(case, _)| case);
    let file = format!("{ON_FILE}{case}{CLOSED_WITH}");
    let on_file = prompt.find(&file).map(|at| &sentence(&prompt[at..])[ON_FILE.len()..]);
    let luck = chance::unit(seed, &["judge", summary]);
    if on_file == Some(claim) { luck < JUDGE_SPECIFICITY } else { luck >= JUDGE_SENSITIVITY }
}

fn sentence(text: &str) -> &str {
    text.split_once('.').map_or(text, |(sentence, _)| sentence)
}
