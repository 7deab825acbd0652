//! What recorded answers are played on: two providers that serve them, and the pipeline that a user
//! of this traffic would have written.

use super::Recorded;
use crate::{
    Error,
    sim::{Answers, ModelPrice, Provider, ProviderSpec},
    world::{CALLER_SECRET, KEY_NAMES, OWN_KEYS},
};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// The recorded model that callers ask for.
pub const REFERENCE: &str = "gpt-4-1106-preview";
/// The recorded model on trial.
pub const CANDIDATE: &str = "mixtral-8x7b-instruct-v0.1";

/// The recorded flags go by a reply's last whole number, whatever its sign; so does this. A number
/// with a fraction was recorded as wrong, and its last digits are.
const LAST_NUMBER: &str = r"{ regex = '\d(?:[\d,]*\d)?' }";
const SAME_TOKEN: &str = "\"exact\"";

/// What is demanded of the candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Demand {
    /// At least this quality (mode R).
    Bar(f64),
    /// At most so much worse than the reference, call by call (mode RP).
    Margin(f64),
}

impl Recorded {
    /// Starts the two providers on loopback: `openai` with the reference, `together` with the
    /// candidate.
    ///
    /// # Errors
    /// [`Error::Io`] if there is no port.
    pub async fn start(self: &Arc<Self>) -> Result<[Provider; 2], Error> {
        let answers = || Arc::clone(self) as Arc<dyn Answers>;
        let [caller, live, shadow] = KEY_NAMES.map(str::to_owned);
        let own = [(live, OWN_KEYS[0].1.to_owned()), (shadow, OWN_KEYS[1].1.to_owned())];
        let all = [own.to_vec(), vec![(caller, CALLER_SECRET.to_owned())]].concat();
        let openai = spec("openai", all, ModelPrice::new(REFERENCE, [10_000, 10_000, 30_000]));
        let together = spec("together", own.to_vec(), ModelPrice::new(CANDIDATE, [600, 600, 600]));
        let openai = Provider::start(openai, answers()).await?;
        Ok([openai, Provider::start(together, answers()).await?])
    }

    /// The pipeline that holds the candidate to `demand` in every recorded category, with each
    /// provider's name and base URL.
    #[must_use]
    pub fn pipeline_toml(&self, base_urls: &[(String, String)], demand: Demand) -> String {
        let mut text = String::from(HEAD);
        let [(live, _), (shadow, _)] = OWN_KEYS;
        for (name, base_url) in base_urls {
            // Writing into a text cannot fail.
            let _ = write!(
                text,
                "\n[[provider]]\nname = \"{name}\"\ndialect = \"openai\"\nbase_url = \"{base_url}\"\n\
                 key_env = \"{live}\"\nshadow_key_env = \"{shadow}\"\n"
            );
        }
        text += MODELS;
        let demanded = match demand {
            Demand::Bar(bar) => format!("mode = \"R\"\nbar = {bar:?}"),
            Demand::Margin(margin) => format!("mode = \"RP\"\nmargin = {margin:?}"),
        };
        let how = if self.has_texts { LAST_NUMBER } else { SAME_TOKEN };
        for category in self.counts().keys() {
            let _ = write!(
                text,
                "\n[[category]]\nname = \"{category}\"\n{demanded}\ncandidates = [\"{CANDIDATE}\"]\n\
                 scorers = [{{ kind = \"expected\", how = {how} }}]\n"
            );
        }
        text
    }
}

fn spec(name: &str, keys: Vec<(String, String)>, model: ModelPrice) -> ProviderSpec {
    ProviderSpec {
        name: name.to_owned(),
        prefix: String::new(),
        seed: 0,
        keys,
        models: vec![model],
        latency: Duration::ZERO,
        event_pause: Duration::ZERO,
    }
}

const HEAD: &str = r#"# Recorded answers of two real models, played as a fortnight of traffic. Every call is sampled.
[pipeline]
name = "recorded"

[sampling]
conversations = 1.0
calls = 1.0

# Dollars. Far more than the recorded fortnight needs, but never without a limit.
[budget]
per_day_usd = 1000.0

[gate]
threshold = 0.95
observation_days = 14
"#;

const MODELS: &str = r#"
[[model]]
name = "gpt-4-1106-preview"
provider = "openai"
price = [{ from = "2023-11-06", input = 10.0, output = 30.0 }]

[[model]]
name = "mixtral-8x7b-instruct-v0.1"
provider = "together"
price = [{ from = "2023-12-11", input = 0.6, output = 0.6 }]
"#;
