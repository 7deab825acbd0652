//! `foreshadow simulate-gate`: how the gate behaves where the truth is known, measured beside what
//! was designed. It touches no data.

use crate::{
    cli::{Format, Global, SimulateGate},
    outcome::{Outcome, print},
};
use anyhow::{Result, bail};
use confidence::simulation::{ERRORS_MAX, Effort, Finding, Role, TRIALS, Trial, Verdict};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

pub(crate) fn run(global: &Global, args: &SimulateGate) -> Result<Outcome> {
    let effort = if args.full { Effort::Full } else { Effort::Short };
    let chosen = chosen(args.trial.as_deref())?;
    let progress = progress(&chosen, effort)?;
    let mut played = Vec::new();
    for trial in chosen {
        progress.set_message(trial.name);
        let found = trial.play(args.seed, effort, &mut || progress.inc(1))?;
        played.extend(found.into_iter().map(|finding| (trial.name, finding)));
    }
    progress.finish_and_clear();
    print(&match global.format {
        Some(Format::Json) => format!("{:#}\n", as_json(args.seed, &played)),
        Some(Format::Markdown) => as_markdown(&played),
        Some(Format::Table | Format::Html | Format::Csv | Format::Ndjson | Format::Parquet)
        | None => as_table(args.seed, &played),
    });
    let missed = played.iter().filter(|(_, it)| it.verdict() == Verdict::Missed).count();
    if missed > 0 {
        bail!("{missed} of {} figures miss their bound: this gate must not be used", played.len());
    }
    Ok(Outcome::Done)
}

fn chosen(name: Option<&str>) -> Result<Vec<Trial>> {
    let Some(name) = name else { return Ok(TRIALS.to_vec()) };
    let found: Vec<_> = TRIALS.into_iter().filter(|it| it.name == name).collect();
    if found.is_empty() {
        let names = TRIALS.map(|it| format!("\"{}\"", it.name)).join(", ");
        bail!("there is no trial \"{name}\": use one of {names}");
    }
    Ok(found)
}

fn progress(chosen: &[Trial], effort: Effort) -> Result<ProgressBar> {
    let bar = ProgressBar::new(chosen.iter().map(|it| it.ticks(effort)).sum());
    bar.set_style(ProgressStyle::with_template("{bar:30} {percent:>3} %  {elapsed}  {msg}")?);
    Ok(bar)
}

fn as_table(seed: u64, played: &[(&str, Finding)]) -> String {
    let mut text = format!("seed {seed}; {}\n", noise());
    let mut last = "";
    for (trial, finding) in played {
        if *trial != last {
            text += &format!("\n{trial}\n");
            text += &format!("  {:<76} {:>9} {:>9} {:>17}\n", "", "designed", "bound", "measured");
        }
        last = trial;
        text += &format!(
            "  {:<76} {:>9} {:>9} {:>17}  {}\n",
            what(finding),
            designed(finding),
            finding.bound.to_string(),
            measured(finding),
            word(finding.verdict()),
        );
    }
    text
}

fn as_markdown(played: &[(&str, Finding)]) -> String {
    let mut text = String::from("| cells | what | designed | bound | measured | verdict |\n");
    text += "| --- | --- | ---: | ---: | ---: | --- |\n";
    for (trial, finding) in played {
        let (what, measured) = (what(finding), measured(finding));
        let (designed, bound) = (designed(finding), finding.bound);
        let verdict = word(finding.verdict());
        text += &format!("| {trial} | {what} | {designed} | {bound} | {measured} | {verdict} |\n");
    }
    text + &format!("\n{}\n", noise())
}

/// What the verdicts allow.
fn noise() -> String {
    format!("within noise: past the bound by at most {ERRORS_MAX} standard errors (±)")
}

fn as_json(seed: u64, played: &[(&str, Finding)]) -> Value {
    let finding = |(trial, it): &(&str, Finding)| {
        json!({
            "trial": trial, "what": it.what, "control": it.role == Role::Control,
            "designed": it.expected, "bound": it.bound.to_string(),
            "measured": it.measured.value, "error": it.measured.error,
            "verdict": word(it.verdict()),
        })
    };
    json!({ "seed": seed, "findings": played.iter().map(finding).collect::<Vec<_>>() })
}

fn what(finding: &Finding) -> String {
    match finding.role {
        Role::Ours => finding.what.clone(),
        Role::Control => format!("(wrong rule) {}", finding.what),
    }
}

/// Nothing where the design says nothing.
fn designed(finding: &Finding) -> String {
    finding.expected.map(short).unwrap_or_default()
}

fn measured(finding: &Finding) -> String {
    let value = short(finding.measured.value);
    match finding.measured.error {
        Some(error) => format!("{value} ± {}", short(error)),
        None => format!("{value} exact"),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "kept",
        Verdict::Unclear => "within noise",
        Verdict::Missed => "MISSED",
    }
}

/// Four digits of a share, and whole units.
fn short(figure: f64) -> String {
    if figure.abs() < 10.0 { format!("{figure:.4}") } else { format!("{figure:.0}") }
}
