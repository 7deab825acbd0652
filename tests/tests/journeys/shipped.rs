//! Each pipeline of `pipelines/` as its reader starts it, with simulated providers in place of the real
//! ones: calls that its rules claim reach their category, and what its candidates answer is scored.

use crate::{
    bucket::Store,
    deployment::Deployment,
    kafka,
    wait::{PATIENCE, until},
};
use bytes::Bytes;
use exchange::{Timestamp, ToolCall};
use pipeline::{CategoryDef, Pipeline};
use serde_json::{Value, json};
use std::{fs, num::NonZeroUsize, path::Path, sync::Arc, time::Duration};
use testkit::{
    LiveCall,
    client::Client,
    sim::{Answers, Asked, Dialect, ModelPrice, Provider, ProviderSpec, Said},
};
use tokio::runtime::Runtime;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pipelines");
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).unwrap();
/// So many conversations of a category are expected to be asked, whatever share of it is sampled: that
/// none is, by the day's draw, is as likely as e to the minus this.
const ASKED: f64 = 20.0;
/// The callers' credential.
pub(crate) const CALLER: &str = "shipped-caller-secret";
const OURS: &str = "shipped-own-secret";

/// Says what every kind of call can use: a tool's name where there are tools, else JSON.
struct Anyone;

impl Answers for Anyone {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let tools = asked.body.get("tools").and_then(Value::as_array);
        if let Some(name) = tools.and_then(|tools| tools[0]["function"]["name"].as_str()) {
            let arguments = json!({ "order": "7" }).to_string();
            return Said::Tools(vec![ToolCall { name: name.to_owned(), arguments }]);
        }
        let said = match asked.body.pointer("/response_format/json_schema/name") {
            Some(name) if name == "verdict" => json!({
                "first_acceptable": true, "second_acceptable": true, "preferred": "tie",
                "reason": "both say so"
            }),
            Some(_) | None => json!({ "answer": "Summary" }),
        };
        Said::Text(said.to_string())
    }
}

#[test]
fn one_openai_key() {
    check("openai");
}

#[test]
fn a_model_of_ones_own_behind_vllm() {
    check("self-hosted");
}

#[test]
fn extraction() {
    check("extraction");
}

#[test]
fn classification() {
    check("classification");
}

#[test]
fn support_chat_with_a_judge() {
    check("support-chat-judged");
}

#[test]
fn tool_use() {
    check("tool-use");
}

#[test]
fn models_of_makers_that_speak_another_dialect() {
    check("anthropic-gemini");
}

#[test]
fn a_journal_on_kafka_and_tables_in_a_bucket() {
    let store = Store::start();
    let altered = |text: String| {
        let text = text.replace("kafka:9092", &kafka::shared());
        text.replace("http://store:7070", &store.access.endpoint)
    };
    check_with("kafka", altered, |deployment| store.of(deployment));
}

#[test]
fn no_pipeline_ships_untried() {
    let tried = include_str!("shipped.rs");
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_tried =
            ["check(", "check_with("].map(|by| tried.contains(&format!("{by}\"{name}\"")));
        assert_ne!(is_tried, [false; 2], "{name} is not tried");
    }
}

fn check(name: &str) {
    check_with(name, |text| text, |deployment| deployment);
}

fn check_with(
    name: &str,
    altered: impl Fn(String) -> String,
    placed: impl Fn(Deployment) -> Deployment,
) {
    let text = altered(text(name));
    let pipeline = pipeline::load(&text).unwrap();
    let runtime = Runtime::new().unwrap();
    let (deployment, providers) = deploy(&runtime, &text);
    let deployment = placed(deployment);
    let up = deployment.up();
    for category in &pipeline.categories {
        let reference = reference(&pipeline, category);
        let provider = &pipeline.provider_of(reference).unwrap().name;
        let calls: Vec<_> =
            (0..conversations(category)).map(|number| call(reference, category, number)).collect();
        let client = Client::new(&up.base_url(provider)).unwrap();
        for played in runtime.block_on(client.play(&calls, AT_ONCE)) {
            assert_eq!(played.unwrap().status, 200, "{name}: {}", category.name);
        }
    }
    for category in &pipeline.categories {
        until(&format!("{name}: the rows of {}", category.name), PATIENCE, || {
            is_recorded(&deployment, category).then_some(())
        });
    }
    let elsewhere = "SELECT count(*) AS n FROM exchanges WHERE category_source <> 'rule'";
    assert_eq!(deployment.count(elsewhere), 0, "{name}: every call is claimed by a rule");
    up.stop();
    drop(providers);
}

fn conversations(category: &CategoryDef) -> usize {
    (ASKED / category.sampling.probability()) as usize
}

