//! The demo's world: an application's traffic, and models whose true quality is declared.
//!
//! Every question is a hash of (seed, category, day, number); whether a model gets it right is a
//! hash of (seed, model, question) held against the declared probability. So the truth is known,
//! and two runs with one seed meet the same luck.
//!
//! It never knows what Foreshadow measured: [`World::truth`] is there to be compared with that.

mod answer;
mod category;
mod judge;
mod pipeline;
mod question;
mod truth;

use crate::{
    Error, LiveCall, chance,
    sim::{ModelPrice, Provider, ProviderSpec},
};
use bytes::Bytes;
use category::Category;
use exchange::{DAY_US, HOUR_US, MINUTE_US, Timestamp};
use question::Question;
use serde_json::json;
use std::{sync::Arc, time::Duration};

pub use judge::{JUDGE_SENSITIVITY, JUDGE_SPECIFICITY};
pub use truth::{Cell, Ending, Truth};

/// The model that the application asks for.
pub const REFERENCE: &str = "frontier-large";
/// The model that judges.
pub const JUDGE: &str = "frontier-judge";
/// The candidate of every category.
pub const MINI: &str = "harbor-mini";
/// A second, cheaper and much worse candidate of `classify`.
pub const NANO: &str = "harbor-nano";

/// The category whose calls a candidate copes with no longer, once the world has turned.
pub const TURNED: &str = "classify";
/// What such a call says of itself: what a model answers hangs on the call alone.
pub(crate) const SECOND: &str = "second";

/// The seed, unless told otherwise.
pub const SEED: u64 = 1;
/// Conversations in a full category on one day, unless told otherwise.
pub const SIZE: usize = 28;
/// Days of observation.
pub const DAYS: u32 = 14;
/// Monday, 5 January 2026, midnight UTC.
pub const START: Timestamp = Timestamp(1_767_571_200 * 1_000_000);

/// The environment variable and the secret of each key of ours: for live calls by a candidate, and
/// for everything off the live path.
pub const OWN_KEYS: [(&str, &str); 2] = [
    ("FORESHADOW_DEMO_LIVE_KEY", "demo-live-secret"),
    ("FORESHADOW_DEMO_SHADOW_KEY", "demo-shadow-secret"),
];
/// The application's own credential.
pub const CALLER_SECRET: &str = "demo-caller-secret";
/// The call logs' names of the keys: the application's, ours for live calls, ours for the rest.
pub const KEY_NAMES: [&str; 3] = ["caller", "live", "shadow"];

/// Turns of one conversation lie so far apart: well within what still counts as one.
const TURN_GAP_US: i64 = 20 * MINUTE_US;
/// How busy each hour of the day is, from midnight on.
const HOURS: [usize; 24] = [1, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 6, 7, 8, 8, 7, 6, 5, 4, 3, 3, 2, 2];
/// Who calls, in turn: the busiest have an eighth each, so that no tenant nears a fifth of the units
/// even where there are few.
const TENANTS: [&str; 16] = [
    "acme", "birch", "cobalt", "delta", "ember", "fjord", "gale", "heath", "acme", "birch",
    "cobalt", "delta", "iris", "juno", "kilo", "lima",
];

/// A world: one seed, one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    seed: u64,
    size: usize,
    release: Release,
}

/// Which release of the application calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// The one that is observed.
    First,
    /// One whose calls of [`TURNED`] the candidate no longer copes with.
    Second,
}

impl World {
    /// A world with about `size` conversations per full category and day ([`SIZE`] is enough for
    /// every outcome of [`World::cells`] to be reached in [`DAYS`]).
    #[must_use]
    pub fn new(seed: u64, size: usize) -> Self {
        Self { seed, size: size.max(1), release: Release::First }
    }

    /// The world after its candidate got worse: it gets most calls of [`TURNED`] wrong.
    #[must_use]
    pub fn turned(&self) -> Self {
        Self { release: Release::Second, ..*self }
    }

    /// The calls of one day (any day: live traffic goes on after [`DAYS`]) in order of time.
    #[must_use]
    pub fn day(&self, day: u32) -> Vec<LiveCall> {
        let conversations = Category::ALL.into_iter().flat_map(|category| {
            (0..category.conversations(self.size)).map(move |number| (category, number))
        });
        let mut calls = conversations
            .flat_map(|(category, number)| self.conversation(category, day, number))
            .collect::<Vec<_>>();
        calls.sort_by(|one, other| {
            (one.at, &one.category, &one.conversation).cmp(&(
                other.at,
                &other.category,
                &other.conversation,
            ))
        });
        calls
    }

