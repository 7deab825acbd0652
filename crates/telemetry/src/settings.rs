//! What OpenTelemetry's own variables say, as far as it decides whether anything is exported, and
//! where to. The headers of an export, its compression, the share of traces that is kept and the
//! attributes of the resource are read by OpenTelemetry's libraries from the same environment.

use crate::Error;
use http::{Uri, uri::Scheme};
use std::time::Duration;

const DISABLED: &str = "OTEL_SDK_DISABLED";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// In each pair the first one, which speaks of traces alone, goes first.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];

/// The only protocol that is spoken.
const PROTOCOL: &str = "http/protobuf";
/// What a general endpoint leaves out.
const TRACES_PATH: &str = "/v1/traces";
/// How long one export may take, its retries included, unless the environment says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where traces go.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    pub(crate) endpoint: String,
    /// Of the endpoint, for people.
    authority: String,
    pub(crate) timeout: Duration,
    pub(crate) service_name: Option<String>,
}

impl Settings {
    /// Reads the environment; `None` where nothing is to be exported.
    ///
    /// # Errors
    /// [`Error`], naming the variable that is wrong.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, Error> {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, variable(name)?.trim().to_owned())))
        };
        if variable(DISABLED).is_some_and(|said| said.trim().eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let Some((named, endpoint)) = first(ENDPOINTS) else { return Ok(None) };
        match variable(EXPORTER).as_deref().map(str::trim) {
            None | Some("otlp") => {}
            Some("none") => return Ok(None),
            Some(_) => return Err(Error::Exporter),
        }
        if let Some((named, _)) = first(PROTOCOLS).filter(|(_, protocol)| protocol != PROTOCOL) {
            return Err(Error::Protocol(named));
        }
        let endpoint = if named == ENDPOINTS[0] {
            endpoint
        } else {
            format!("{}{TRACES_PATH}", endpoint.trim_end_matches('/'))
        };
        let authority = authority(&endpoint).ok_or(Error::Endpoint(named))?;
        let timeout = first(TIMEOUTS).map_or(Ok(TIMEOUT), |(named, millis)| {
            let millis = millis.parse().ok().filter(|millis| *millis > 0);
            millis.map(Duration::from_millis).ok_or(Error::Timeout(named))
        })?;
        Ok(Some(Self { endpoint, authority, timeout, service_name: variable(SERVICE_NAME) }))
    }

    /// Where traces go, for people: host and port, without what may be a credential beside them.
    #[must_use]
    pub fn collector(&self) -> &str {
        &self.authority
    }
}

fn authority(endpoint: &str) -> Option<String> {
    let uri: Uri = endpoint.parse().ok()?;
    let spoken = [Scheme::HTTP, Scheme::HTTPS].iter().any(|spoken| uri.scheme() == Some(spoken));
    let authority = uri.authority().filter(|_| spoken)?;
    let port = authority.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", authority.host()))
}
