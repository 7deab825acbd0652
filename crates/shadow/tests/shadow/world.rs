//! A journal in a temporary folder, a provider on loopback, tables in memory, and a pipeline of one
//! category between them.

use crate::tables::Tables;
use bytes::Bytes;
use confidence::{Mode, Tolerance};
use dialect::{Dialect, Forms};
use exchange::{
    Body, Capture, Clock, Conversation, ConversationSource, DAY_US, Declared, Event, Exchange,
    ExchangeId, Headers, Meter, NanoUsd, Origin, RawCall, RawReply, Route, SECOND_US, Served,
    Timestamp,
};
use journal::Journal;
use policy::{
    Categorizer, Definition, LossyTranslation, OnStore, Price, PriceBook, Rule, Sampling, Tariff,
    TokenRates, When,
};
use serde_json::json;
use shadow::{
    Allotted, Caps, CategoryWork, Elsewhere, Hear, JournalLedger, JudgeForm, JudgeWork, Limits,
    LowQuota, Means, Model, Models, Provider, Settings, Worker,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use testkit::{
    SteppedClock,
    sim::{self, Answers, Asked, ModelPrice, ProviderSpec, Said},
};
use tokio::sync::watch;
use upstream::{Client, ProviderTarget, Secret};

pub(crate) const TOPIC: &str = "exchanges";
pub(crate) const CATEGORY: &str = "sums";
pub(crate) const RIGHT: &str = "four";
pub(crate) const START: Timestamp = Timestamp(20_000 * DAY_US);
const KEY: &str = "sk-shadow-0123456789";
const RATES: [i64; 3] = [100, 100, 400];

/// What models say, as a function.
struct Says<F>(F);

impl<F: Fn(&Asked<'_>) -> String + Send + Sync + 'static> Answers for Says<F> {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        Said::Text((self.0)(asked))
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) journal: Journal,
    /// The group that its workers read for.
    pub(crate) group: String,
    pub(crate) provider: sim::Provider,
    pub(crate) clock: Arc<SteppedClock>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) low_quota: watch::Sender<LowQuota>,
    pub(crate) elsewhere: watch::Sender<Elsewhere>,
    pub(crate) allotted: watch::Sender<Allotted>,
    pub(crate) hear: Hear,
    offer_seq: u64,
}

