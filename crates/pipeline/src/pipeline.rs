use crate::{
    Golden, digest,
    mistake::Mistake,
    risk::Risk,
    shipped::{SaidBy, TABLE_AGE_DAYS_MAX, TableUse},
};
use confidence::{Mode, Tolerance};
use exchange::{NanoUsd, Timestamp};
use policy::{
    Capabilities, Definition, GateRule, OnBlock, OnStore, Price, PriceBook, Rule, Sampling, When,
    epoch::MAX_WAIT_S,
};
use score::{ScorerSpec, VerdictRule};

/// What is evaluated: a file that passed every check.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Where calls go.
    pub providers: Vec<Provider>,
    /// The models, with what they cost.
    pub models: Vec<Model>,
    /// The kinds of call, in the order in which their rules are asked.
    pub categories: Vec<CategoryDef>,
    /// The call sites that people gave names to, for calls that no rule claims.
    pub call_sites: Vec<NamedCallSite>,
    /// The judge, where there is one.
    pub judge: Option<JudgeDef>,
    /// What the shadow may spend.
    pub budget: Budget,
    /// What is mirrored, and how.
    pub mirror: Mirror,
    /// The brokers that carry the journal; `None` where it is embedded.
    pub journal: Option<KafkaJournal>,
    /// How the store is reached where what is shared lies in a bucket.
    pub s3: S3,
    /// Cases that its models are asked now and again.
    pub golden: Golden,
    /// What it leaves to the shipped tables.
    pub from_tables: Vec<TableUse>,
    /// What is allowed and perhaps not meant.
    pub warnings: Vec<Mistake>,
}

/// A provider: `/NAME/…` on the live listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name, the first segment of the path.
    pub name: String,
    /// The name of its dialect.
    pub dialect: String,
    /// Where its paths begin, without a slash at the end.
    pub base_url: String,
    /// The variable that holds our own key; `None` where it needs none.
    pub key_env: Option<String>,
    /// The variable that holds the key of shadow calls, so that they have a limit of their own.
    pub shadow_key_env: Option<String>,
    /// The header that carries the key; in `authorization` it stands behind `Bearer `.
    pub key_header: String,
    /// Whether it has Responses beside Chat Completions; of `openai` alone.
    pub responses: bool,
    /// Whether calls of ours may go there at all; live calls of clients always may.
    pub allowed: bool,
    /// Whether clients that speak HTTP/2 have it asked in HTTP/2: also without TLS, or never; `None`
    /// leaves it to what TLS agrees on.
    pub http2: Option<bool>,
    /// The certificate authorities that it is trusted by, in PEM; `None` leaves it to the system's.
    pub ca_pem: Option<String>,
    /// The forward proxy that it is reached through, `http://HOST:PORT`; `None` goes there directly.
    pub proxy: Option<String>,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name at its provider.
    pub name: String,
    /// The provider's name.
    pub provider: String,
    /// The models that it is akin to: a judge prefers its own.
    pub family: String,
    /// What it costs; empty where that is not known.
    pub prices: Vec<Price>,
    /// Who says so.
    pub prices_from: SaidBy,
    /// What it takes, as far as that is known.
    pub capabilities: Capabilities,
}

/// A category and how its candidates are measured.
#[derive(Clone, Debug)]
pub struct CategoryDef {
    /// Its name.
    pub name: String,
    /// The calls that it claims; `None` claims only those that declare it.
    pub rule: Option<When>,
    /// How losses are made.
    pub mode: Mode,
    /// What a wrong reply would do, where that was said.
    pub risk: Option<Risk>,
    /// What a candidate has to reach.
    pub target: Target,
    /// The models on trial.
    pub candidates: Vec<String>,
    /// Whether the reference is asked a second time, for the noise floor.
    pub control: bool,
    /// The providers that its calls may be put to; empty means every one.
    pub allowed_providers: Vec<String>,
    /// The checks on each reply.
    pub scorers: Vec<ScorerSpec>,
    /// How their scores add up.
    pub verdict: VerdictRule,
    /// What share of it is shadowed.
    pub sampling: Sampling,
    /// What the gate demands.
    pub gate: GateRule,
    /// What becomes live of a reply that a content policy stopped.
    pub on_block: OnBlock,
    /// What becomes live of a call whose reply its provider would keep.
    pub on_store: OnStore,
}

impl CategoryDef {
    /// Whether the judge is asked about its replies.
    #[must_use]
    pub fn asks_judge(&self) -> bool {
        self.mode.asks_judge()
    }
}

/// A call site with the name that a person gave it: the category of its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCallSite {
    /// The fingerprint.
    pub site: String,
    /// The category's name; several sites may share one.
    pub name: String,
}

