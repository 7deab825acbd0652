//! What the gate demands, from the pipeline, with what the policy says now: one place, so that
//! `report`, `promote` and the console weigh alike.

use crate::{
    place::Place,
    warehouse::{self, Look},
};
use anyhow::Result;
use exchange::Timestamp;
use pipeline::{CategoryDef, Pipeline, Target};
use policy::{Policy, Promoted};
use report::{CandidateRule, CategoryRule, Demand, JudgeRule, Limits, Rules, Spending};

/// A deployment's lake as of a moment, and the rules by which it is weighed from there.
pub(crate) async fn look(
    place: &Place,
    pipeline: &Pipeline,
    as_of: Timestamp,
) -> Result<(Look, Rules)> {
    let look = warehouse::look(place, as_of, Limits::default()).await?;
    let history = place.policies().all().await?;
    let rules = of(pipeline, &history, &look, as_of);
    Ok((look, rules))
}

/// The rules by which a look is weighed, under the newest of all policies, oldest first.
pub(crate) fn of(
    pipeline: &Pipeline,
    history: &[Policy],
    look: &Look,
    decided_at: Timestamp,
) -> Rules {
    let served = policy::served(history);
    let category = |category: &CategoryDef| CategoryRule {
        category: category.name.clone(),
        demand: match category.target {
            Target::Bar(bar) => Demand::Bar(bar),
            Target::Margin(margin) => Demand::Margin(margin),
        },
        gate: category.gate.clone(),
        judge: judge(pipeline, category),
        allowed_providers: category.allowed_providers.clone(),
        candidates: candidates(pipeline, served.get(&category.name), category),
    };
    Rules {
        decided_at,
        lake_version: look.versions.clone(),
        prices: pipeline.price_book(),
        providers: pipeline
            .models
            .iter()
            .map(|model| (model.name.clone(), model.provider.clone()))
            .collect(),
        categories: pipeline.categories.iter().map(category).collect(),
    }
}

/// What the pipeline lets be spent on its trials.
pub(crate) fn spending(pipeline: &Pipeline) -> Spending {
    let granted = pipeline.categories.iter().map(|it| (it.name.clone(), it.sampling));
    Spending { per_day: pipeline.budget.total, granted: granted.collect() }
}

/// Who judges a category, by the digests that their scores carry.
fn judge(pipeline: &Pipeline, category: &CategoryDef) -> Option<JudgeRule> {
    let judge = pipeline.judge.as_ref().filter(|_| category.asks_judge())?;
    Some(JudgeRule {
        versions: judge.models().map(|model| score::judge::digest(model, &judge.rubric)).collect(),
        youden: judge.youden_taken(),
    })
}

fn candidates(
    pipeline: &Pipeline,
    promoted: Option<&Promoted>,
    category: &CategoryDef,
) -> Vec<CandidateRule> {
    let rule = |candidate: &String| {
        let model = pipeline.model(candidate);
        CandidateRule {
            candidate: candidate.clone(),
            definition_digest: pipeline.definition_digest(&category.name, candidate),
            provider: model.map(|model| model.provider.clone()).unwrap_or_default(),
            priced: model.is_some_and(|model| !model.prices.is_empty()),
            serving: promoted.filter(|promoted| promoted.candidate == *candidate).cloned(),
        }
    };
    category.candidates.iter().map(rule).collect()
}