/// All its calls are there, and each candidate has answered all that it was asked, scored.
fn is_recorded(deployment: &Deployment, category: &CategoryDef) -> bool {
    let name = &category.name;
    let seen = format!("SELECT count(*) AS n FROM exchanges WHERE category = '{name}'");
    let each = |candidate: &String| {
        let of = format!("cell LIKE '{name}/%' AND candidate = '{candidate}'");
        let drawn = deployment
            .count(&format!("SELECT count(*) AS n FROM assignments WHERE sampled AND {of}"));
        let scored = deployment.count(&format!(
            "SELECT count(*) AS n FROM shadows WHERE status = 200 AND loss IS NOT NULL AND {of}"
        ));
        drawn > 0 && drawn == scored
    };
    deployment.count(&seen) == conversations(category) as u64
        && category.candidates.iter().all(each)
}

/// A shipped pipeline.
pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(name).with_extension("toml")).unwrap()
}

/// The file with the addresses of simulated providers, and the keys that it names.
pub(crate) fn deploy(runtime: &Runtime, text: &str) -> (Deployment, Vec<Provider>) {
    let pipeline = pipeline::load(text).unwrap();
    let (mut text, mut keys, mut providers) = (text.to_owned(), Vec::new(), Vec::new());
    for provider in &pipeline.providers {
        let models = pipeline.models.iter().filter(|model| model.provider == provider.name);
        let spec = ProviderSpec {
            name: provider.name.clone(),
            prefix: String::new(),
            seed: 1,
            keys: [
                ("caller", CALLER),
                if provider.key_env.is_some() { ("ours", OURS) } else { ("nobody", "") },
            ]
            .map(|(name, secret)| (name.to_owned(), secret.to_owned()))
            .to_vec(),
            models: models.map(|it| ModelPrice::new(&it.name, [1000, 500, 4000])).collect(),
            latency: Duration::ZERO,
            event_pause: Duration::ZERO,
        };
        let starting = Provider::speaking(dialect(provider), spec, Arc::new(Anyone));
        let started = runtime.block_on(starting).unwrap();
        text = text.replace(&provider.base_url, &started.base_url());
        keys.extend([&provider.key_env, &provider.shadow_key_env].into_iter().flatten());
        providers.push(started);
    }
    let keys: Vec<(&str, &str)> = keys.into_iter().map(|name| (name.as_str(), OURS)).collect();
    (Deployment::new(&text, &keys), providers)
}

fn dialect(provider: &pipeline::Provider) -> Dialect {
    match provider.dialect.as_str() {
        "anthropic" => Dialect::Anthropic,
        "gemini" => Dialect::Gemini,
        _ => Dialect::OpenAi,
    }
}

/// The dearest model that the rule lets a client ask for.
fn reference<'p>(pipeline: &'p Pipeline, category: &CategoryDef) -> &'p str {
    let wanted = category.rule.as_ref().and_then(|rule| rule.model.as_deref()).unwrap();
    &pipeline.model(wanted).unwrap().name
}

/// A call that meets every condition of a category's rule, and none that is not written there.
fn call(model: &str, category: &CategoryDef, number: usize) -> LiveCall {
    let rule = category.rule.as_ref().unwrap();
    let length = rule.prompt_tokens.and_then(|range| range.min).unwrap_or(1);
    let mut body = json!({
        "model": model,
        "messages": [
            { "role": "system", "content": system(rule.system.as_deref()) },
            { "role": "user", "content": format!("Case {number}.{}", " and so on".repeat(length as usize)) },
        ],
    });
    if !rule.metadata.is_empty() {
        body["metadata"] = json!(rule.metadata);
        body["metadata"]["expected"] = json!("billing");
    }
    if !rule.tools.is_empty() {
        let tool = |name: &String| json!({ "type": "function", "function": { "name": name } });
        body["tools"] = rule.tools.iter().map(tool).collect();
    }
    let scores_schema =
        category.scorers.iter().any(|scorer| format!("{scorer:?}").contains("JsonSchema"));
    if rule.response_format.is_some() || scores_schema {
        let schema =
            json!({ "name": "any", "schema": { "type": "object", "required": ["answer"] } });
        body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
    }
    let own = |name: &str, value: &str| (name.to_owned(), value.replace('*', "1"));
    let mut headers = vec![
        own("content-type", "application/json"),
        own("authorization", &format!("Bearer {CALLER}")),
        own("x-foreshadow-conversation", &format!("{}-{number}", category.name)),
    ];
    headers.extend(rule.header.iter().map(|(name, value)| own(name, value)));
    headers.extend(rule.tenant.iter().map(|tenant| own("x-foreshadow-tenant", tenant)));
    headers.extend(rule.priority.iter().map(|it| own("x-foreshadow-priority", it)));
    LiveCall {
        at: Timestamp(0),
        path: rule.path.clone().unwrap_or_else(|| "/v1/chat/completions".to_owned()),
        headers,
        body: Bytes::from(body.to_string()),
        category: category.name.clone(),
        conversation: String::new(),
        tenant: String::new(),
    }
}

/// Words in which the pattern of a shipped rule is found.
fn system(pattern: Option<&str>) -> &'static str {
    match pattern {
        None => "You are a clerk.",
        Some(pattern) if pattern.contains("extract") => "Extract the fields.",
        Some(pattern) if pattern.contains("moderat") => "You moderate posts.",
        Some(pattern) => panic!("say what a prompt is like in which `{pattern}` is found"),
    }
}
