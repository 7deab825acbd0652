//! Why the console cannot start or go on.

use std::{io, net::SocketAddr};

/// Why the console cannot start or go on.
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
    /// There is no thread to serve on.
    #[error("the console's thread: {0}")]
    Thread(#[source] io::Error),
    /// Metrics are counted elsewhere already.
    #[error("this process counts its metrics already: make them its own once")]
    Metrics,
}
