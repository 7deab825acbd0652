//! The pool of connections to one provider, put together once and begun anew when it is old.

use crate::{
    client::{Error, ProviderTarget},
    tls,
};
use http::{
    HeaderMap,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT},
};
use reqwest::Url;
use rustls::ClientConfig;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// reqwest closes connections that are idle and keeps those that are busy for ever, at an address that
/// the provider may have left. So its client is replaced as a whole; calls that run keep the old one.
pub(crate) struct Connections {
    settings: Settings,
    newest: Mutex<Begun>,
}

/// What a client is made of.
struct Settings {
    tls: ClientConfig,
    headers: HeaderMap,
    proxy: Option<reqwest::Proxy>,
    connect_timeout: Duration,
    idle_max: usize,
}

struct Begun {
    at: Instant,
    http: reqwest::Client,
}

impl Connections {
    pub(crate) fn new(target: &ProviderTarget, base: &Url) -> Result<Self, Error> {
        let settings = Settings {
            tls: tls::config(base, &target.name, target.way.ca_pem.as_deref())?,
            headers: headers(target)?,
            proxy: target.way.proxy.as_deref().map(reqwest::Proxy::all).transpose()?,
            connect_timeout: target.limits.connect_timeout,
            idle_max: target.limits.in_flight_max,
        };
        let newest = Mutex::new(Begun { at: Instant::now(), http: settings.client()? });
        Ok(Self { settings, newest })
    }

    /// A client whose connections are none of them older than that.
    pub(crate) fn young(&self, age_max: Duration) -> reqwest::Client {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.at.elapsed() >= age_max
            // What could be built once can be built again; if not, old is better than nothing.
            && let Ok(http) = self.settings.client()
        {
            *newest = Begun { at: Instant::now(), http };
        }
        newest.http.clone()
    }
}

impl Settings {
    fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        let builder = bare(self.tls.clone())
            .default_headers(self.headers.clone())
            .connect_timeout(self.connect_timeout)
            .pool_max_idle_per_host(self.idle_max)
            .tcp_nodelay(true);
        match &self.proxy {
            None => builder.build(),
            Some(proxy) => builder.proxy(proxy.clone()).build(),
        }
    }
}

/// What every client of ours has in common: it does nothing that it was not told to.
pub(crate) fn bare(tls: ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        // Of the environment.
        .no_proxy()
        .referer(false)
}

fn headers(target: &ProviderTarget) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(USER_AGENT, HeaderValue::from_static("foreshadow"));
    for (name, value) in target.headers {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if target.key.reveal().is_empty() {
        return Ok(headers);
    }
    let refused = || Error::Key(target.name.clone());
    let name = HeaderName::from_bytes(target.key_header.as_bytes()).map_err(|_| refused())?;
    let scheme = if name == AUTHORIZATION { "Bearer " } else { "" };
    let value = format!("{scheme}{}", target.key.reveal());
    let mut value = HeaderValue::from_str(&value).map_err(|_| refused())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(headers)
}
