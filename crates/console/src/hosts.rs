//! Who may be meant by a `Host` header.
//!
//! A web page can make a browser send requests to this listener by pointing its own name at
//! 127.0.0.1. The browser then takes our answers for the page's own, and the page reads them. Such a
//! request carries the page's *name* as `Host`: an address cannot be pointed elsewhere. So addresses
//! pass where they can be ours, and names pass only if they are `localhost` or were given.

use axum::http::{HeaderMap, Uri, header::HOST, uri::Authority};
use std::net::{IpAddr, SocketAddr};

pub(crate) struct Hosts {
    bound: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(bound: SocketAddr, names: &[String]) -> Self {
        Self {
            bound: bound.ip(),
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether a request may be answered: it names exactly one host, and that is us.
    pub(crate) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let Some(host) = host.to_str().ok().and_then(name_of) else { return false };
        // In the absolute form the target names a host as well, and it must be the same one.
        let agrees = uri.authority().is_none_or(|target| bare(target) == host);
        agrees && self.is_ours(&host)
    }

    fn is_ours(&self, host: &str) -> bool {
        match host.parse::<IpAddr>() {
            Ok(address) => {
                address.is_loopback() || address == self.bound || self.bound.is_unspecified()
            }
            Err(_) => host == "localhost" || self.names.iter().any(|name| name == host),
        }
    }
}

fn name_of(host: &str) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    (!host.contains('@')).then(|| bare(&authority))
}

/// The host without its port and, of IPv6, without its brackets.
fn bare(authority: &Authority) -> String {
    authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}
