//! What the scores of one reply add up to, by a rule that the category sets.

use crate::Score;
use std::collections::BTreeMap;

/// What the scores of one reply add up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How much was lost, from 0 to 1; `None` where there is no verdict.
    pub loss: Option<f64>,
    /// Which scorer said so, and why, in words.
    pub reason: String,
}

/// How the losses of the scorers that count become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Every scorer must pass: the greatest loss. A reply that breaks one requirement is not saved by
    /// meeting the others.
    #[default]
    All,
    /// One scorer that passes is enough: the least loss. For requirements that stand in for one another.
    Any,
    /// The weighted mean of the losses. For parts of one whole, such as fields of a form.
    Mean,
}

impl Combine {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::All, Self::Any, Self::Mean];

    /// Its name in pipelines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::Mean => "mean",
        }
    }
}

/// What a scorer's word is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// It counts, with this weight where a mean is taken.
    Required {
        /// Above 0; the mean is over the sum of the weights.
        weight: f64,
    },
    /// It is recorded for readers, and changes no verdict.
    Informs,
}

impl Default for Role {
    fn default() -> Self {
        Self::Required { weight: 1.0 }
    }
}

/// A category's rule: how scores add up, and which scorers do not count like the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VerdictRule {
    /// How losses become one.
    pub combine: Combine,
    /// By a scorer's digest; who is not named is required, with weight 1.
    pub roles: BTreeMap<String, Role>,
}

impl VerdictRule {
    fn weight(&self, score: &Score) -> Option<f64> {
        match self.roles.get(&score.scorer_digest).copied().unwrap_or_default() {
            Role::Required { weight } => Some(weight),
            Role::Informs => None,
        }
    }
}

/// What scores add up to by a rule, whatever their order.
///
/// Every scorer that could change the loss must have spoken: where one that abstained might have been
/// the worst (or, where one pass is enough, the best), there is no verdict, and without any scorer
/// that counts neither.
#[must_use]
pub fn verdict(scores: &[Score], rule: &VerdictRule) -> Verdict {
    let counted: Vec<(f64, &Score)> =
        scores.iter().filter_map(|score| Some((rule.weight(score)?, score))).collect();
    if counted.is_empty() {
        return Verdict { loss: None, reason: "no scorer has spoken".to_owned() };
    }
    let mut losses: Vec<(f64, f64)> =
        counted.iter().filter_map(|(weight, score)| Some((*weight, 1.0 - score.value?))).collect();
    // Sums of floats depend on their order; the order of scores says nothing.
    losses.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    let least = losses.first().map(|(_, loss)| *loss);
    let is_settled = rule.combine == Combine::Any && least == Some(0.0);
    let silent = said(&counted, |score| score.value.is_none());
    if !silent.is_empty() && !is_settled {
        return Verdict { loss: None, reason: format!("abstained: {silent}") };
    }
    let loss = match rule.combine {
        Combine::All => losses.last().map(|(_, loss)| *loss),
        Combine::Any => least,
        Combine::Mean => Some(mean(&losses)),
    };
    Verdict { loss, reason: reason(&counted, rule.combine, loss) }
}

fn mean(losses: &[(f64, f64)]) -> f64 {
    let total: f64 = losses.iter().map(|(weight, _)| weight).sum();
    let lost: f64 = losses.iter().map(|(weight, loss)| weight * loss).sum();
    // Rounding must not leave the range.
    (lost / total).clamp(0.0, 1.0)
}

fn reason(counted: &[(f64, &Score)], combine: Combine, loss: Option<f64>) -> String {
    let failed = said(counted, |score| score.value.is_some_and(|value| value < 1.0));
    if failed.is_empty() {
        return "every scorer passed".to_owned();
    }
    if combine == Combine::Any && loss == Some(0.0) {
        let passed = said(counted, |score| score.value.is_some_and(|value| value >= 1.0));
        return format!("enough passed: {passed}");
    }
    failed
}

/// The words of some scorers, sorted, so that the same scores always read the same.
fn said(scores: &[(f64, &Score)], of: impl Fn(&Score) -> bool) -> String {
    let word = |(_, score): &(f64, &Score)| match score.reason.as_str() {
        "" => score.scorer.clone(),
        reason => format!("{}: {reason}", score.scorer),
    };
    let mut words: Vec<String> = scores.iter().filter(|(_, score)| of(score)).map(word).collect();
    words.sort();
    words.join("; ")
}
