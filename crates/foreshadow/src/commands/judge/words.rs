//! The figures of judges as people read them.

use crate::plain;
use confidence::judge::{ALPHA, Figures, Rate};
use report::judge::Measured;

/// Letters of a version that tell it apart from another.
const VERSION_LETTERS: usize = 12;

pub(super) fn of(measured: &[Measured]) -> String {
    if measured.is_empty() {
        return "no judge has said anything yet\n".to_owned();
    }
    let mut text = String::new();
    for judge in measured {
        text += &heading(judge);
        text += &figures(&judge.figures);
    }
    text + &format!(
        "[ ] holds at {:.1} % for each end, whenever one looks (anytime-valid), over conversations. \
         Only labels that the logged draw asked for are in sensitivity, specificity and worth.\n",
        (1.0 - ALPHA / 2.0) * 100.0
    )
}

fn heading(judge: &Measured) -> String {
    let name = match (&judge.model, &judge.version) {
        (Some(model), _) => plain::one_line(model),
        (None, Some(_)) => "a judge that the pipeline no longer has".to_owned(),
        (None, None) => "the panel".to_owned(),
    };
    let version = judge.version.as_ref().map_or_else(String::new, |version| {
        format!(" (version {})", version.chars().take(VERSION_LETTERS).collect::<String>())
    });
    let gates = if judge.gates { ", gates" } else { "" };
    format!("{} · {name}{version}{gates}\n", plain::one_line(&judge.category))
}

fn figures(figures: &Figures) -> String {
    let abstained = figures.abstained as f64 / figures.words.max(1) as f64 * 100.0;
    let mut text = format!(
        "  pairs {}, judged in full {}; words {}, abstained {} ({abstained:.1} %)\n",
        figures.pairs, figures.judged, figures.words, figures.abstained
    );
    let shown = [
        ("sensitivity", "flags what people find bad", figures.sensitivity),
        ("specificity", "passes what people find good", figures.specificity),
        ("  on the reference", "", figures.specificity_on_reference),
        ("  on the candidate", "", figures.specificity_on_candidate),
        ("agreement", "with what people like better", figures.agreement),
        ("position bias", "the same reply, read first less read second", figures.position),
        ("prefers first", "over pairs put in both orders", figures.prefers_first),
        ("flips", "the order alone changes the preference", figures.flips),
        ("first beyond people", "pairs in one order only", figures.prefers_first_beyond_people),
        ("retest", "says the same again", figures.retest),
        ("prefers longer", "", figures.prefers_longer),
        ("  among equals", "pairs that people call alike", figures.prefers_longer_among_equals),
        ("kinder to kin", "than people are", figures.kindness_to_kin),
        ("kinder to others", "than people are", figures.kindness_to_others),
    ];
    for (name, what, rate) in shown {
        text += &line(name, what, &rate);
    }
    let worth = figures.worth;
    text + &format!(
        "  {:<20}{:>7.3}  proven by {} labels ({} more inform only)\n\n",
        "worth at least", worth.youden_lower, figures.labels, figures.labels_informing
    )
}

/// A figure that nothing speaks of is left blank, never zero.
fn line(name: &str, what: &str, rate: &Rate) -> String {
    let Some(mean) = rate.mean else { return format!("  {name:<20}{:>7}  {what}\n", "–") };
    let between = format!("[{:.3}, {:.3}]", rate.lower, rate.upper);
    format!("  {name:<20}{mean:>7.3}  {between:<18} n {:<6} {what}\n", rate.count)
}