/// What a candidate has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The least acceptable quality.
    Bar(f64),
    /// How much worse than the reference it may be.
    Margin(f64),
}

/// The judge.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeDef {
    /// The model.
    pub model: String,
    /// Further models that are asked the same: a panel, whose word is the mean of theirs.
    pub panel: Vec<String>,
    /// What it is told to judge by.
    pub rubric: String,
    /// How often it is asked in each order.
    pub repeats: u32,
    /// How it is asked for the form of its word; `None` leaves it to what its dialect knows of the model.
    pub form: Option<JudgeForm>,
    /// What labels must show of its sensitivity plus specificity less one before the gate opens; the
    /// margin is shrunk to that part from the start.
    pub youden_min: Option<f64>,
    /// Its sensitivity plus specificity less one, where that is assumed instead of measured.
    pub assumed_youden: Option<f64>,
    /// Pairs that it is asked about again and again, so that one notices when it is another.
    pub anchors: Option<Anchors>,
}

/// Pairs of replies that were judged, frozen, and put to the judge again in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchors {
    /// How many of each category.
    pub pairs: usize,
    /// How often `up` asks about them; `None` leaves it to the command.
    pub every_hours: Option<u32>,
}

impl JudgeDef {
    /// Every model that judges.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.model).chain(&self.panel).map(String::as_str)
    }

    /// Its sensitivity plus specificity less one, as the cells take it for granted: what labels must
    /// show, or what is assumed; else that it never errs, which no labels can show.
    #[must_use]
    pub fn youden_taken(&self) -> f64 {
        self.youden_min.or(self.assumed_youden).unwrap_or(1.0)
    }
}

/// How a judge is asked for the form of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgeForm {
    /// By a schema beside the prompt, which its provider holds it to.
    Schema,
    /// In the prompt's words alone, for models that refuse the other.
    Words,
}

/// What labels say about the judge: lower bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgeFigures {
    /// Of sensitivity plus specificity less one.
    pub youden: f64,
    /// Of the probability that it flags a good reply.
    pub false_alarm: f64,
    /// Of the probability that it flags a bad one.
    pub catch: f64,
}

impl JudgeFigures {
    /// A judge that never errs: what a cell counts by until labels say better. The gate holds such
    /// a cell as `judge_unmeasured`.
    pub const FLAWLESS: Self = Self { youden: 1.0, false_alarm: 0.0, catch: 1.0 };
}

/// What may be spent in a day. Every limit holds by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// On everything together.
    pub total: NanoUsd,
    /// On each candidate.
    pub candidate: Option<NanoUsd>,
    /// On control replies.
    pub control: Option<NanoUsd>,
    /// On the judge.
    pub judge: Option<NanoUsd>,
}

/// What is mirrored, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Longer bodies are mirrored cut, and the exchange says so.
    pub body_bytes_max: u64,
    /// What is taken out before the journal.
    pub redact: Vec<Redaction>,
}

/// A text that is taken out before the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// A regular expression, known to compile.
    pub pattern: String,
    /// What stands there instead.
    pub with: String,
}

/// The journal on Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KafkaJournal {
    /// Where to begin, as `HOST:PORT`.
    pub brokers: Vec<String>,
    /// What the names of topics and groups begin with.
    pub prefix: String,
    /// Whether the way to the brokers is encrypted.
    pub tls: bool,
    /// The certificate authorities that they are trusted by, in PEM; `None` leaves it to the system's.
    pub ca_pem: Option<String>,
    /// Who comes; `None` says nothing.
    pub password: Option<Password>,
    /// How many workers can share a topic that is created.
    pub partitions: u16,
    /// Copies of each partition that is created; `None` leaves it to the cluster.
    pub replication: Option<u16>,
    /// How long records are kept in a topic that is created.
    pub retention_days: u16,
    /// How long a worker may be silent before others get its partitions.
    pub session_seconds: u16,
    /// The longest record.
    pub record_bytes_max: u32,
    /// What may wait on a proxy's own disk while the brokers are away.
    pub spool_bytes_max: u64,
}

/// How one shows the brokers who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The name.
    pub user: String,
    /// Where the password is.
    pub source: SecretSource,
}

/// How a store of buckets is reached that speaks like S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3 {
    /// Where it listens, without a slash at the end; `None` is Amazon's own in the region.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket's name stands in the path, and not before the host's name.
    pub path_style: bool,
    /// The certificate authorities that it is trusted by, in PEM; `None` leaves it to the system's.
    pub ca_pem: Option<String>,
    /// Where the key's id is.
    pub key_id: SecretSource,
    /// Where the key's secret is.
    pub secret: SecretSource,
    /// Where the session of a key is that is lent for a while; nothing has to be there.
    pub session: Option<SecretSource>,
}

/// Where a secret is; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this variable.
    Variable(String),
    /// In this file, without the line's end.
    File(String),
}

