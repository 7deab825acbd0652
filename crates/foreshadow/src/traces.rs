//! Traces: what the environment and the pipeline say of them, and what both paths leave to be traced.

use crate::{settings, system::Deployment};
use anyhow::{Context, Result};
use http::Uri;
use pipeline::Pipeline;
use shadow::{Hear, Paid};
use std::{fmt, sync::Arc};
use telemetry::{Known, OurCall, Provider, Settings, Tap, Traces};

/// Whether traces are exported.
pub(crate) enum Traced {
    /// Nobody asked for them.
    No,
    /// To this collector.
    To(String, Traces),
    /// Asked for, and not possible for this reason.
    Not(anyhow::Error),
}

impl Traced {
    /// Starts exporting if the environment asks for it, and opens the deployment's tap. What is wrong
    /// with that is said and stops nothing: calls of clients do not wait for somebody to look.
    pub(crate) fn start(deployment: &mut Deployment) -> Self {
        match start(deployment) {
            Ok(None) => Self::No,
            Ok(Some((collector, traces))) => {
                deployment.tap = traces.tap();
                Self::To(collector, traces)
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "no traces are exported");
                Self::Not(error)
            }
        }
    }

    /// Exports what was left, within a few seconds.
    pub(crate) fn stop(self) {
        match self {
            Self::To(_, traces) => tokio::task::block_in_place(|| traces.stop()),
            Self::No | Self::Not(_) => {}
        }
    }
}

impl fmt::Display for Traced {
    /// A line of the greeting, or nothing.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No => Ok(()),
            Self::To(collector, _) => writeln!(out, "traces    {collector}"),
            Self::Not(error) => writeln!(out, "traces    not exported: {error:#}"),
        }
    }
}

fn start(deployment: &Deployment) -> Result<Option<(String, Traces)>> {
    let Some(settings) = Settings::read(&*deployment.secrets)? else { return Ok(None) };
    let known = known(&deployment.pipeline)?;
    let traces = Traces::start(&settings, known, &deployment.instance)?;
    Ok(Some((settings.collector().to_owned(), traces)))
}

fn known(pipeline: &Pipeline) -> Result<Known> {
    let provider = |provider: &pipeline::Provider| {
        Ok((provider.name.clone(), server(provider).context(provider.name.clone())?))
    };
    let serves = |model: &pipeline::Model| (model.name.clone(), model.provider.clone());
    Ok(Known {
        providers: pipeline.providers.iter().map(provider).collect::<Result<_>>()?,
        models: pipeline.models.iter().map(serves).collect(),
        categorizer: settings::categorizer(pipeline)?,
    })
}

fn server(provider: &pipeline::Provider) -> Result<Provider> {
    let url: Uri = provider.base_url.parse()?;
    let port = if url.scheme_str() == Some("http") { 80 } else { 443 };
    Ok(Provider {
        dialect: provider.dialect.parse()?,
        address: url.host().unwrap_or_default().to_owned(),
        port: url.port_u16().unwrap_or(port),
    })
}

/// Leaves every paid attempt of the worker to be traced.
pub(crate) fn hear(tap: &Tap) -> Hear {
    let tap = tap.clone();
    Arc::new(move |paid| tap.call(paid.exchange, || our_call(paid)))
}

fn our_call(paid: &Paid<'_>) -> OurCall {
    let row = paid.row;
    OurCall {
        id: row.call_id,
        purpose: row.purpose.name(),
        provider: row.provider.clone(),
        model: row.model.clone(),
        attempt: row.attempt,
        started_at: row.started_at,
        latency_us: (row.latency_ms.unwrap_or_default() * 1_000.0) as u64,
        status: row.status,
        answer: paid.reply.map(Into::into),
    }
}
