//! What scorers said of a reply before.

use crate::{
    JudgeWork, StoredScore,
    judge::{Judged, Losses, SCORER},
    rows::score::ScoreRow,
};
use std::collections::{BTreeMap, BTreeSet};

/// What these very judges said of this very pair before; `None` where a word is missing, because a
/// judge that abstained may be asked again.
pub(super) fn known(words: &[StoredScore], judge: &JudgeWork) -> Option<Judged> {
    let digest = |model: &str| score::judge::digest(model, &judge.rubric);
    let digests: BTreeSet<String> = judge.models().map(digest).collect();
    let trials = digests.len() * 2 * judge.repeats.max(1) as usize;
    // Which reply they liked better is kept beside their word, under a name of its own.
    let is_word =
        |word: &&StoredScore| word.scorer == SCORER && digests.contains(&word.scorer_digest);
    let of_judges = || words.iter().filter(is_word);
    let said = |arm: exchange::Arm| {
        let mut losses: BTreeMap<(&String, &Option<String>), f64> = BTreeMap::new();
        for word in of_judges().filter(|word| word.arm == arm) {
            losses.insert((&word.scorer_digest, &word.trial), 1.0 - word.value?);
        }
        let is_whole = losses.len() == trials;
        is_whole.then(|| losses.values().sum::<f64>() / trials as f64)
    };
    let losses = Losses {
        candidate: said(exchange::Arm::Candidate)?,
        reference: said(exchange::Arm::Reference)?,
    };
    let reasons = of_judges().filter(|word| word.arm == exchange::Arm::Candidate);
    let reasons: Vec<&str> = reasons.filter_map(|word| word.reason.as_deref()).collect();
    Some(Judged { losses: Some(losses), scores: Vec::new(), reason: reasons.join(" / ") })
}

pub(super) fn is_same(word: &StoredScore, score: &ScoreRow) -> bool {
    (word.arm, &word.candidate, &word.scorer) == (score.arm, &score.candidate, &score.scorer)
        && (&word.scorer_digest, &word.trial) == (&score.scorer_digest, &score.trial)
}
