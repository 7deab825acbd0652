use crate::judge::JudgeMemory;
use confidence::Mode;
use dialect::{Dialect, Forms};
use exchange::NanoUsd;
use policy::{
    Capabilities, Categorizer, Definition, LossyTranslation, OnStore, PriceBook, Sampling,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// All that a worker goes by. It is filled from a pipeline by whoever opens the worker.
pub struct Settings {
    /// Makes the draws of this deployment its own.
    pub salt: String,
    /// Which category a call belongs to.
    pub categorizer: Categorizer,
    /// What each cell is to measure: every candidate on trial, category by category.
    pub definitions: Vec<Definition>,
    /// How each category is worked on; a category that is not here is recorded and no more.
    pub categories: BTreeMap<String, CategoryWork>,
    /// Whom we can ask.
    pub models: Models,
    /// What they charge.
    pub prices: PriceBook,
    /// What may be spent in a day.
    pub caps: Caps,
    /// How much at once.
    pub limits: Limits,
}

/// How one category is worked on.
pub struct CategoryWork {
    /// How losses are made: the mode of its definitions.
    pub mode: Mode,
    /// Whether the reference is asked a second time; mode AA needs it.
    pub control: bool,
    /// Providers that may see the category's calls; `None` allows every one.
    pub allowed_providers: Option<BTreeSet<String>>,
    /// The checks on replies.
    pub scorers: score::Scorers,
    /// How scores add up to a verdict.
    pub verdict: score::VerdictRule,
    /// Who judges, in judged modes.
    pub judge: Option<JudgeWork>,
    /// What a translation that loses something means: whether the call is put to a candidate.
    pub lossy_translation: LossyTranslation,
    /// What becomes live of a call whose reply its provider would keep: such a call is put to a candidate
    /// only where it would be live.
    pub on_store: OnStore,
    /// What share of the traffic is asked.
    pub sampling: Sampling,
    /// How long one call of ours may take, its retries included.
    pub deadline: Duration,
}

/// A model that judges.
#[derive(Clone, Debug)]
pub struct JudgeWork {
    /// Its name in [`Models`].
    pub model: String,
    /// Further models that are asked the same. The word of a panel is the mean of theirs, because
    /// the paired mode needs a mean: a majority would not be worth the mean of what each is worth.
    pub panel: Vec<String>,
    /// What makes a reply acceptable, in words.
    pub rubric: String,
    /// How often it is asked in each order; at least once.
    pub repeats: u32,
    /// How it is asked for the form of its word.
    pub form: JudgeForm,
    /// What it said lately.
    pub memory: Arc<JudgeMemory>,
}

impl JudgeWork {
    /// Every model that judges.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.model).chain(&self.panel).map(String::as_str)
    }
}

/// How a judge is asked for the form of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgeForm {
    /// By a schema, where the model is known to take one.
    AsKnown,
    /// By a schema.
    Schema,
    /// In words alone.
    Words,
}

/// Whom we can ask.
#[derive(Default)]
pub struct Models {
    /// By the provider's name in the pipeline.
    pub providers: BTreeMap<String, Provider>,
    /// By the model's name in the pipeline, which is also its name in the price book.
    pub models: BTreeMap<String, Model>,
}

/// A provider, as the worker knows it.
pub struct Provider {
    /// The format that it speaks.
    pub dialect: Dialect,
    /// Which forms of it.
    pub forms: Forms,
    /// The way to it under a key of our own; `None` where there is no such key.
    pub client: Option<upstream::Client>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Who serves it.
    pub provider: String,
    /// What its provider calls it.
    pub wire_name: String,
    /// What it takes.
    pub capabilities: Capabilities,
}

/// What may be spent in a UTC day. `None` is no limit; with a limit, a model without a price is not
/// asked, because nobody could say when the limit is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// On everything together.
    pub total: Option<NanoUsd>,
    /// On controls.
    pub control: Option<NanoUsd>,
    /// On judges.
    pub judge: Option<NanoUsd>,
    /// On each candidate, by its name.
    pub candidates: BTreeMap<String, NanoUsd>,
}

/// How much at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Records in one batch.
    pub batch_records_max: usize,
    /// Bytes in one batch.
    pub batch_bytes_max: usize,
    /// How long a batch gathers records before it goes on with fewer.
    pub batch_age: Duration,
    /// Batches whose shadow calls are under way.
    pub batches_max: usize,
    /// Exchanges of one batch whose shadow calls are under way.
    pub exchanges_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_records_max: 1_000,
            batch_bytes_max: 32 << 20,
            batch_age: Duration::from_secs(1),
            batches_max: 4,
            exchanges_max: 64,
        }
    }
}

impl Caps {
    /// One of `workers` equal parts: what each of them may spend, so that the whole holds without a
    /// word between them.
    #[must_use]
    pub fn parted(&self, workers: u32) -> Self {
        let part = |cap: NanoUsd| NanoUsd(cap.0 / i64::from(workers.max(1)));
        let each = |(name, cap): (&String, &NanoUsd)| (name.clone(), part(*cap));
        Self {
            total: self.total.map(part),
            control: self.control.map(part),
            judge: self.judge.map(part),
            candidates: self.candidates.iter().map(each).collect(),
        }
    }
}

impl CategoryWork {
    /// Whether `provider` may see the category's calls.
    pub(crate) fn allows(&self, provider: &str) -> bool {
        self.allowed_providers.as_ref().is_none_or(|allowed| allowed.contains(provider))
    }
}

impl Models {
    /// The model's provider and its way there; `None` where it cannot be asked.
    pub(crate) fn client(&self, provider: &str) -> Option<(Dialect, &upstream::Client)> {
        let provider = self.providers.get(provider)?;
        Some((provider.dialect, provider.client.as_ref()?))
    }
}
