//! What is true of the models. Nothing else in the crate says how good anything is.

use super::{MINI, NANO, REFERENCE, World, category::Category, question};
use std::collections::BTreeMap;

/// Category → model → its true quality: the share of right replies; in `assist`, where no reply is
/// right or wrong, how often it agrees with a reply of the reference.
pub type Truth = BTreeMap<String, BTreeMap<String, f64>>;

/// A category and a candidate, and how the evidence on them must end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The category, as the pipeline of [`World::pipeline_toml`] names it.
    pub category: &'static str,
    /// The candidate.
    pub candidate: &'static str,
    /// How it ends after fourteen days at the default size.
    pub ending: Ending,
    /// What it is there to show.
    pub shows: &'static str,
}

/// How the evidence on a cell ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It clears the bar and may be promoted.
    Clears,
    /// Neither cleared nor refuted.
    Held,
    /// It is shown to be under the bar.
    Refuted,
}

/// One question in so many of `faq` and `qa` …
pub(crate) const LONG_OF: usize = 13;
/// … counted from here on, is put with the whole handbook as its context.
pub(crate) const LONG_FROM: usize = 10;

/// With this probability two models' luck with one question is the same luck: what is hard for one
/// is hard for the other.
pub(crate) const SHARED_LUCK: f64 = 0.9;
/// With this probability a booking is made at the first of two free times. Two independent bookings
/// then agree with probability `p² + (1 - p)² = 0.93`.
pub(crate) const FIRST_TIME: f64 = 0.963_68;

/// What is left of a candidate's quality where the world has turned.
pub(crate) const TURNED_QUALITY: f64 = 0.30;

const SHORT_QUALITY: f64 = 0.985;
const LONG_QUALITY: f64 = 0.70;

/// The probability that `model` gets a question of the category right.
pub(crate) fn quality(category: Category, model: &str, prompt: &str) -> f64 {
    match (model, category) {
        (REFERENCE, Category::Summarize | Category::Rewrite) => 0.97,
        (REFERENCE, _) => 0.99,
        (MINI, Category::Classify) => 0.985,
        (MINI, Category::Extract) => 0.98,
        (MINI, Category::Summarize | Category::Rewrite) => 0.97,
        (MINI, Category::Translate) => 0.89,
        (MINI, Category::Math) => 0.60,
        (MINI, Category::LegalReview | Category::Assist) => 0.99,
        (MINI, Category::Faq | Category::Qa) if question::is_long(prompt) => LONG_QUALITY,
        (MINI, Category::Faq | Category::Qa) => SHORT_QUALITY,
        (NANO, Category::Classify) => 0.70,
        _ => 0.50,
    }
}

impl World {
    /// What is true, for the categories as the pipeline of [`World::pipeline_toml`] splits them.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let agreement = FIRST_TIME.powi(2) + (1.0 - FIRST_TIME).powi(2);
        let long = (LONG_OF - LONG_FROM) as f64 / LONG_OF as f64;
        let mut truth = Truth::new();
        let mut set = |category: &str, model: &str, quality: f64| {
            truth.entry(category.to_owned()).or_default().insert(model.to_owned(), quality);
        };
        for model in [REFERENCE, MINI, NANO] {
            for category in Category::ALL {
                let of = |prompt: &str| quality(category, model, prompt);
                let (short, whole) = (of(""), of(&" ".repeat(question::LONG_BYTES_MIN)));
                match category {
                    Category::Qa => {
                        set("qa-short", model, short);
                        set("qa-long", model, whole);
                    }
                    Category::Faq => set("faq", model, (1.0 - long) * short + long * whole),
                    Category::Assist => set("assist", model, agreement),
                    Category::Classify
                    | Category::Extract
                    | Category::Summarize
                    | Category::Rewrite
                    | Category::Translate
                    | Category::Math
                    | Category::LegalReview => set(category.name(), model, short),
                }
            }
        }
        truth
    }

    /// Every cell of the pipeline of [`World::pipeline_toml`].
    #[must_use]
    pub fn cells() -> [Cell; 12] {
        let cell = |category, candidate, ending, shows| Cell { category, candidate, ending, shows };
        [
            cell("classify", MINI, Ending::Clears, "a rule knows the right answer"),
            cell("classify", NANO, Ending::Refuted, "a second candidate, far too weak"),
            cell("extract", MINI, Ending::Clears, "a schema and a rule"),
            cell("summarize", MINI, Ending::Clears, "judged, call by call, against the reference"),
            cell("rewrite", MINI, Ending::Clears, "a rule on both replies, compared"),
            cell("assist", MINI, Ending::Clears, "agreement, less the reference's own noise"),
            cell("translate", MINI, Ending::Held, "just under the bar"),
            cell("math", MINI, Ending::Refuted, "far under the bar"),
            cell("legal-review", MINI, Ending::Held, "very good, but too little traffic to know"),
            cell("faq", MINI, Ending::Held, "good on average, bad on long prompts"),
            cell("qa-short", MINI, Ending::Clears, "the same traffic, split: its short prompts"),
            cell("qa-long", MINI, Ending::Refuted, "the same traffic, split: its long prompts"),
        ]
    }
}
