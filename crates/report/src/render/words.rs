//! Figures in words: one place, so that the same figure reads the same everywhere.

use crate::{
    Blocked, Correction, Costs, Demand, Disagreement, Forecast, JudgeStanding, Savings,
    ServingReport, Slice,
};
use confidence::{
    Evidence, Mode, Trust,
    judge::Worth,
    trust::{LABELS_MIN, RHO_SQUARED_MIN},
};
use exchange::NanoUsd;
use policy::Translations;

/// Where there is no figure.
pub(crate) const NO_DATA: &str = "no data";

/// What a confidence means. The guarantee holds whenever one looks, and for nothing else.
pub(crate) const MEANING: &str = "0.95 means: had the average quality so far been at or below the \
    bar, a value this high would ever have appeared in at most 5 % of such cells, whenever you \
    look. It is no probability that the candidate is good. The mode qualifies the number: a judged \
    confidence speaks of what the judge sees, not of what a human would accept.";

/// What else has to be known to read a cell's line: what the confidence pays for and the interval does
/// not, and what quality is measured by.
pub(crate) const READING: &str = "The confidence is adjusted for the family: every cell has a part of \
    the error that all cells together may make, and pays for each restart and for a judge that was \
    measured. The interval of quality pays for none of that, so its lower end may lie over the bar \
    where the confidence is not there yet. Each end is a bound of its own at 95 %, whenever you \
    look; both together hold with 90 %. In the paired modes (RP, JP, AA) a quality of 1 is as good \
    as the reference, over 1 is better, and the bar is 1 less the margin (in JP less of it, for a \
    judge that misses things).";

/// How the losses were made, in words that stand beside the confidence.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::R => "rules",
        Mode::RP => "rules-paired",
        Mode::H => "human-audited",
        Mode::PPI => "judged, human-corrected",
        Mode::JP => "judged-paired",
        Mode::JA => "judged",
        Mode::AA => "agreement over the noise floor",
    }
}

pub(crate) fn demand(demand: Demand) -> String {
    match demand {
        Demand::Bar(bar) => format!("bar {}", level(bar)),
        Demand::Margin(margin) => format!("margin {}", level(margin)),
    }
}

/// What somebody demanded, as exactly as it was said: `0.90`, `0.875`.
fn level(level: f64) -> String {
    let text = format!("{level:.4}");
    let digits = text.trim_end_matches('0');
    let places = digits.split_once('.').map_or(0, |(_, places)| places.len());
    format!("{level:.*}", places.max(2))
}

/// `0.97 judged-paired, margin 0.05`: the confidence is never shown without its mode.
pub(crate) fn statement(evidence: &Evidence, of: Demand) -> String {
    let confidence = confidence(evidence.confidence_adj);
    format!("{confidence} {}, {}", mode(evidence.mode), demand(of))
}

/// Cut, never rounded up: 0.9499 must not read as 0.95, and nothing reads as certain.
pub(crate) fn confidence(confidence: f64) -> String {
    format!("{:.4}", (confidence * 1e4 + 1e-9).floor().min(9_999.0) / 1e4)
}

/// `0.95 [0.92–0.97]`
pub(crate) fn quality(evidence: &Evidence) -> String {
    interval(evidence.quality, evidence.quality_lower, evidence.quality_upper)
}

/// A mean between its bounds.
pub(crate) fn interval(mean: Option<f64>, lower: Option<f64>, upper: Option<f64>) -> String {
    match (mean, lower, upper) {
        (Some(quality), Some(lower), Some(upper)) => {
            format!("{quality:.3} [{lower:.3}–{upper:.3}]")
        }
        _ => NO_DATA.to_owned(),
    }
}

/// The quality that the cell has to reach: in paired modes, 1 is the reference.
pub(crate) fn bar(evidence: &Evidence) -> String {
    level(1.0 - evidence.tau)
}

/// What the plot by day draws.
pub(crate) fn by_day(evidence: &Evidence) -> &'static str {
    if evidence.mode == Mode::AA {
        "by day: all so far with its interval, each day's own as a dot; dashed the bar, dotted the \
         noise floor, where a second reply of the reference lies"
    } else if evidence.mode.is_paired() {
        "by day: all so far with its interval, each day's own as a dot; dashed the bar, dotted the \
         reference"
    } else {
        "by day: all so far with its interval, each day's own as a dot; dashed the bar"
    }
}

pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| NO_DATA.to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// Dollars to the cent, or finer where a cent is too coarse.
pub(crate) fn usd(amount: NanoUsd) -> String {
    let sign = if amount < NanoUsd::ZERO { "-" } else { "" };
    let amount = NanoUsd(amount.0.saturating_abs());
    let usd = amount.usd();
    if amount == NanoUsd::ZERO || usd >= 1.0 {
        format!("{sign}${usd:.2}")
    } else if usd >= 0.01 {
        format!("{sign}${usd:.4}")
    } else {
        format!("{sign}${}", amount.to_string().trim_end_matches('0'))
    }
}

/// `81.2 % [80.9–81.5]`
pub(crate) fn saving(savings: Option<&Savings>) -> String {
    let Some(Savings { share: Some(share), share_lower, share_upper, .. }) = savings else {
        return "no price".to_owned();
    };
    match (share_lower, share_upper) {
        (Some(lower), Some(upper)) => {
            format!("{:.1} % [{:.1}–{:.1}]", share * 100.0, lower * 100.0, upper * 100.0)
        }
        _ => format!("{:.1} %", share * 100.0),
    }
}

/// `$12.30 [$12.10 to $12.50] of $15.00`
pub(crate) fn projected(savings: &Savings) -> Option<String> {
    let saved = usd(savings.projected_usd?);
    let spend = usd(savings.spend_usd?);
    Some(match (savings.projected_usd_lower, savings.projected_usd_upper) {
        (Some(lower), Some(upper)) => {
            format!("{saved} [{} to {}] of {spend}", usd(lower), usd(upper))
        }
        _ => format!("{saved} of {spend}"),
    })
}

pub(crate) fn judge(standing: JudgeStanding) -> &'static str {
    match standing {
        JudgeStanding::None => "no judge",
        JudgeStanding::Measured => "measured by labels",
        JudgeStanding::Short => "measured by labels, and short of what was taken for granted",
        JudgeStanding::Unmeasured => "unmeasured",
        JudgeStanding::Assumed => "assumed, not measured",
    }
}

/// `; 120 labels show sensitivity + specificity - 1 of at least 0.62`
pub(crate) fn worth(worth: &Worth) -> String {
    format!(
        "; {} labels show that it flags at least {:.2} of bad replies, sensitivity + specificity \
         - 1 of at least {:.2}, and false flags on both models that differ by at least {:.2}",
        count(worth.labels),
        worth.catch_lower,
        worth.youden_lower,
        worth.false_flag_gap_lower.max(0.0)
    )
}

/// What the reference makes of its own calls a second time, where a control was asked.
pub(crate) fn noise_floor(evidence: &Evidence) -> Option<String> {
    let floor = evidence.noise_floor?;
    Some(format!("noise floor: the reference disagrees with itself on {:.1} %", floor * 100.0))
}

/// `people label 10.0 % of the replies; on the newest day the judge's word counts 0.50 beside them; by all
/// 120 labels so far it follows them with a square of the correlation of 0.44 and would count 0.62`
pub(crate) fn correction(of: &Correction) -> String {
    let Correction { trust, until: _, eta_declared, kappa } = of;
    let Trust { labels, rho_squared, eta } = trust;
    let least = format!("{RHO_SQUARED_MIN:.2}");
    let follows = match rho_squared {
        None => format!(
            "too few, or too much alike, to tell how the judge follows people (it takes \
             {LABELS_MIN}, some good and some bad): its word would count nothing"
        ),
        Some(rho_squared) if *rho_squared >= RHO_SQUARED_MIN => format!(
            "it follows them with a square of the correlation of {rho_squared:.2} and would count \
             {eta:.2}"
        ),
        Some(rho_squared) => format!(
            "it follows them with a square of the correlation of {rho_squared:.2}, under {least}, and \
             would count nothing: mode H would save the judge"
        ),
    };
    let in_force = match eta_declared {
        Some(eta) if *eta > 0.0 => format!("the judge's word counts {eta:.2} beside them"),
        Some(_) | None => "the judge's word counts nothing, labels alone decide".to_owned(),
    };
    format!(
        "people label {} of the replies; on the newest day {in_force}; by all {} labels so far {follows}",
        percent(*kappa),
        count(*labels)
    )
}

