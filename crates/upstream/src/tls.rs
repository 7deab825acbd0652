//! The trust anchors of the machine, and ring as the one provider of cryptography: both are passed
//! to the client by value, so that nothing is installed for the whole process.

use crate::client::Error;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// The TLS settings for a provider at `base_url`.
///
/// A provider without TLS gets no trust anchors, so that a machine without any can still play the
/// demo on loopback.
pub(crate) fn config(base_url: &reqwest::Url) -> Result<ClientConfig, Error> {
    let roots =
        if base_url.scheme() == "https" { machine_roots()? } else { RootCertStore::empty() };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn machine_roots() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (taken, _unreadable) = roots.add_parsable_certificates(found.certs);
    if taken == 0 {
        return Err(Error::NoRoots);
    }
    Ok(roots)
}
