//! Why a proxy does not start. What goes wrong with one call is a `Refusal`, not an error.

use std::{net::SocketAddr, path::PathBuf};

/// Why a proxy does not start. No message carries a credential.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listening socket cannot be used.
    #[error("the listening socket cannot be used: {0}")]
    Socket(#[source] std::io::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}; choose another address with --listen")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread or its runtime cannot be made.
    #[error("cannot start a thread of the live path: {0}")]
    Thread(#[source] std::io::Error),
    /// Two providers share a name, and so a path.
    #[error("two providers are named `{name}`: give each its own name")]
    DuplicateUpstream {
        /// The name.
        name: String,
    },
    /// A provider's name is not one path segment.
    #[error("`{name}` cannot be a provider's name: use letters, digits, `-`, `_` and `.` only")]
    UpstreamName {
        /// The name.
        name: String,
    },
    /// A provider's base URL is not usable.
    #[error(
        "the base URL of provider `{name}` {problem}: write it like https://api.example.com/v1"
    )]
    BaseUrl {
        /// The provider.
        name: String,
        /// What is wrong with it (never the URL itself, which may hold a credential).
        problem: &'static str,
    },
    /// The certificate authorities that a provider was given are none.
    #[error("provider `{name}`: its certificate authorities cannot be used: {problem}")]
    Authorities {
        /// The provider.
        name: String,
        /// What is wrong with them.
        problem: String,
    },
    /// The forward proxy that a provider was given cannot be used.
    #[error("provider `{name}`: its proxy must be written like http://proxy.internal:3128")]
    ForwardProxy {
        /// The provider.
        name: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The listener's certificate cannot be read.
    #[error(
        "cannot read a certificate from {path}: {problem}; give a PEM file of the certificate and \
         those that vouch for it with --tls-cert"
    )]
    CertificateFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The listener's private key cannot be read.
    #[error(
        "cannot read a private key from {path}: {problem}; give a PEM file of an unencrypted key \
         with --tls-key"
    )]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it (never of the key itself).
        problem: String,
    },
    /// The listener's certificate and key do not belong together, or one is of no usable kind.
    #[error(
        "the certificate {chain} cannot be used with the key {key}: {problem}; give both of one pair"
    )]
    KeyPair {
        /// The certificate's file.
        chain: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        problem: rustls::Error,
    },
    /// No certificate authority is known, and a provider needs one.
    #[error(
        "no certificate authority found on this system: install ca-certificates, or give the provider a `ca_file`"
    )]
    NoAuthorities,
    /// A thread of the live path panicked.
    #[error("a thread of the live path panicked; its calls were cut")]
    Panicked,
}