    /// The two providers: `openai` with the reference and the judge, `harbor` with the candidates.
    #[must_use]
    pub fn providers(&self) -> [ProviderSpec; 2] {
        let [live, shadow] = OWN_KEYS;
        let [caller_name, live_name, shadow_name] = KEY_NAMES.map(str::to_owned);
        let own = vec![(live_name, live.1.to_owned()), (shadow_name, shadow.1.to_owned())];
        let mut all = own.clone();
        all.push((caller_name, CALLER_SECRET.to_owned()));
        let spec = |name: &str, keys, models| ProviderSpec {
            name: name.to_owned(),
            prefix: String::new(),
            seed: self.seed,
            keys,
            models,
            latency: Duration::ZERO,
            event_pause: Duration::ZERO,
        };
        [spec("openai", all, PRICES[..2].iter().map(price).collect()), {
            spec("harbor", own, PRICES[2..].iter().map(price).collect())
        }]
    }

    /// Starts both providers on loopback.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no port.
    pub async fn start(&self) -> Result<[Provider; 2], Error> {
        let [openai, harbor] = self.providers();
        let answers = Arc::new(*self);
        let openai = Provider::start(openai, Arc::<Self>::clone(&answers)).await?;
        Ok([openai, Provider::start(harbor, answers).await?])
    }

    /// The pipeline that evaluates this world, with each provider's name and base URL.
    #[must_use]
    pub fn pipeline_toml(&self, base_urls: &[(String, String)]) -> String {
        pipeline::toml(base_urls)
    }

    fn conversation(self, category: Category, day: u32, number: usize) -> Vec<LiveCall> {
        let name = format!("{}-d{day:02}-{number:03}", category.name());
        let at = START.plus(i64::from(day) * DAY_US + self.hour(&name) * HOUR_US);
        let turns = category.turns(number);
        // Counted over all days, so that shares are the same in small categories.
        let count = day as usize * category.conversations(self.size) + number;
        let asked = (0..turns).map(|turn| Question::new(self.seed, category, count, turn));
        let asked = asked.collect::<Vec<_>>();
        let tenant = TENANTS[count % TENANTS.len()].to_owned();
        (0..turns)
            .map(|turn| LiveCall {
                at: at.plus(turn as i64 * TURN_GAP_US),
                path: "/v1/chat/completions".to_owned(),
                headers: headers(category, &tenant, (turns > 1).then_some(&name)),
                body: body(category, &asked[..=turn], number, self.release),
                category: category.name().to_owned(),
                conversation: name.clone(),
                tenant: tenant.clone(),
            })
            .collect()
    }

    fn hour(self, conversation: &str) -> i64 {
        let mut left = chance::below(self.seed, &["hour", conversation], HOURS.iter().sum());
        for (hour, busy) in HOURS.into_iter().enumerate() {
            if left < busy {
                return hour as i64;
            }
            left -= busy;
        }
        0
    }
}

/// Model, and nano-dollars for an uncached, a cached and a completion token.
pub(crate) const PRICES: [(&str, [i64; 3]); 4] = [
    (REFERENCE, [2500, 1250, 10_000]),
    (JUDGE, [1000, 500, 4000]),
    (MINI, [150, 75, 600]),
    (NANO, [50, 25, 200]),
];

fn price((model, prices): &(&str, [i64; 3])) -> ModelPrice {
    ModelPrice::new(model, *prices)
}

fn headers(
    category: Category,
    tenant: &str,
    conversation: Option<&String>,
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("authorization", format!("Bearer {CALLER_SECRET}")),
        ("x-foreshadow-tenant", tenant.to_owned()),
    ];
    if category.is_declared() {
        headers.push(("x-foreshadow-category", category.name().to_owned()));
    }
    headers.extend(conversation.map(|name| ("x-foreshadow-conversation", name.clone())));
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The call that puts the last of `asked`, with the earlier ones as its history.
fn body(category: Category, asked: &[Question], number: usize, release: Release) -> Bytes {
    let mut messages = vec![json!({"role": "system", "content": category.system()})];
    for (turn, question) in asked.iter().enumerate() {
        messages.push(json!({"role": "user", "content": question.text}));
        if turn + 1 < asked.len() {
            messages.push(json!({"role": "assistant", "content": question.right}));
        }
    }
    let mut body = json!({"model": REFERENCE, "messages": messages});
    if let Some(expected) = asked.last().and_then(|question| question.expected.as_ref()) {
        body["metadata"] = json!({"expected": expected});
        if release == Release::Second && category.name() == TURNED {
            body["metadata"]["release"] = json!(SECOND);
        }
    }
    if let Some(format) = category.response_format() {
        body["response_format"] = format;
    }
    if let Some(tools) = category.tools() {
        body["tools"] = tools;
    }
    if category.streams(number) {
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
    }
    Bytes::from(body.to_string())
}
