use crate::{client::Error, connections::bare, tls};
use reqwest::Url;
use std::time::Duration;

/// A client for other calls of ours to the host of `url`, with nothing of a provider in it: the
/// machine's trust anchors, one time limit for a call and its reply, no proxy, no redirect, no retry.
///
/// # Errors
/// [`Error::Url`], or no TLS to be had.
pub fn plain_client(url: &str, timeout: Duration) -> Result<reqwest::Client, Error> {
    let url = Url::parse(url).map_err(|_| Error::Url)?;
    Ok(bare(tls::config(&url, url.host_str().unwrap_or_default(), None)?)
        .timeout(timeout)
        .build()?)
}
