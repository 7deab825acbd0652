//! A small town for the fault tests: two simulated providers, one kind of call, and calls that can
//! be told apart by number wherever they turn up.

use crate::{
    deployment::Deployment,
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use exchange::Timestamp;
use serde_json::json;
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use testkit::{
    Error, LiveCall,
    client::{Client, Played},
    sim::{Answers, Asked, Dialect, ModelPrice, Provider, ProviderSpec, Said},
};
use tokio::runtime::Runtime;

/// The model that callers ask for.
pub(crate) const LARGE: &str = "clerk-large";
/// The candidate.
pub(crate) const SMALL: &str = "clerk-small";
/// A candidate that appears later.
pub(crate) const TINY: &str = "clerk-tiny";
/// A model that judges: what says a code is acceptable to it.
pub(crate) const MAGISTRATE: &str = "magistrate";
/// The callers' credential.
pub(crate) const CALLER_SECRET: &str = "town-caller-secret";
/// Ours, for shadow calls.
pub(crate) const SHADOW_SECRET: &str = "town-shadow-secret";

const SHADOW_KEY: &str = "TOWN_SHADOW_KEY";
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).unwrap();
/// How long a model thinks: so that there are calls under way whenever something strikes, and no more
/// of them than the tests need.
const LATENCY: Duration = Duration::from_millis(15);

/// Two providers and the runtime that they live on.
pub(crate) struct Town {
    pub(crate) runtime: Runtime,
    pub(crate) openai: Provider,
    pub(crate) harbor: Provider,
    clerk: Arc<Clerk>,
}

/// Knows the code of every order; the candidate gets every tenth wrong.
#[derive(Debug, Default)]
struct Clerk {
    /// The calls that the candidate was asked about: they must have been journaled before.
    asked: Mutex<BTreeSet<u64>>,
    /// The candidate knows no code any more.
    lost: AtomicBool,
    /// The magistrate finds nothing acceptable any more.
    strict: AtomicBool,
}

impl Answers for Clerk {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        if asked.model == MAGISTRATE {
            let strict = self.strict.load(Ordering::SeqCst);
            return Said::Text(word(asked.last("user"), strict));
        }
        let number = asked.metadata("call").and_then(|call| call.parse::<u64>().ok());
        let number = number.unwrap_or_else(|| order(asked.last("user")));
        if asked.model == SMALL {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
            if number % 10 == 7 || self.lost.load(Ordering::SeqCst) {
                return Said::Text("unknown".to_owned());
            }
        }
        if asked.model == TINY && number % 10 == 3 {
            return Said::Text("unknown".to_owned());
        }
        Said::Text(code(number))
    }
}

impl Town {
    pub(crate) fn open() -> Self {
        Self::speaking(Dialect::OpenAi)
    }

