//! A provider as the live path sees it: a name, an origin, and a path that goes before the call's.

use crate::error::Error;
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Uri,
    uri::{Authority, Scheme},
};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::sync::Arc;

/// Whether a provider is asked in HTTP/2 by clients that speak it themselves. All others ask in
/// HTTP/1.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Http2 {
    /// If it agrees when TLS begins; never without TLS.
    #[default]
    IfAgreed,
    /// Without TLS too, unasked: it is known to speak it.
    Known,
    /// Never.
    Never,
}

/// Writes the body of an error: status, message, kind (`invalid_request_error`, `api_error`).
pub type ErrorBody = fn(u16, &str, &str) -> Bytes;

/// A provider that calls are forwarded to.
#[derive(Clone, Debug)]
pub struct Upstream {
    name: String,
    host: String,
    port: u16,
    tls: Option<ServerName<'static>>,
    authority: HeaderValue,
    origin: (Scheme, Authority),
    http2: Http2,
    path_prefix: String,
    key_header: Option<HeaderName>,
    authorities: Option<Arc<RootCertStore>>,
    forward_proxy: Option<ForwardProxy>,
    error_body: Option<ErrorBody>,
}

/// Where a forward proxy listens.
#[derive(Clone, Debug)]
pub(crate) struct ForwardProxy {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Upstream {
    /// The provider `name` at `base_url`; its path is put before that of each call.
    ///
    /// # Errors
    /// [`Error::UpstreamName`] or [`Error::BaseUrl`], saying what to write instead.
    pub fn new(name: &str, base_url: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(Error::UpstreamName { name: name.to_owned() });
        }
        let wrong = |problem| Error::BaseUrl { name: name.to_owned(), problem };
        let uri: Uri = base_url.parse().map_err(|_| wrong("is not a URL"))?;
        let authority = uri.authority().ok_or_else(|| wrong("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("carries a credential, which belongs in the environment"));
        }
        if uri.query().is_some() {
            return Err(wrong("has a query"));
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(wrong("is neither http nor https")),
        };
        let tls = if secure {
            Some(ServerName::try_from(host.clone()).map_err(|_| wrong("has no usable host"))?)
        } else {
            None
        };
        Ok(Self {
            name: name.to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| wrong("has no usable host"))?,
            origin: (if secure { Scheme::HTTPS } else { Scheme::HTTP }, authority.clone()),
            http2: Http2::default(),
            path_prefix: uri.path().trim_end_matches('/').to_owned(),
            host,
            tls,
            key_header: None,
            authorities: None,
            forward_proxy: None,
            error_body: None,
        })
    }

    /// The same, with the field where it looks for its callers' keys. Fields that are named like
    /// one count as such anyway.
    #[must_use]
    pub fn identified_by(self, key_header: HeaderName) -> Self {
        Self { key_header: Some(key_header), ..self }
    }

    /// The same, with errors of ours in the shape that its callers read; else they have `OpenAI`'s.
    #[must_use]
    pub fn erring_in(self, error_body: ErrorBody) -> Self {
        Self { error_body: Some(error_body), ..self }
    }

    pub(crate) fn error_body(&self) -> Option<ErrorBody> {
        self.error_body
    }

    /// The same, asked in HTTP/2 or not.
    #[must_use]
    pub fn speaking(self, http2: Http2) -> Self {
        Self { http2, ..self }
    }

    /// The same, trusted by these certificate authorities alone, which are in PEM.
    ///
    /// # Errors
    /// [`Error::Authorities`] where there are none, or one that cannot be used.
    pub fn trusting(self, pem: &str) -> Result<Self, Error> {
        let wrong = |problem| Error::Authorities { name: self.name.clone(), problem };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("there is none in PEM".to_owned()));
        }
        Ok(Self { authorities: Some(Arc::new(roots)), ..self })
    }

    /// The same, reached through the forward proxy at `http://HOST:PORT`, which is asked with CONNECT
    /// for every connection, with TLS or without. It looks up the provider's name.
    ///
    /// # Errors
    /// [`Error::ForwardProxy`] for anything else.
    pub fn through(self, url: &str) -> Result<Self, Error> {
        let uri = url.parse::<Uri>().ok().filter(|uri| {
            uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/" && uri.query().is_none()
        });
        let authority = uri.as_ref().and_then(Uri::authority);
        let plain = authority.filter(|authority| !authority.as_str().contains('@'));
        let Some((host, port)) = plain.and_then(|it| Some((it.host(), it.port_u16()?))) else {
            return Err(Error::ForwardProxy { name: self.name });
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        Ok(Self { forward_proxy: Some(ForwardProxy { host, port }), ..self })
    }

    /// The provider's name: the first segment of a client's path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The name that its certificate must carry; `None` speaks plain HTTP.
    pub(crate) fn tls(&self) -> Option<&ServerName<'static>> {
        self.tls.as_ref()
    }

    /// The authorities that it is trusted by; `None` is the system's.
    pub(crate) fn authorities(&self) -> Option<&Arc<RootCertStore>> {
        self.authorities.as_ref()
    }

    pub(crate) fn forward_proxy(&self) -> Option<&ForwardProxy> {
        self.forward_proxy.as_ref()
    }

    pub(crate) fn key_header(&self) -> Option<&HeaderName> {
        self.key_header.as_ref()
    }

    pub(crate) fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    pub(crate) fn may_speak_http2(&self) -> bool {
        match self.http2 {
            Http2::IfAgreed => self.tls.is_some(),
            Http2::Known => true,
            Http2::Never => false,
        }
    }

    /// `path` with the scheme and authority that HTTP/2 says beside it.
    pub(crate) fn with_origin(&self, path: &Uri) -> Result<Uri, http::Error> {
        let (scheme, authority) = self.origin.clone();
        let path = path.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()
    }

    /// Its own form of `path`, a call's path and query below the provider's name.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, http::uri::InvalidUri> {
        if self.path_prefix.is_empty() {
            return path.parse();
        }
        format!("{}{path}", self.path_prefix).parse()
    }
}
