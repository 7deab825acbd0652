//! The trust anchors that a provider was given or else those of the machine, and ring as the one
//! provider of cryptography: both are passed to the client by value, so that nothing is installed for
//! the whole process.

use crate::client::Error;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::sync::Arc;

/// The TLS settings for `name` at `base_url`, by the authorities of `ca_pem` if there are some.
///
/// A provider without TLS gets no trust anchors, so that a machine without any can still play the
/// demo on loopback.
pub(crate) fn config(
    base_url: &reqwest::Url,
    name: &str,
    ca_pem: Option<&str>,
) -> Result<ClientConfig, Error> {
    let roots = match ca_pem {
        _ if base_url.scheme() != "https" => RootCertStore::empty(),
        Some(pem) => {
            let wrong = |problem| Error::Authorities { name: name.to_owned(), problem };
            given_roots(pem).map_err(wrong)?
        }
        None => machine_roots()?,
    };
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn given_roots(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("there is none in PEM".to_owned()) } else { Ok(roots) }
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
