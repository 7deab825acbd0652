//! Each reason of the gate in words: the figure, the limit, and what would change it.

mod part;

use super::{
    Epoch, GateRule, Judge, LossyTranslation, OBSERVATION_DAYS_FLOOR, ProductFacts, Serving,
    UnmeasuredJudge, observation_us_min, observed_us,
};
use crate::decision::{Code, Reason};
use confidence::{Blocker, BlockerName, Evidence, Level, family, forecast, judge::Shortfall};
use exchange::{DAY_US, Timestamp};

const NO_DATA: &str = "no data";

/// A blocker of the statistics.
pub(super) fn statistical(blocker: &Blocker, evidence: &Evidence) -> Reason {
    let (figure, limit, remedy) = match blocker.name {
        BlockerName::Confidence => {
            let limit = blocker.limit;
            (number(blocker.figure), at_least(limit, number), more_units(evidence, limit))
        }
        BlockerName::Drift => return part::drift(evidence),
        BlockerName::Lost => (
            format!("{} of the conversations miss a loss", percent(blocker.figure)),
            at_most(blocker.limit, percent),
            part::lost(evidence.mode).to_owned(),
        ),
        BlockerName::MinDays => (
            format!("conversations on {}", on_dates(blocker.figure)),
            at_least(blocker.limit, count),
            "observe on: a statement needs several days".to_owned(),
        ),
        BlockerName::MinUnits => (
            format!("{} conversations", count(blocker.figure)),
            at_least(blocker.limit, count),
            "observe on, or sample a larger share of the conversations".to_owned(),
        ),
        BlockerName::Propensity => (
            match blocker.figure.filter(|figure| figure.is_finite()) {
                Some(off) => format!("sampler off by {off:.4} standard deviations"),
                None => "a call was asked at a chance that is none, or was not promised".to_owned(),
            },
            at_most(blocker.limit, number),
            "the sample is not what was logged: look for lost assignments, then start a new epoch"
                .to_owned(),
        ),
        BlockerName::Recent => (
            format!("mean loss of the recent days {}", number(blocker.figure)),
            at_most(blocker.limit, number),
            part::recent(blocker.figure, evidence).to_owned(),
        ),
        BlockerName::RequestWeighted => (
            format!("mean loss call by call {}", number(blocker.figure)),
            at_most(blocker.limit, number),
            part::request_weighted(evidence).to_owned(),
        ),
        BlockerName::TopUser => (
            format!("one user holds {}", percent(blocker.figure)),
            at_most(blocker.limit, percent),
            "observe until others have called more, or give that tenant its own category"
                .to_owned(),
        ),
    };
    Reason { code: blocker.name.into(), figure, limit, remedy }
}

/// By the threshold that is demanded here; the forecast in the evidence knows only the usual one.
fn more_units(evidence: &Evidence, threshold: Option<f64>) -> String {
    let alpha = threshold.map_or(f64::NAN, |threshold| 1.0 - threshold - evidence.alpha_c);
    let weight = family::restarted_weight(evidence.family_weight, evidence.restarts);
    let units = Level::new(alpha)
        .ok()
        .and_then(|level| forecast::units_left(evidence.log_e, evidence.units, weight, level));
    match units {
        Some(units) => format!("about {units} more conversations at this quality would clear it"),
        None if evidence.units == 0 => "it needs conversations to judge by".to_owned(),
        None => "at this quality it will not clear: try another candidate or split the category"
            .to_owned(),
    }
}

/// The watch's alarm over a candidate that serves.
pub(super) fn fell(serving: &Serving) -> Reason {
    Reason {
        code: Code::Drift,
        figure: format!(
            "quality fell under the bar in the {} conversations compared since {}",
            serving.units, serving.since
        ),
        limit: "no alarm while it serves".to_owned(),
        remedy: "find what changed, then start a new epoch".to_owned(),
    }
}

/// Shorter than even a forced promotion allows.
pub(super) fn observation_floor(evidence: &Evidence, facts: &ProductFacts) -> Option<Reason> {
    let days = OBSERVATION_DAYS_FLOOR;
    too_short(Code::ObservationFloor, evidence, facts, Required { days, dates: days })
}

