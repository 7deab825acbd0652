//! What scorers said of a reply before.

use crate::{
    JudgeWork, StoredScore,
    judge::{Judged, Losses},
    rows::score::ScoreRow,
};
use std::collections::BTreeMap;

/// What this very judge said of this very pair before; `None` where a word is missing, because a
/// judge that abstained may be asked again.
pub(super) fn known(words: &[StoredScore], judge: &JudgeWork) -> Option<Judged> {
    let digest = score::judge::digest(&judge.model, &judge.rubric);
    let trials = 2 * judge.repeats.max(1) as usize;
    let said = |arm: exchange::Arm| {
        let mut of_arm: BTreeMap<&Option<String>, f64> = BTreeMap::new();
        for word in words.iter().filter(|word| word.arm == arm && word.scorer_digest == digest) {
            of_arm.insert(&word.trial, 1.0 - word.value?);
        }
        let losses = (of_arm.len() == trials).then(|| of_arm.values().sum::<f64>());
        losses.map(|sum| sum / trials as f64)
    };
    let losses = Losses {
        candidate: said(exchange::Arm::Candidate)?,
        reference: said(exchange::Arm::Reference)?,
    };
    let reasons = words
        .iter()
        .filter(|word| word.scorer_digest == digest && word.arm == exchange::Arm::Candidate);
    let reasons: Vec<&str> = reasons.filter_map(|word| word.reason.as_deref()).collect();
    Some(Judged { losses: Some(losses), scores: Vec::new(), reason: reasons.join(" / ") })
}

pub(super) fn is_same(word: &StoredScore, score: &ScoreRow) -> bool {
    (word.arm, &word.candidate, &word.scorer) == (score.arm, &score.candidate, &score.scorer)
        && (&word.scorer_digest, &word.trial) == (&score.scorer_digest, &score.trial)
}