impl World {
    /// Models that answer by `says`.
    pub(crate) async fn new(says: impl Fn(&Asked<'_>) -> String + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), journal::Limits::bytes(1 << 28)).unwrap();
        let models = ["big", "small", "tiny", "judge"];
        let spec = ProviderSpec {
            name: "sim".to_owned(),
            prefix: String::new(),
            seed: 1,
            keys: vec![("shadow".to_owned(), KEY.to_owned())],
            models: models.iter().map(|name| ModelPrice::new(name, RATES)).collect(),
            latency: Duration::ZERO,
            event_pause: Duration::ZERO,
        };
        let provider = sim::Provider::start(spec, Arc::new(Says(says))).await.unwrap();
        Self {
            folder,
            group: "worker".to_owned(),
            journal,
            provider,
            clock: Arc::new(SteppedClock::new(START)),
            tables: Arc::default(),
            low_quota: watch::Sender::new(LowQuota::new()),
            elsewhere: watch::Sender::new(Elsewhere { day: START.date(), spent: Vec::new() }),
            allotted: watch::Sender::new(Allotted::new()),
            hear: Arc::new(|_| ()),
            offer_seq: 0,
        }
    }

    /// Journals the event.
    pub(crate) fn append(&self, event: &Event) {
        self.journal.append(TOPIC, &[event.to_bytes().unwrap()]).unwrap();
    }

    /// Journals an exchange `after` the start, altered by `alter`.
    pub(crate) fn exchange(&mut self, after_s: i64, alter: impl FnOnce(&mut Exchange)) {
        let mut exchange = exchange(self.offer_seq, START.plus(after_s * SECOND_US));
        self.offer_seq += 1;
        alter(&mut exchange);
        self.append(&Event::Exchange(Box::new(exchange)));
    }

    /// Journals so many plain exchanges, one a second.
    pub(crate) fn exchanges(&mut self, count: i64) {
        for second in 0..count {
            self.exchange(second, |_| {});
        }
    }

    /// Journals the meters of so many seconds.
    pub(crate) fn meters(&mut self, count: i64) {
        for second in 0..count {
            self.append(&Event::Meter(Meter {
                proxy_instance: "proxy-1".to_owned(),
                at: START.plus(second * SECOND_US),
                category: None,
                offered: 1,
                accepted: 1,
                shed: BTreeMap::new(),
                lost: BTreeMap::new(),
            }));
        }
    }

    pub(crate) fn client(&self) -> Client {
        let target = ProviderTarget {
            name: "sim".to_owned(),
            base_url: self.provider.base_url(),
            key: Secret::new(KEY),
            key_header: "authorization".to_owned(),
            headers: &[],
            way: upstream::Way::default(),
            limits: upstream::Limits {
                retry_wait: Duration::from_millis(1),
                ..upstream::Limits::default()
            },
        };
        Client::new(target, Arc::clone(&self.clock) as Arc<dyn Clock>).unwrap()
    }

    /// Settings of one category in `mode`, with `small` on trial.
    pub(crate) fn settings(&self, mode: Mode) -> Settings {
        let names = ["big", "small", "tiny", "judge"];
        let model = |name: &&str| {
            let model = Model {
                provider: "sim".to_owned(),
                wire_name: (*name).to_owned(),
                capabilities: policy::Capabilities::default(),
            };
            ((*name).to_owned(), model)
        };
        let provider =
            Provider { dialect: Dialect::OpenAi, forms: Forms::All, client: Some(self.client()) };
        let when = When { provider: Some("sim".to_owned()), ..When::default() };
        let rule = Rule { category: CATEGORY.to_owned(), when: Some(when) };
        Settings {
            salt: "salt".to_owned(),
            categorizer: Categorizer::new(&[rule]).unwrap(),
            definitions: vec![definition(mode, "small")],
            categories: BTreeMap::from([(CATEGORY.to_owned(), work(mode))]),
            models: Models {
                providers: BTreeMap::from([("sim".to_owned(), provider)]),
                models: names.iter().map(model).collect(),
            },
            prices: PriceBook::new(names.iter().map(price).collect()).unwrap(),
            caps: Caps::default(),
            limits: Limits { batch_age: Duration::from_millis(5), ..Limits::default() },
        }
    }

    pub(crate) async fn open(
        &self,
        settings: Settings,
    ) -> Result<Worker<Tables, JournalLedger>, shadow::Error> {
        let means = Means {
            subscription: self.journal.subscribe(TOPIC, &self.group)?,
            dead: Arc::new(self.journal.clone()),
            record: Arc::clone(&self.tables),
            ledger: Arc::new(JournalLedger::new(self.journal.clone())),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            low_quota: self.low_quota.subscribe(),
            elsewhere: self.elsewhere.subscribe(),
            allotted: self.allotted.subscribe(),
            hear: Arc::clone(&self.hear),
        };
        Worker::open(settings, means).await
    }

    /// Opens a worker, works off the journal, and checks the laws that always hold.
    pub(crate) async fn drain(&self, settings: Settings) {
        self.open(settings).await.unwrap().drain().await.unwrap();
        let rows = self.tables.rows();
        rows.check_unique();
        rows.check_funnel();
    }

    /// How often the provider was asked for `model`.
    pub(crate) fn asked(&self, model: &str) -> usize {
        self.provider.log().calls().iter().filter(|call| call.model == model).count()
    }
}

/// The work of the category.
pub(crate) fn work(mode: Mode) -> CategoryWork {
    let agreement = mode == Mode::AA;
    CategoryWork {
        mode,
        control: agreement,
        allowed_providers: None,
        verdict: score::VerdictRule::default(),
        scorers: match mode {
            Mode::AA => agreement_scorers(),
            Mode::JP | Mode::JA | Mode::PPI => no_scorers(),
            Mode::R | Mode::RP | Mode::H => absolute_scorers(),
        },
        judge: mode.asks_judge().then(|| JudgeWork {
            model: "judge".to_owned(),
            panel: Vec::new(),
            form: JudgeForm::AsKnown,
            memory: Arc::default(),
            rubric: "The sum is right.".to_owned(),
            repeats: 1,
        }),
        lossy_translation: LossyTranslation::Allowed,
        on_store: OnStore::default(),
        sampling: Sampling::ALL,
        deadline: Duration::from_secs(20),
    }
}

/// The probability with which a label is drawn for, where people decide.
pub(crate) const KAPPA: f64 = 0.25;

/// What the cell of a candidate is to measure.
pub(crate) fn definition(mode: Mode, candidate: &str) -> Definition {
    let tolerance = match mode {
        Mode::R | Mode::H | Mode::JA => Tolerance::absolute(0.9),
        Mode::PPI => Tolerance::audited(0.9, 1.0, KAPPA),
        Mode::RP | Mode::JP => Tolerance::paired(0.0625),
        Mode::AA => Tolerance::agreement(0.0625, 0.0, 1.0),
    };
    Definition {
        category: CATEGORY.to_owned(),
        candidate: candidate.to_owned(),
        digest: "d1".to_owned(),
        replies_digest: "r1".to_owned(),
        mode,
        tolerance: tolerance.unwrap(),
        max_wait_s: 86_400,
    }
}

pub(crate) fn absolute_scorers() -> score::Scorers {
    scorers(&[json!({"kind": "expected", "how": "exact"})])
}

fn agreement_scorers() -> score::Scorers {
    scorers(&[json!({"kind": "exact"})])
}

fn no_scorers() -> score::Scorers {
    scorers(&[])
}

pub(crate) fn scorers(specs: &[serde_json::Value]) -> score::Scorers {
    let spec = |spec: &serde_json::Value| serde_json::from_value(spec.clone()).unwrap();
    score::Scorers::compile(&specs.iter().map(spec).collect::<Vec<_>>()).unwrap()
}

fn price(name: &&str) -> (String, Vec<Price>) {
    let [input, _, output] = RATES.map(|rate| NanoUsd(rate * 1_000_000));
    let tariff = Tariff::Tokens(TokenRates::new(input, output));
    let price = Price { from: Timestamp(0), until: None, tariff, source: None };
    ((*name).to_owned(), vec![price])
}

/// A plain exchange: a question that says which answer is expected, answered right by the reference.
pub(crate) fn exchange(offer_seq: u64, at: Timestamp) -> Exchange {
    let question = json!({
        "model": "big",
        "messages": [{"role": "user", "content": format!("question {offer_seq}: two and two?")}],
        "metadata": {"expected": RIGHT},
    });
    let id = ExchangeId::new(at, u128::from(offer_seq) << 40);
    Exchange {
        id,
        observed_at: at,
        origin: Origin { proxy_instance: "proxy-1".to_owned(), offer_seq },
        provider: "sim".to_owned(),
        declared: Declared::default(),
        conversation: Conversation { key: id.to_string(), source: ConversationSource::Exchange },
        call: RawCall {
            method: "POST".to_owned(),
            path: "/v1/chat/completions".to_owned(),
            headers: json_headers(),
            body: Body::Inline(Bytes::from(question.to_string())),
        },
        reply: reply(RIGHT),
        capture: Capture::Complete,
        served: Served {
            route: Route::Reference,
            category: None,
            candidate: None,
            policy_version: 0,
        },
        unused: None,
        latency_us: 1_500_000,
        ttft_us: Some(300_000),
        redacted: false,
    }
}

/// A reply of the reference.
pub(crate) fn reply(text: &str) -> RawReply {
    let body = json!({
        "id": "c1", "object": "chat.completion", "model": "big",
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }],
        "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
    });
    let body = Body::Inline(Bytes::from(body.to_string()));
    RawReply { status: 200, headers: json_headers(), body }
}

fn json_headers() -> Headers {
    Headers(vec![("content-type".to_owned(), "application/json".to_owned())])
}

/// Changes a field of the call's body.
pub(crate) fn set(exchange: &mut Exchange, field: &str, value: serde_json::Value) {
    let body = exchange.call.body.inline().unwrap();
    let mut body: serde_json::Value = serde_json::from_slice(body).unwrap();
    body[field] = value;
    exchange.call.body = Body::Inline(Bytes::from(body.to_string()));
}

pub(crate) fn only(provider: &str) -> Option<BTreeSet<String>> {
    Some(BTreeSet::from([provider.to_owned()]))
}