/// Shorter than the rule demands.
pub(super) fn observation(
    evidence: &Evidence,
    facts: &ProductFacts,
    rule: &GateRule,
) -> Option<Reason> {
    let required = Required { days: rule.observation_days, dates: rule.dates_min() };
    too_short(Code::Observation, evidence, facts, required)
}

struct Required {
    days: u32,
    dates: u32,
}

fn too_short(
    code: Code,
    evidence: &Evidence,
    facts: &ProductFacts,
    required: Required,
) -> Option<Reason> {
    let Required { days, dates } = required;
    let observed = observed_us(facts);
    let long_enough = observed.is_some_and(|us| us >= observation_us_min(days));
    if long_enough && evidence.days >= u64::from(dates) {
        return None;
    }
    let figure = match observed {
        None => "nothing assigned yet".to_owned(),
        Some(us) => {
            format!("{} observed, on {}", in_days(us), on_dates(Some(evidence.days as f64)))
        }
    };
    let remedy = match facts.first_assignment_at {
        None => "send traffic through the proxy and let the workers run".to_owned(),
        Some(first) if !long_enough => {
            format!("over at {}", first.plus(observation_us_min(days)))
        }
        Some(_) => "wait for conversations on more dates".to_owned(),
    };
    Some(Reason { code, figure, limit: format!("{days} days, on {dates} dates"), remedy })
}

/// Too much of the traffic is out of sight.
pub(super) fn blind_spot(evidence: &Evidence, rule: &GateRule) -> Option<Reason> {
    let found = evidence.coverage.blind_spot;
    if found.is_some_and(|share| share <= rule.blind_spot_max) {
        return None;
    }
    Some(Reason {
        code: Code::BlindSpot,
        figure: format!("{} of the traffic unseen", percent(found)),
        limit: at_most(Some(rule.blind_spot_max), percent),
        remedy: format!("see what is left out: {}", largest_gap(evidence)),
    })
}

fn largest_gap(evidence: &Evidence) -> String {
    let coverage = &evidence.coverage;
    let gaps = [
        ("ineligible", &coverage.ineligible),
        ("withheld", &coverage.withheld),
        ("failed", &coverage.failed),
    ];
    let counts = gaps.iter().flat_map(|(kind, by_reason)| {
        by_reason.iter().map(move |(reason, count)| (*count, format!("{kind} ({reason})")))
    });
    match counts.max() {
        Some((count, gap)) => format!("mostly {gap}, {count} exchanges"),
        None => "no exchange was counted".to_owned(),
    }
}

/// No price, or no certain saving.
pub(super) fn saving(facts: &ProductFacts) -> Option<Reason> {
    let Some(saving) = facts.saving else {
        return Some(Reason {
            code: Code::NoPrice,
            figure: "no price for the candidate or the reference".to_owned(),
            limit: "a price for both".to_owned(),
            remedy: "add `price` to both models in the pipeline".to_owned(),
        });
    };
    let certain = saving.lower > 0.0;
    (!certain).then(|| Reason {
        code: Code::NotCheaper,
        figure: format!(
            "saves {} ({} to {})",
            percent(Some(saving.share)),
            percent(Some(saving.lower)),
            percent(Some(saving.upper))
        ),
        limit: "over 0.0 % at the interval's lower end".to_owned(),
        remedy: "observe on for a narrower interval, or try a cheaper candidate".to_owned(),
    })
}

