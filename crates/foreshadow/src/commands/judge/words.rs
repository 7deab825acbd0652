//! The figures of judges as people read them.

use crate::plain;
use confidence::judge::{ALPHA, Figures, Moved, Rate, Standing};
use report::judge::{Anchors, Measured};

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
        text += &judge.anchors.as_ref().map(anchors).unwrap_or_default();
        text += "\n";
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
        "  {:<20}{:>7.3}  proven by {} labels ({} more inform only)\n",
        "worth at least", worth.youden_lower, figures.labels, figures.labels_informing
    )
}

/// The frozen pairs alone.
pub(super) fn of_anchors(measured: &[Measured]) -> String {
    if measured.is_empty() {
        return "no frozen pair was judged again yet: `foreshadow judge anchors` asks\n".to_owned();
    }
    let told = measured.iter().map(|judge| {
        heading(judge) + &judge.anchors.as_ref().map(anchors).unwrap_or_default() + "\n"
    });
    told.collect()
}

/// What was frozen, what the judge makes of it now, and what that makes of the scores.
fn anchors(anchors: &Anchors) -> String {
    let judge = anchors.judge;
    let standing = match judge.standing {
        Standing::Holds => "the judge holds",
        Standing::Moved => "the judge moved",
        Standing::Silent => "too few words to say whether the judge moved",
    };
    let mut text = format!(
        "  anchors: {standing} ({} pairs, frozen {}, look {} at {})\n",
        anchors.pairs, anchors.frozen_at, judge.look, anchors.run_at
    );
    text += &format!(
        "    {} of {} words changed, {} between two askings now; abstained on {}\n",
        judge.changed, judge.questions, judge.wavered, judge.abstained
    );
    text += &format!(
        "    one of three words odd {}, the old one {} ({} stricter now, {} kinder)\n",
        judge.odd, judge.odd_then, judge.stricter, judge.kinder
    );
    text += &format!(
        "    p {:.2e}, moved from {:.2e} down (α {ALPHA} over all looks)\n",
        judge.p_value, judge.alpha
    );
    for model in &anchors.models {
        let name = model.candidate.as_deref().unwrap_or("reference");
        let moved = match model.moved {
            Moved::Nothing => "nothing moved",
            Moved::Judge => "the judge moved, which says nothing of the model",
            Moved::Model => "the model moved, or what it is asked",
            Moved::Unknown => "unknown",
        };
        let (before, after) = (scores(&model.scores.before), scores(&model.scores.after));
        text += &format!("    {}: score {before}, since {after}: {moved}\n", plain::one_line(name));
    }
    text
}

fn scores(rate: &Rate) -> String {
    let Some(mean) = rate.mean else { return "–".to_owned() };
    format!("{mean:.3} [{:.3}, {:.3}] n {}", rate.lower, rate.upper, rate.units)
}

/// A figure that nothing speaks of is left blank, never zero.
fn line(name: &str, what: &str, rate: &Rate) -> String {
    let Some(mean) = rate.mean else { return format!("  {name:<20}{:>7}  {what}\n", "–") };
    let between = format!("[{:.3}, {:.3}]", rate.lower, rate.upper);
    format!("  {name:<20}{mean:>7.3}  {between:<18} n {:<6} {what}\n", rate.count)
}