/// What the candidate was not told as its callers said it, where there is anything.
pub(crate) fn translations(translations: &Translations) -> Option<String> {
    (translations.lossy > 0).then(|| {
        format!(
            "{} of {} calls put to it ({}) lost something in translation: {}",
            count(translations.lossy),
            count(translations.asked),
            percent(translations.lossy_share()),
            translations.lost_in_words()
        )
    })
}

/// What the same calls would save by the prices of now, where those have changed.
pub(crate) fn forecast(forecast: &Forecast) -> Option<String> {
    let share = |costs: Option<Costs>| costs.and_then(Costs::saving_share);
    let (then, now) = share(forecast.as_recorded).zip(share(forecast.by_prices_now))?;
    ((then - now).abs() >= 0.000_5).then(|| {
        format!(
            "by the prices of now the same calls would have saved {:.1} % instead of {:.1} %; the gate \
             goes by what was paid",
            now * 100.0,
            then * 100.0
        )
    })
}

/// What content policies stopped, where they did.
pub(crate) fn blocked(blocked: &Blocked) -> Option<String> {
    let by = blocked.by.iter().map(|(by, replies)| format!("{} by {by}", count(*replies)));
    (blocked.replies > 0).then(|| {
        format!(
            "content policies stopped {} replies ({}), and the reference's to the same call in {} of \
             them",
            count(blocked.replies),
            by.collect::<Vec<_>>().join(", "),
            count(blocked.reference_too)
        )
    })
}

/// How warm either side's prompt cache was, where the reference's was.
pub(crate) fn prompt_cache(savings: &Savings) -> Option<String> {
    let reference = savings.reference_cached.filter(|share| *share > 0.0)?;
    let candidate = savings.candidate_cached.unwrap_or_default();
    Some(format!(
        "prompt cache: the reference read {:.0} % of prompt tokens from it, the candidate {:.0} %; \
         the difference is in the saving",
        reference * 100.0,
        candidate * 100.0
    ))
}

/// `prompts of 513 to 2,048 tokens: 0.71 (0.62–0.79) is below the bar 0.90`
pub(crate) fn worst_slice(slice: &Slice, evidence: &Evidence, of: Demand) -> String {
    let bar = level(1.0 - evidence.tau);
    let demanded = match of {
        Demand::Bar(_) => format!("the bar {bar}"),
        Demand::Margin(margin) => format!("{bar}, what the margin {} allows", level(margin)),
    };
    let quality = slice.quality.unwrap_or(slice.quality_upper);
    let (lower, upper) = (slice.quality_lower, slice.quality_upper);
    format!("{}: {quality:.2} ({lower:.2}–{upper:.2}) is below {demanded}", slice.slice)
}

/// The worst disagreements, to be looked at one by one.
pub(crate) fn worst_disagreements(worst: &[Disagreement]) -> Option<String> {
    let each = worst.iter().map(|one| format!("{} ({})", one.exchange_id, losses(one)));
    let each = each.collect::<Vec<_>>().join(", ");
    (!worst.is_empty()).then(|| format!("worst disagreements, for `foreshadow explain`: {each}"))
}

/// `1.00 against 0.50`: the candidate's loss, and the reference's where it was asked for.
pub(crate) fn losses(of: &Disagreement) -> String {
    let loss = of.loss;
    of.reference_loss.map_or_else(
        || format!("loss {loss:.2}"),
        |reference| format!("loss {loss:.2} against {reference:.2}"),
    )
}

/// `live since 2026-01-19T12:00:00Z, 214 conversations compared since: the watch is quiet`
pub(crate) fn serving(serving: &ServingReport) -> String {
    let ServingReport { stage, since, units, watch } = serving;
    let says = match *watch {
        "quiet" => "the watch is quiet",
        "warn" => "the watch warns: quality fell under what was shown at the promotion",
        "demote" => "the watch demotes: quality fell under the bar",
        _ => "promoted against a refutation, and so never demoted by the watch",
    };
    format!("{stage} since {since}, {} conversations compared since: {says}", count(*units))
}

/// Thousands apart, so that counts can be read.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
