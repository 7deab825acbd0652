//! Rules for what nothing claims, as TOML that may be put into the pipeline as it is.

use super::{
    shown::plain,
    traffic::{CallSite, Example, Traffic},
};
use pipeline::Pipeline;
use policy::categorize::OTHER;
use std::{collections::BTreeSet, fmt::Write};

/// How many call sites are worth a rule at a time.
const PROPOSALS_MAX: usize = 5;

/// Words of a template that make a name.
const NAME_WORDS: usize = 3;

/// Words that say nothing of what a prompt is about.
const EMPTY_WORDS: [&str; 36] = [
    "a",
    "all",
    "an",
    "and",
    "are",
    "as",
    "assistant",
    "at",
    "be",
    "by",
    "for",
    "from",
    "given",
    "helpful",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "of",
    "on",
    "one",
    "or",
    "that",
    "the",
    "their",
    "this",
    "to",
    "use",
    "who",
    "with",
    "you",
    "your",
    "below",
    "following",
];

pub(super) fn toml(traffic: &Traffic, pipeline: &Pipeline) -> String {
    let named = |site: &CallSite| {
        pipeline.call_sites.iter().any(|it| Some(&it.site) == site.call_site.as_ref())
    };
    let other = traffic.categories.iter().filter(|category| category.category == OTHER);
    let sites = other.flat_map(|category| &category.call_sites).filter(|site| !named(site));
    let mut taken: BTreeSet<String> =
        pipeline.categories.iter().map(|it| it.name.clone()).collect();
    taken.extend(pipeline.call_sites.iter().map(|it| it.name.clone()));
    let mut text = String::new();
    for site in sites.filter(|site| site.call_site.is_some()).take(PROPOSALS_MAX) {
        propose(&mut text, site, &mut taken, (traffic, pipeline));
    }
    if text.is_empty() {
        text.push_str("# no call site is without a rule or a name\n");
    }
    text
}

fn propose(
    text: &mut String,
    site: &CallSite,
    taken: &mut BTreeSet<String>,
    (traffic, pipeline): (&Traffic, &Pipeline),
) {
    let Some(fingerprint) = &site.call_site else { return };
    let example = site.example.as_ref();
    let name = name(example.and_then(|it| it.template.as_deref()).unwrap_or_default(), taken);
    let model = site.model.as_deref().unwrap_or("no model");
    let share = site.calls as f64 / traffic.calls.max(1) as f64 * 100.0;
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "# {} calls ({share:.1} %), ${:.4}, to {}",
        site.calls,
        site.cost_usd,
        plain(model, 60)
    );
    if let Some(template) = example.and_then(|it| it.template.as_deref()) {
        let _ = writeln!(text, "# {}", plain(template, 90));
    }
    let _ = writeln!(text, "[[call_site]]\nsite = \"{fingerprint}\"\nname = \"{name}\"\n");
    match candidate(site.model.as_deref(), pipeline) {
        Some(candidate) => trial(text, &name, candidate, example),
        None => text.push_str(
            "# No other model of the pipeline has a price: add one to put it on trial.\n\n",
        ),
    }
}

/// The category that puts a call site on trial by the strictest checks that need no settings.
fn trial(text: &mut String, name: &str, candidate: &str, example: Option<&Example>) {
    let is_structured =
        example.is_some_and(|it| it.response_format.as_deref() == Some("json_schema"));
    let (mode, scorer) = match example {
        Some(_) if is_structured => ("RP", "json_schema"),
        Some(example) if !example.tools.is_empty() => ("A/A", "tool_calls_equal"),
        Some(_) | None => ("A/A", "normalised"),
    };
    let candidate = toml_text(candidate);
    let _ = writeln!(
        text,
        "[[category]]\nname = \"{name}\"\nmode = \"{mode}\"\nrisk = \"medium\"\n\
         candidates = [{candidate}]\nscorers = [{{ kind = \"{scorer}\" }}]\n"
    );
}

/// The cheapest other model with a price that calls of ours may be put to.
fn candidate<'p>(reference: Option<&str>, pipeline: &'p Pipeline) -> Option<&'p str> {
    let judge = pipeline.judge.as_ref().map(|judge| judge.model.as_str());
    let models = pipeline.models.iter().filter(|model| {
        Some(model.name.as_str()) != reference
            && Some(model.name.as_str()) != judge
            && pipeline.provider(&model.provider).is_some_and(|provider| provider.allowed)
    });
    let priced = models.filter_map(|model| Some((rate(model)?, model.name.as_str())));
    priced.min().map(|(_, name)| name)
}

/// What the model charges at last for an output token; by the hour, nothing for one more.
fn rate(model: &pipeline::Model) -> Option<i64> {
    Some(match model.prices.last()?.tariff {
        policy::Tariff::Tokens(rates) => rates.output.0,
        policy::Tariff::Hour(_) => 0,
    })
}

/// A name from what the template is about, that nothing has yet.
fn name(template: &str, taken: &mut BTreeSet<String>) -> String {
    let words = template.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    let telling = words.filter(|word| word.len() > 1 && !EMPTY_WORDS.contains(&word.as_str()));
    let words: Vec<String> = telling.take(NAME_WORDS).collect();
    let own = if words.is_empty() { "unnamed".to_owned() } else { words.join("-") };
    let own: String = own.chars().take(48).collect();
    let own = if own.starts_with("site-") || own == OTHER { format!("the-{own}") } else { own };
    let more = (2..).map(|number| format!("{own}-{number}"));
    let free = std::iter::once(own.clone()).chain(more).find(|name| !taken.contains(name));
    let name = free.unwrap_or(own);
    taken.insert(name.clone());
    name
}

/// A text as TOML writes it; JSON's way of quoting is one of TOML's.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
