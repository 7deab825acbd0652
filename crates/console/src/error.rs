//! Why the console cannot start.

use std::{io, net::SocketAddr};

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {source}; choose another address with --admin")]
    Bind {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Metrics are counted elsewhere already.
    #[error("this process counts its metrics already: make them its own once")]
    Metrics,
}
