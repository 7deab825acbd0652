//! The listener's TLS: a certificate and its key, from PEM files.

use crate::{
    config::Certificate,
    error::Error,
    transport::{ALPN_HTTP1, ALPN_HTTP2},
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Reads both files and offers HTTP/2 and HTTP/1.1, in this order.
pub(crate) fn acceptor(certificate: &Certificate) -> Result<TlsAcceptor, Error> {
    let (chain, key) = (chain(certificate)?, key(certificate)?);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|problem| Error::KeyPair {
            chain: certificate.chain.clone(),
            key: certificate.key.clone(),
            problem,
        })?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn chain(certificate: &Certificate) -> Result<Vec<CertificateDer<'static>>, Error> {
    let path = &certificate.chain;
    let wrong = |problem: String| Error::CertificateFile { path: path.clone(), problem };
    let found = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    let chain = found.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("it holds no PEM certificate".to_owned()));
    }
    Ok(chain)
}

fn key(certificate: &Certificate) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(&certificate.key).map_err(|error| Error::KeyFile {
        path: certificate.key.clone(),
        problem: error.to_string(),
    })
}
