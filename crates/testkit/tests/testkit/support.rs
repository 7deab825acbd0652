use std::{sync::Arc, time::Duration};
use testkit::{
    LiveCall,
    client::{Client, Played},
    sim::{Answers, Asked, Dialect, ModelPrice, Provider, ProviderSpec, Said},
};

/// Says which model was asked, under which key, and repeats the question.
struct Echo;

impl Answers for Echo {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let prompt = asked.last("user");
        if prompt == "book" {
            return Said::Tools(vec![exchange::ToolCall {
                name: "book".to_owned(),
                arguments: r#"{"day":"Tuesday","time":"14:00, but no later than 15:30"}"#
                    .to_owned(),
            }]);
        }
        Said::Text(format!("{} under {} heard: {prompt} — çà et là", asked.model, asked.key))
    }
}

pub(crate) fn spec(seed: u64) -> ProviderSpec {
    ProviderSpec {
        name: "openai".to_owned(),
        prefix: "/base".to_owned(),
        seed,
        keys: vec![("caller".into(), "one".into()), ("shadow".into(), "two".into())],
        models: vec![
            ModelPrice::new("large", [2500, 1250, 10_000]),
            ModelPrice::new("mini", [150, 75, 600]),
        ],
        latency: Duration::ZERO,
        event_pause: Duration::ZERO,
    }
}

pub(crate) async fn echo(seed: u64) -> (Provider, Client) {
    let provider = Provider::start(spec(seed), Arc::new(Echo)).await.unwrap();
    let client = Client::new(&provider.base_url()).unwrap();
    (provider, client)
}

pub(crate) fn call(secret: &str, body: &serde_json::Value) -> LiveCall {
    LiveCall {
        at: exchange::Timestamp(0),
        path: "/v1/chat/completions".to_owned(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {secret}")),
        ],
        body: body.to_string().into(),
        category: String::new(),
        conversation: String::new(),
        tenant: String::new(),
    }
}

pub(crate) fn json(played: &Played) -> serde_json::Value {
    serde_json::from_slice(&played.body).unwrap()
}

/// The real models' names, because what a model takes goes by them.
const REAL_MODELS: [&str; 11] = [
    "gpt-4.1",
    "gpt-5",
    "gpt-5.4",
    "o3",
    "claude-3-5-haiku-20241022",
    "claude-sonnet-4-5",
    "claude-opus-4-7",
    "claude-opus-4-8",
    "gemini-2.5-flash",
    "gemini-3-pro-preview",
    "gemini-embedding-001",
];

/// A provider of a dialect that answers as [`echo`] does, with the real models' names.
pub(crate) async fn speaking(dialect: Dialect, seed: u64) -> (Provider, Client) {
    let models = REAL_MODELS.map(|name| ModelPrice::new(name, [2000, 200, 10_000])).to_vec();
    let spec = ProviderSpec { prefix: String::new(), models, ..spec(seed) };
    let provider = Provider::speaking(dialect, spec, Arc::new(Echo)).await.unwrap();
    let client = Client::new(&provider.base_url()).unwrap();
    (provider, client)
}