/// How a password is proved to a broker, by SASL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// It is sent as it is.
    Plain,
    /// By SCRAM with SHA-256.
    ScramSha256,
    /// By SCRAM with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ScramSha256, Self::ScramSha512];

    /// As it is written in a pipeline.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ScramSha256 => "scram-sha-256",
            Self::ScramSha512 => "scram-sha-512",
        }
    }
}

impl Pipeline {
    /// The frozen pairs that its judge is put to again, where there are to be any.
    #[must_use]
    pub fn anchors(&self) -> Option<Anchors> {
        self.judge.as_ref()?.anchors
    }

    /// The category of that name.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&CategoryDef> {
        self.categories.iter().find(|category| category.name == name)
    }

    /// The model of that name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The provider of that name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// The provider that serves a model.
    #[must_use]
    pub fn provider_of(&self, model: &str) -> Option<&Provider> {
        self.provider(&self.model(model)?.provider)
    }

    /// The rules of all categories, for [`policy::Categorizer::new`].
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let rule = |category: &CategoryDef| Rule {
            category: category.name.clone(),
            when: category.rule.clone(),
        };
        self.categories.iter().map(rule).collect()
    }

    /// Warnings of what stands in the shipped tables for more than [`TABLE_AGE_DAYS_MAX`] at `now`.
    #[must_use]
    pub fn aged(&self, now: Timestamp) -> Vec<Mistake> {
        let is_old = |it: &&TableUse| it.age_days(now) > TABLE_AGE_DAYS_MAX;
        self.from_tables.iter().filter(is_old).map(|it| it.warning(now)).collect()
    }

    /// What every model costs.
    #[must_use]
    pub fn price_book(&self) -> PriceBook {
        let prices = self.models.iter().map(|model| (model.name.clone(), model.prices.clone()));
        // The prices of a loaded pipeline do not overlap; none at all is the safe reading if they
        // did, because nothing is then called cheaper.
        PriceBook::new(prices.collect()).unwrap_or_default()
    }

    /// SHA-256 over everything that the evidence on a candidate in a category depends on: the
    /// category's rule and those above it, mode, target, scorers, judge and the candidate. A change
    /// voids that evidence, and no other. `None` if the category has no such candidate.
    #[must_use]
    pub fn definition_digest(&self, category: &str, candidate: &str) -> Option<String> {
        digest::definition(self, category, candidate)
    }

    /// What each cell is to measure, for [`policy::epoch::open`], given what labels say about the
    /// judge.
    ///
    /// # Errors
    /// Where the judge's figures leave a cell no tolerance between its bounds.
    pub fn definitions(&self, figures: JudgeFigures) -> Result<Vec<Definition>, confidence::Error> {
        let mut definitions = Vec::new();
        for category in &self.categories {
            let tolerance = tolerance(category, self.figures(figures))?;
            for candidate in &category.candidates {
                definitions.push(Definition {
                    category: category.name.clone(),
                    candidate: candidate.clone(),
                    digest: digest::cell(self, category, candidate, tolerance),
                    replies_digest: digest::replies(self, category, candidate),
                    mode: category.mode,
                    tolerance,
                    max_wait_s: MAX_WAIT_S,
                });
            }
        }
        Ok(definitions)
    }

    /// What the pipeline says of the judge stands in for what was not measured.
    pub(crate) fn figures(&self, measured: JudgeFigures) -> JudgeFigures {
        let assumed =
            self.judge.as_ref().and_then(|judge| judge.youden_min.or(judge.assumed_youden));
        match assumed {
            Some(youden) if measured == JudgeFigures::FLAWLESS => {
                JudgeFigures { youden, false_alarm: 0.0, catch: youden }
            }
            Some(_) | None => measured,
        }
    }
}

/// The tolerated mean loss of a category, and the range that its losses live in.
pub(crate) fn tolerance(
    category: &CategoryDef,
    figures: JudgeFigures,
) -> Result<Tolerance, confidence::Error> {
    match (category.mode, category.target) {
        (Mode::JP, Target::Margin(margin)) => Tolerance::judged_paired(margin, figures.youden),
        (Mode::JA, Target::Bar(bar)) => Tolerance::judged(bar, figures.false_alarm, figures.catch),
        (Mode::AA, Target::Margin(margin)) => Tolerance::agreement(margin, 0.0, 1.0),
        // The judge's word may come to count whole, so the range has room for that.
        (Mode::PPI, Target::Bar(bar)) => {
            Tolerance::audited(bar, 1.0, category.sampling.audit.value())
        }
        (_, Target::Margin(margin)) => Tolerance::paired(margin),
        (_, Target::Bar(bar)) => Tolerance::absolute(bar),
    }
}
