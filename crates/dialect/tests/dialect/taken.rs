//! What is written is taken by the provider that it is written for: the simulated ones refuse what the real
//! ones refuse.

use crate::{bodies, golden, matrix};
use dialect::{
    Form,
    translate::{self, Delivery, Impossible, Target, Translated},
};
use exchange::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::{path::PathBuf, sync::Arc, time::Duration};
use testkit::{
    LiveCall,
    client::Client,
    sim::{Answers, Asked, Dialect, ModelPrice, Provider, ProviderSpec, Said},
};
use tokio::runtime::{Builder, Runtime};

const KEY: &str = "key";

/// Models that do not reason, so that a refusal is never theirs but the form's.
fn model(form: Form) -> &'static str {
    match form {
        Form::ChatCompletions | Form::Responses => "gpt-4.1-mini",
        Form::Messages => "claude-haiku-4-5",
        Form::GenerateContent => "gemini-3-flash",
    }
}

fn put(from: Form, body: &Value, to: Form) -> Result<Translated, Impossible> {
    let body = body.to_string();
    let refuses = ["reasoning", "reasoning_effort"].map(str::to_owned);
    let target = Target {
        form: to,
        model: model(to),
        refuses: &refuses,
        output_tokens_max: Some(64_000),
        delivery: Delivery::Whole,
    };
    translate::call(&matrix::read(from, body.as_bytes()), body.as_bytes(), &target)
}

/// Says that it has understood.
struct Understood;

impl Answers for Understood {
    fn answer(&self, _: &Asked<'_>) -> Said {
        Said::Text("Yes.".to_owned())
    }
}

/// The providers of all forms, on loopback.
struct Providers {
    runtime: Runtime,
    running: Vec<(Dialect, Provider, Client)>,
}

impl Providers {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let forms = [
            (Dialect::OpenAi, Form::ChatCompletions),
            (Dialect::Anthropic, Form::Messages),
            (Dialect::Gemini, Form::GenerateContent),
        ];
        let running = forms.map(|(dialect, form)| {
            let spec = ProviderSpec {
                name: "simulated".to_owned(),
                prefix: String::new(),
                seed: 1,
                keys: vec![("caller".to_owned(), KEY.to_owned())],
                models: vec![ModelPrice::new(model(form), [1, 1, 1])],
                latency: Duration::ZERO,
                event_pause: Duration::ZERO,
            };
            let provider = Provider::speaking(dialect, spec, Arc::new(Understood));
            let provider = runtime.block_on(provider).unwrap();
            let client = Client::new(&provider.base_url()).unwrap();
            (dialect, provider, client)
        });
        Self { running: running.into(), runtime }
    }

    /// The refusal of a call, if the provider refuses it.
    fn refusal(&self, form: Form, call: &Translated) -> Option<String> {
        let (dialect, header, secret) = match form {
            Form::ChatCompletions | Form::Responses => {
                (Dialect::OpenAi, "authorization", format!("Bearer {KEY}"))
            }
            Form::Messages => (Dialect::Anthropic, "x-api-key", KEY.to_owned()),
            Form::GenerateContent => (Dialect::Gemini, "x-goog-api-key", KEY.to_owned()),
        };
        let (_, _, client) = self.running.iter().find(|(of, ..)| *of == dialect).unwrap();
        let own =
            call.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let call = LiveCall {
            at: Timestamp(0),
            path: call.path.clone(),
            headers: own.chain([(header.to_owned(), secret)]).collect(),
            body: call.body.clone(),
            category: String::new(),
            conversation: String::new(),
            tenant: String::new(),
        };
        let played = self.runtime.block_on(client.send(&call)).unwrap();
        (played.status != 200).then(|| String::from_utf8_lossy(&played.body).into_owned())
    }

    #[track_caller]
    fn check(&self, from: Form, body: &Value, name: &str) {
        for to in Form::ALL {
            let Ok(written) = put(from, body, to) else { continue };
            if let Some(refusal) = self.refusal(to, &written) {
                let written: Value = serde_json::from_slice(&written.body).unwrap();
                panic!("{name}: {from:?} to {to:?} is refused: {refusal}\n{written:#}");
            }
        }
    }
}

/// Cases that no provider would take as their callers made them.
const BEYOND_REPAIR: [&str; 1] = ["late_results"];

#[test]
fn every_golden_call_is_taken() {
    let providers = Providers::start();
    let is_whole = |case: &PathBuf| !BEYOND_REPAIR.iter().any(|name| case.ends_with(name));
    for case in matrix::cases().into_iter().filter(is_whole) {
        for from in Form::ALL {
            let source = case.join(format!("{}.json", matrix::name(from)));
            if source.exists() {
                providers.check(from, &golden::json(&source), source.to_str().unwrap());
            }
        }
    }
}

#[test]
fn every_generated_call_is_taken() {
    let providers = Providers::start();
    proptest!(|((from, body) in bodies::native())| providers.check(from, &body, "generated"));
}