    /// The candidate's provider speaks this dialect.
    pub(crate) fn speaking(dialect: Dialect) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let clerk = Arc::new(Clerk::default());
        let start = |dialect: Dialect, name: &str, models: &[&str], key: (&str, &str)| {
            let spec = ProviderSpec {
                name: name.to_owned(),
                prefix: String::new(),
                seed: 1,
                keys: vec![(key.0.to_owned(), key.1.to_owned())],
                models: models.iter().map(|it| ModelPrice::new(it, [2500, 1250, 10_000])).collect(),
                latency: LATENCY,
                event_pause: Duration::ZERO,
            };
            let answers = Arc::clone(&clerk) as Arc<dyn Answers>;
            runtime.block_on(Provider::speaking(dialect, spec, answers)).unwrap()
        };
        let openai = start(Dialect::OpenAi, "openai", &[LARGE], ("caller", CALLER_SECRET));
        let harbor =
            start(dialect, "harbor", &[SMALL, TINY, MAGISTRATE], ("shadow", SHADOW_SECRET));
        Self { runtime, openai, harbor, clerk }
    }

    /// A deployment before this town's providers, with every call sampled.
    pub(crate) fn deployment(&self) -> Deployment {
        self.deployment_asking(&self.harbor.base_url())
    }

    /// Its pipeline.
    pub(crate) fn own_pipeline(&self) -> String {
        self.pipeline(&self.harbor.base_url(), "")
    }

    /// The same on the day that another candidate appears.
    pub(crate) fn tiny_pipeline(&self) -> String {
        let candidates = "candidates = [\"clerk-small\", \"clerk-tiny\"]";
        let text = self.own_pipeline().replace("candidates = [\"clerk-small\"]", candidates);
        text.replace("[[category]]", &format!("{TINY_MODEL}\n[[category]]"))
    }

    /// The same, judged by the magistrate instead of by rules.
    pub(crate) fn judged_pipeline(&self) -> String {
        let text = self.own_pipeline();
        let (head, _) = text.split_once("[[category]]").unwrap();
        format!("{head}{JUDGED}")
    }

    /// The same, when so many of this town's calls have been through it and were shadowed.
    pub(crate) fn shadowed(&self, calls: u64) -> Deployment {
        let deployment = self.deployment();
        let up = deployment.up();
        self.play(&up.base_url("openai"), 0..calls);
        until("every call shadowed", PATIENCE, || {
            (deployment.count("SELECT count(*) AS n FROM shadows") == calls).then_some(())
        });
        up.stop();
        deployment
    }

    /// The same with its candidate at another base URL.
    pub(crate) fn deployment_asking(&self, candidate: &str) -> Deployment {
        self.deployment_reaching(candidate, "")
    }

    /// The same with more said of how the candidate's provider is reached.
    pub(crate) fn deployment_reaching(&self, candidate: &str, settings: &str) -> Deployment {
        Deployment::new(&self.pipeline(candidate, settings), &[(SHADOW_KEY, SHADOW_SECRET)])
    }

    /// The first, with more in its environment.
    pub(crate) fn deployment_with(&self, variables: &[(&str, &str)]) -> Deployment {
        let text = self.pipeline(&self.harbor.base_url(), "");
        Deployment::new(&text, &[&[(SHADOW_KEY, SHADOW_SECRET)], variables].concat())
    }

    fn pipeline(&self, candidate: &str, settings: &str) -> String {
        PIPELINE.replace("OPENAI_URL", &self.openai.base_url()).replace(
            "base_url = \"HARBOR_URL\"",
            &format!("base_url = \"{candidate}\"\n{settings}"),
        )
    }

    /// The same, with a key under which the candidate may serve live calls.
    pub(crate) fn live_deployment(&self) -> Deployment {
        self.live_deployment_in("openai")
    }

    /// The same, with a candidate whose provider speaks the dialect of that name.
    pub(crate) fn live_deployment_in(&self, dialect: &str) -> Deployment {
        let spoken = format!("name = \"harbor\"\ndialect = \"{dialect}\"");
        let key = format!("key_env = \"{SHADOW_KEY}\"");
        let text = PIPELINE
            .replace("OPENAI_URL", &self.openai.base_url())
            .replace("HARBOR_URL", &self.harbor.base_url())
            .replace("name = \"harbor\"\ndialect = \"openai\"", &spoken)
            .replace(&format!("shadow_{key}"), &key);
        Deployment::new(&text, &[(SHADOW_KEY, SHADOW_SECRET)])
    }

    /// From now on the candidate answers nothing rightly.
    pub(crate) fn candidate_moves(&self) {
        self.clerk.lost.store(true, Ordering::SeqCst);
    }

    /// From now on the magistrate finds nothing acceptable.
    pub(crate) fn magistrate_moves(&self) {
        self.clerk.strict.store(true, Ordering::SeqCst);
    }

    /// The calls that the candidate was asked about so far.
    pub(crate) fn asked(&self) -> BTreeSet<u64> {
        self.clerk.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many there are of them.
    pub(crate) fn shadow_calls(&self) -> u64 {
        self.clerk.asked.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    pub(crate) fn client(base_url: &str) -> Client {
        Client::new(base_url).unwrap()
    }

    /// Plays calls through a base URL; every one is answered, and rightly.
    #[track_caller]
    pub(crate) fn play(&self, base_url: &str, numbers: std::ops::Range<u64>) -> Vec<Played> {
        let calls: Vec<_> = numbers.clone().map(call).collect();
        let client = Self::client(base_url);
        let played = self.runtime.block_on(client.play(&calls, AT_ONCE));
        let played: Vec<_> = played.into_iter().collect::<Result<_, _>>().unwrap();
        for (number, played) in numbers.zip(&played) {
            assert!(is_right(number, played), "call {number}: {played:?}");
        }
        played
    }

    /// The replies to the same calls are the same with and without Foreshadow, but for what is
    /// hop-by-hop.
    #[track_caller]
    pub(crate) fn check_same(&self, base_url: &str, numbers: std::ops::Range<u64>) {
        let through = self.play(base_url, numbers.clone());
        let direct = self.play(&self.openai.base_url(), numbers);
        for (through, direct) in through.iter().zip(&direct) {
            assert_eq!(through.status, direct.status);
            assert_eq!(through.body, direct.body);
            assert_eq!(through.headers, direct.headers);
        }
    }
}

/// Whether a call was answered as the reference answers it.
pub(crate) fn is_right(number: u64, played: &Played) -> bool {
    let code = format!("\"{}\"", code(number));
    played.status == 200 && String::from_utf8_lossy(&played.body).contains(&code)
}

/// Sends one call.
pub(crate) async fn send(client: &Client, number: u64) -> Result<Played, Error> {
    client.send(&call(number)).await
}

/// The number in a question about an order.
fn order(question: &str) -> u64 {
    question.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// What the magistrate says of two replies, in the order in which it reads them.
fn word(prompt: &str, strict: bool) -> String {
    let (code, unknown) = (prompt.find("code-"), prompt.find("unknown"));
    let (first, second) = match (code, unknown) {
        (Some(code), Some(unknown)) => (code < unknown, unknown < code),
        (code, _) => (code.is_some(), code.is_some()),
    };
    let (first, second) = (first && !strict, second && !strict);
    let word = json!({
        "first_acceptable": first, "second_acceptable": second,
        "preferred": "tie", "reason": "a code was asked for",
    });
    word.to_string()
}

pub(crate) fn code(number: u64) -> String {
    format!("code-{number}")
}

/// A call under another credential than the callers' own.
pub(crate) fn call_of_stranger(number: u64) -> LiveCall {
    let mut call = call(number);
    call.headers[1].1 = "Bearer nobody-knows-me".to_owned();
    call
}

/// A call with a prompt of more than so many bytes.
pub(crate) fn long_call(number: u64, bytes: usize) -> LiveCall {
    call_asking(number, &format!("{} The code of order {number}?", "so long ".repeat(bytes / 8)))
}

pub(crate) fn call(number: u64) -> LiveCall {
    call_asking(number, &format!("The code of order {number}?"))
}

fn call_asking(number: u64, prompt: &str) -> LiveCall {
    let metadata = json!({"expected": code(number), "call": number.to_string()});
    let message = json!({"role": "user", "content": prompt});
    let body = json!({"model": LARGE, "messages": [message], "metadata": metadata});
    LiveCall {
        at: Timestamp(0),
        path: "/v1/chat/completions".to_owned(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {CALLER_SECRET}")),
            ("x-foreshadow-category".to_owned(), "codes".to_owned()),
        ],
        body: Bytes::from(body.to_string()),
        category: "codes".to_owned(),
        conversation: String::new(),
        tenant: String::new(),
    }
}

/// A pipeline with a budget of which not even one call can be paid.
pub(crate) fn poor(pipeline: &str) -> String {
    let budget = pipeline.lines().find(|line| line.starts_with("per_day_usd")).unwrap();
    pipeline.replace(budget, "per_day_usd = 0.000001")
}

const PIPELINE: &str = r#"
[pipeline]
name = "town"

[sampling]
conversations = 1.0
calls = 1.0

# So much that its pace holds nothing back, just after midnight either.
[budget]
per_day_usd = 1_000_000.0

[[provider]]
name = "openai"
dialect = "openai"
base_url = "OPENAI_URL"

[[provider]]
name = "harbor"
dialect = "openai"
base_url = "HARBOR_URL"
shadow_key_env = "TOWN_SHADOW_KEY"

[[model]]
name = "clerk-large"
provider = "openai"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[model]]
name = "clerk-small"
provider = "harbor"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[category]]
name = "codes"
mode = "R"
bar = 0.80
candidates = ["clerk-small"]
scorers = [{ kind = "expected", how = "exact" }]
"#;

const JUDGED: &str = r#"
[[model]]
name = "magistrate"
provider = "harbor"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[judge]
model = "magistrate"
rubric = "A reply is acceptable if it is a code."

[[category]]
name = "codes"
mode = "JP"
margin = 0.05
candidates = ["clerk-small"]
"#;

const TINY_MODEL: &str = r#"
[[model]]
name = "clerk-tiny"
provider = "harbor"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]
"#;