/// A judge that labels do not bear out, where the mode rests on it.
pub(super) fn judge(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Option<Reason> {
    let holds = rule.unmeasured_judge == UnmeasuredJudge::Holds;
    if !(evidence.mode.is_judged() && holds) {
        return None;
    }
    let (figure, limit, remedy) = match facts.judge {
        Judge::Measured => return None,
        Judge::Unmeasured => (
            format!("mode {} without labels", evidence.mode),
            "labels on both models' replies".to_owned(),
            "label a sample of replies (`foreshadow label`), or gate by rules",
        ),
        Judge::Short(Shortfall::Weak { proven, taken, labels }) => (
            format!("{labels} labels show the judge to be worth {proven:.4}"),
            format!("at least {taken:.4} of sensitivity + specificity - 1"),
            "label more of what is drawn for it, write a lower `youden_min` under [judge], or \
             choose a better judge; `foreshadow judge` has the figures",
        ),
        Judge::Short(Shortfall::Partial { gap, limit }) => (
            format!("its false flags on both models differ by {gap:.4} or more"),
            format!("at most {limit:.4}"),
            "choose a judge that is alike to both, or gate by labels (mode H)",
        ),
    };
    Some(Reason { code: Code::JudgeUnmeasured, figure, limit, remedy: remedy.to_owned() })
}

/// A provider that the category does not allow.
pub(super) fn provider(facts: &ProductFacts) -> Option<Reason> {
    (!facts.provider.is_allowed()).then(|| Reason {
        code: Code::ProviderNotAllowed,
        figure: format!("served by `{}`", facts.provider.name),
        limit: format!("one of {}", facts.provider.allowed.join(", ")),
        remedy: "choose a candidate of an allowed provider, or allow this one".to_owned(),
    })
}

/// Calls that were not said to the candidate as their callers said them, where none may be.
pub(super) fn lossy_translation(facts: &ProductFacts, rule: &GateRule) -> Option<Reason> {
    let translations = &facts.translations;
    let holds = match rule.lossy_translation {
        LossyTranslation::Allowed => false,
        LossyTranslation::Refused => translations.lossy > 0,
    };
    holds.then(|| Reason {
        code: Code::LossyTranslation,
        figure: format!(
            "{} of {} calls ({}) lost something: {}",
            translations.lossy,
            translations.asked,
            percent(translations.lossy_share()),
            translations.lost_in_words()
        ),
        limit: "no call that loses anything".to_owned(),
        remedy: "have callers leave these out, choose a candidate that speaks their dialect, or \
                 write `lossy_translation = \"allow\"`"
            .to_owned(),
    })
}

/// Evidence that ended too long ago.
pub(super) fn stale(evidence: &Evidence, facts: &ProductFacts, rule: &GateRule) -> Option<Reason> {
    let age = evidence.last_at.map(|last| facts.decided_at.0.saturating_sub(last));
    if age.is_some_and(|age| age <= rule.evidence_age_us_max) {
        return None;
    }
    let figure = match evidence.last_at {
        Some(last) => format!("newest conversation closed {}", Timestamp(last)),
        None => NO_DATA.to_owned(),
    };
    Some(Reason {
        code: Code::Stale,
        figure,
        limit: format!("at most {} old", in_days(rule.evidence_age_us_max)),
        remedy: "let traffic flow and the workers run, then look again".to_owned(),
    })
}

/// Evidence on a definition that is no more.
pub(super) fn superseded(evidence: &Evidence, facts: &ProductFacts) -> Option<Reason> {
    (facts.epoch == Epoch::Superseded).then(|| Reason {
        code: Code::Stale,
        figure: format!("`{}` was measured under another definition", evidence.cell),
        limit: "evidence on the pipeline's definition".to_owned(),
        remedy: "let traffic flow: the next exchange opens a new epoch".to_owned(),
    })
}

/// Worse than the bar, as far as evidence can say.
pub(super) fn refuted(evidence: &Evidence) -> Option<Reason> {
    evidence.refuted.then(|| Reason {
        code: Code::Refuted,
        figure: format!("quality at most {}", number(evidence.quality_upper)),
        limit: format!("at least {}", number(Some(1.0 - evidence.tau))),
        remedy: "stop spending on this candidate here: try another, or split the category"
            .to_owned(),
    })
}

fn number(figure: Option<f64>) -> String {
    figure.map_or_else(|| NO_DATA.to_owned(), |figure| format!("{figure:.4}"))
}

fn percent(figure: Option<f64>) -> String {
    figure.map_or_else(|| NO_DATA.to_owned(), |figure| format!("{:.1} %", figure * 100.0))
}

fn count(figure: Option<f64>) -> String {
    figure.map_or_else(|| NO_DATA.to_owned(), |figure| format!("{figure:.0}"))
}

fn on_dates(figure: Option<f64>) -> String {
    let count = count(figure);
    if count == "1" { "1 date".to_owned() } else { format!("{count} dates") }
}

fn at_least(limit: Option<f64>, shown: fn(Option<f64>) -> String) -> String {
    format!("at least {}", shown(limit))
}

fn at_most(limit: Option<f64>, shown: fn(Option<f64>) -> String) -> String {
    format!("at most {}", shown(limit))
}

fn in_days(us: i64) -> String {
    format!("{:.1} days", us as f64 / DAY_US as f64)
}
