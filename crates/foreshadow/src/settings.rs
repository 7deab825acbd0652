//! From one valid pipeline to what each crate goes by. Keys are looked up here, by the names of the
//! variables that the pipeline gives; they go into clients and header fields, and nowhere else.

use crate::steer::LiveModel;
use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use dialect::{Dialect, Forms};
use exchange::{Body, Clock, Exchange, NanoUsd};
use http::{HeaderName, HeaderValue};
use journal::kafka;
use pipeline::{
    CategoryDef, GoldenCall, JudgeFigures, KafkaJournal, Password, Pipeline, Provider, SecretSource,
};
use policy::Categorizer;
use proxy::{Http2, Key, Upstream};
use regex::bytes::Regex;
use shadow::{
    Caps, CategoryWork, GoldenCase, JudgeForm, JudgeMemory, JudgeWork, Limits, Models, Settings,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// How long one call of ours may take, its retries included.
const SHADOW_DEADLINE: Duration = Duration::from_secs(120);

/// Looks up a key by the name of its variable.
pub(crate) type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The environment as the place of keys.
#[expect(clippy::disallowed_methods, reason = "this is the binary, which reads the environment")]
pub(crate) fn environment() -> Secrets {
    Arc::new(|name| std::env::var(name).ok().filter(|key| !key.is_empty()))
}

/// The providers that the live path forwards to.
pub(crate) fn upstreams(pipeline: &Pipeline) -> Result<Vec<Upstream>> {
    let upstream = |provider: &Provider| {
        let mut upstream = Upstream::new(&provider.name, &provider.base_url)?;
        if let Some(pem) = &provider.ca_pem {
            upstream = upstream.trusting(pem)?;
        }
        if let Some(url) = &provider.proxy {
            upstream = upstream.through(url)?;
        }
        let http2 = match provider.http2 {
            None => Http2::IfAgreed,
            Some(true) => Http2::Known,
            Some(false) => Http2::Never,
        };
        let upstream = upstream.identified_by(provider.key_header.parse()?).speaking(http2);
        Ok(match provider.dialect.parse()? {
            // The proxy's own shape, which has a code of ours in it.
            Dialect::OpenAi => upstream,
            Dialect::Anthropic => upstream.erring_in(|status, message, kind| {
                Dialect::Anthropic.error_body(status, message, kind)
            }),
            Dialect::Gemini => upstream.erring_in(|status, message, kind| {
                Dialect::Gemini.error_body(status, message, kind)
            }),
        })
    };
    pipeline.providers.iter().map(upstream).collect()
}

/// The format that each provider speaks.
pub(crate) fn dialects(pipeline: &Pipeline) -> Result<BTreeMap<String, Dialect>> {
    let dialect = |provider: &Provider| Ok((provider.name.clone(), provider.dialect.parse()?));
    pipeline.providers.iter().map(dialect).collect()
}

/// The categories' rules, and behind them the call sites that were given names.
pub(crate) fn categorizer(pipeline: &Pipeline) -> Result<Categorizer> {
    let names = pipeline.call_sites.iter().map(|named| (named.site.clone(), named.name.clone()));
    Ok(Categorizer::new(&pipeline.rules())?.with_call_sites(names))
}

/// Where live calls of candidates go, and under which key of ours.
pub(crate) fn live_models(
    pipeline: &Pipeline,
    secrets: &Secrets,
) -> Result<BTreeMap<String, LiveModel>> {
    let mut models = BTreeMap::new();
    for model in &pipeline.models {
        let provider = pipeline.provider(&model.provider);
        let key = provider.map(|provider| live_key(provider, secrets)).transpose()?.flatten();
        let live = LiveModel {
            provider: model.provider.clone(),
            wire_name: model.name.clone(),
            forms: provider.map_or(Forms::Common, forms),
            capabilities: model.capabilities.clone(),
            key,
        };
        models.insert(model.name.clone(), live);
    }
    Ok(models)
}

/// The forms of its dialect that a provider has.
fn forms(provider: &Provider) -> Forms {
    if provider.responses { Forms::All } else { Forms::Common }
}

fn live_key(provider: &Provider, secrets: &Secrets) -> Result<Option<Key>> {
    let Some(variable) = &provider.key_env else { return Ok(None) };
    let Some(secret) = secrets(variable) else { return Ok(None) };
    let name: HeaderName = provider.key_header.parse()?;
    let value =
        if name == http::header::AUTHORIZATION { format!("Bearer {secret}") } else { secret };
    // The error must not carry the value.
    let value = HeaderValue::try_from(value)
        .map_err(|_| anyhow!("the key in {variable} cannot stand in a header field"))?;
    Ok(Some(Key::new(name, value)))
}

/// What the other path goes by.
pub(crate) fn shadow(
    pipeline: &Pipeline,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
    limits: Limits,
) -> Result<Settings> {
    let (mut categories, memory) = (BTreeMap::new(), Arc::default());
    for category in &pipeline.categories {
        let work = CategoryWork {
            mode: category.mode,
            control: category.control,
            allowed_providers: allowed(category),
            scorers: scorers(category)?,
            verdict: category.verdict.clone(),
            judge: judge(pipeline, category, &memory),
            lossy_translation: category.gate.lossy_translation,
            on_store: category.on_store,
            sampling: category.sampling,
            deadline: SHADOW_DEADLINE,
        };
        categories.insert(category.name.clone(), work);
    }
    Ok(Settings {
        salt: pipeline.name.clone(),
        categorizer: categorizer(pipeline)?,
        definitions: pipeline.definitions(JudgeFigures::FLAWLESS)?,
        categories,
        models: shadow_models(pipeline, secrets, clock)?,
        prices: pipeline.price_book(),
        caps: caps(pipeline),
        limits,
    })
}

/// The pipeline's own cases, as they are sent.
pub(crate) fn golden(pipeline: &Pipeline) -> Result<Vec<GoldenCase>> {
    let case = |case: &pipeline::GoldenCase| {
        let provider = pipeline.provider_of(&case.model);
        let provider =
            provider.with_context(|| format!("the model `{}` has no provider", case.model))?;
        let dialect: Dialect = provider.dialect.parse()?;
        Ok(GoldenCase {
            category: case.category.clone(),
            name: case.name.clone(),
            model: case.model.clone(),
            body: match &case.call {
                GoldenCall::Prompt { system, prompt } => {
                    dialect.prompt_body(&case.model, system.as_deref(), prompt)
                }
                GoldenCall::Body(text) => Bytes::from(text.clone()),
            },
            metadata: case.metadata.clone(),
            answer: case.answer.clone(),
        })
    };
    pipeline.golden.cases.iter().map(case).collect()
}

fn allowed(category: &CategoryDef) -> Option<std::collections::BTreeSet<String>> {
    let allowed = &category.allowed_providers;
    (!allowed.is_empty()).then(|| allowed.iter().cloned().collect())
}

fn scorers(category: &CategoryDef) -> Result<score::Scorers> {
    score::Scorers::compile(&category.scorers)
        .with_context(|| format!("category `{}`", category.name))
}

fn judge(
    pipeline: &Pipeline,
    category: &CategoryDef,
    memory: &Arc<JudgeMemory>,
) -> Option<JudgeWork> {
    let judge = pipeline.judge.as_ref().filter(|_| category.asks_judge())?;
    Some(JudgeWork {
        model: judge.model.clone(),
        panel: judge.panel.clone(),
        form: match judge.form {
            None => JudgeForm::AsKnown,
            Some(pipeline::JudgeForm::Schema) => JudgeForm::Schema,
            Some(pipeline::JudgeForm::Words) => JudgeForm::Words,
        },
        memory: Arc::clone(memory),
        rubric: judge.rubric.clone(),
        repeats: judge.repeats,
    })
}

fn shadow_models(pipeline: &Pipeline, secrets: &Secrets, clock: &Arc<dyn Clock>) -> Result<Models> {
    let mut models = Models::default();
    for provider in &pipeline.providers {
        let client = shadow_client(provider, secrets, clock)?;
        let dialect = provider.dialect.parse()?;
        let forms = forms(provider);
        models.providers.insert(provider.name.clone(), shadow::Provider { dialect, forms, client });
    }
    for model in &pipeline.models {
        let known = shadow::Model {
            provider: model.provider.clone(),
            wire_name: model.name.clone(),
            capabilities: model.capabilities.clone(),
        };
        models.models.insert(model.name.clone(), known);
    }
    Ok(models)
}

/// The way to a provider under a key of the shadow's own; `None` where a key is named and not set,
/// or where calls of ours may not go.
fn shadow_client(
    provider: &Provider,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
) -> Result<Option<upstream::Client>> {
    if !provider.allowed {
        return Ok(None);
    }
    let variables = [&provider.shadow_key_env, &provider.key_env];
    let named = variables.into_iter().flatten();
    let key = named.clone().find_map(|variable| secrets(variable));
    if key.is_none() && named.count() > 0 {
        return Ok(None);
    }
    let target = upstream::ProviderTarget {
        name: provider.name.clone(),
        base_url: provider.base_url.clone(),
        key: upstream::Secret::new(key.unwrap_or_default()),
        key_header: provider.key_header.clone(),
        headers: provider.dialect.parse::<Dialect>()?.headers(),
        way: upstream::Way { ca_pem: provider.ca_pem.clone(), proxy: provider.proxy.clone() },
        limits: upstream::Limits::default(),
    };
    Ok(Some(upstream::Client::new(target, Arc::clone(clock))?))
}

/// How long records are kept.
pub(crate) fn retention(of: &KafkaJournal) -> Duration {
    Duration::from_secs(u64::from(of.retention_days) * 86_400)
}

/// How the cluster of `[journal]` is reached, and what is asked of it.
pub(crate) fn kafka(of: &KafkaJournal, secrets: &Secrets) -> Result<kafka::Settings> {
    let tls = kafka::Tls { ca_pem: of.ca_pem.clone(), identity: None };
    let login = of.password.as_ref().map(|password| login(password, secrets)).transpose()?;
    Ok(kafka::Settings {
        prefix: of.prefix.clone(),
        transport: if of.tls { kafka::Transport::Tls(tls) } else { kafka::Transport::Plain },
        login,
        topic: kafka::TopicSettings {
            partitions: of.partitions,
            replication: of.replication,
            retention: retention(of),
            retention_bytes: None,
        },
        record_bytes_max: of.record_bytes_max,
        session: Duration::from_secs(u64::from(of.session_seconds)),
        ..kafka::Settings::new(of.brokers.clone())
    })
}

fn login(password: &Password, secrets: &Secrets) -> Result<kafka::Login> {
    let secret = held("[journal]", "password", &password.source, secrets)?;
    let mechanism = match password.mechanism {
        pipeline::Mechanism::Plain => kafka::Mechanism::Plain,
        pipeline::Mechanism::ScramSha256 => kafka::Mechanism::ScramSha256,
        pipeline::Mechanism::ScramSha512 => kafka::Mechanism::ScramSha512,
    };
    let user = password.user.clone();
    Ok(kafka::Login { mechanism, user, password: kafka::Secret::new(secret) })
}

/// How the store of buckets is reached, and as whom.
pub(crate) fn s3(of: &pipeline::S3, secrets: &Secrets) -> Result<lake::S3> {
    let session = match &of.session {
        // A key that is not lent has none.
        Some(SecretSource::Variable(name)) => secrets(name),
        Some(source @ SecretSource::File(_)) => Some(held("[s3]", "session", source, secrets)?),
        None => None,
    };
    Ok(lake::S3 {
        endpoint: of.endpoint.clone(),
        region: of.region.clone(),
        addressing: if of.path_style { lake::Addressing::Path } else { lake::Addressing::Host },
        ca_pem: of.ca_pem.clone(),
        key: lake::Key {
            id: held("[s3]", "key id", &of.key_id, secrets)?,
            secret: lake::Secret::new(held("[s3]", "secret", &of.secret, secrets)?),
            session: session.map(lake::Secret::new),
        },
    })
}

/// A secret that a section needs, from where the pipeline says that it is.
fn held(section: &str, what: &str, source: &SecretSource, secrets: &Secrets) -> Result<String> {
    let secret = match source {
        SecretSource::Variable(name) => {
            secrets(name).with_context(|| format!("`{section}` needs a {what}: set {name}"))?
        }
        SecretSource::File(path) => std::fs::read_to_string(path)
            .with_context(|| format!("the {what} of `{section}` is not in {path}"))?,
    };
    Ok(secret.trim_end_matches(['\r', '\n']).to_owned())
}

fn caps(pipeline: &Pipeline) -> Caps {
    let budget = pipeline.budget;
    let names = pipeline.categories.iter().flat_map(|category| &category.candidates);
    let each = |cap: NanoUsd| names.map(|name| (name.clone(), cap)).collect();
    Caps {
        total: Some(budget.total),
        control: budget.control,
        judge: budget.judge,
        candidates: budget.candidate.map(each).unwrap_or_default(),
    }
}

/// The variables that hold keys and are not set: what cannot be asked without them.
pub(crate) fn missing_keys(pipeline: &Pipeline, secrets: &Secrets) -> Vec<String> {
    let mut missing = Vec::new();
    for provider in &pipeline.providers {
        let named = [&provider.shadow_key_env, &provider.key_env].into_iter().flatten();
        if named.clone().count() > 0 && !named.clone().any(|name| secrets(name).is_some()) {
            let names: Vec<_> = named.cloned().collect();
            missing.push(format!("{} (provider `{}`)", names.join(" or "), provider.name));
        }
    }
    missing
}

/// What the mirror must know of each provider.
pub(crate) fn mirrored(pipeline: &Pipeline) -> Result<BTreeMap<String, mirror::Provider>> {
    let known = |provider: &Provider| {
        let key_header = provider.key_header.to_ascii_lowercase();
        let dialect = provider.dialect.parse()?;
        Ok((provider.name.clone(), mirror::Provider { dialect, key_header }))
    };
    pipeline.providers.iter().map(known).collect()
}

/// Takes out of both bodies what the pipeline says must not be kept. Compressed bodies cannot be
/// searched; where anything is to be taken out, such a body is dropped whole.
pub(crate) fn redaction(pipeline: &Pipeline) -> Result<mirror::Redact> {
    let rules = pipeline
        .mirror
        .redact
        .iter()
        .map(|rule| Ok((Regex::new(&rule.pattern)?, rule.with.clone().into_bytes())));
    let rules: Vec<(Regex, Vec<u8>)> = rules.collect::<Result<_>>()?;
    Ok(Box::new(move |exchange: &mut Exchange| {
        let call = redact(&rules, &exchange.call.headers, &mut exchange.call.body);
        let reply = redact(&rules, &exchange.reply.headers, &mut exchange.reply.body);
        call || reply
    }))
}

fn redact(rules: &[(Regex, Vec<u8>)], headers: &exchange::Headers, body: &mut Body) -> bool {
    let Body::Inline(bytes) = body else { return false };
    if rules.is_empty() || bytes.is_empty() {
        return false;
    }
    if headers.get("content-encoding").is_some_and(|coding| coding != "identity") {
        *body = Body::default();
        return true;
    }
    let mut altered = false;
    for (pattern, with) in rules {
        if pattern.is_match(bytes) {
            *bytes = pattern.replace_all(bytes, with.as_slice()).into_owned().into();
            altered = true;
        }
    }
    altered
}
