//! A connection through a forward proxy: asked for with CONNECT, and from then on the provider's own.

use std::io::{Error, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Bytes of the proxy's word.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// Asks the proxy at the other end for the provider at `host` and `port`. Whoever waits for this says
/// for how long.
pub(super) async fn ask(stream: &mut TcpStream, host: &str, port: u16) -> Result<()> {
    // Of IPv6, in brackets.
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let asked = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what comes after the head is the provider's.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES_MAX {
            return Err(Error::other("the forward proxy's word has no end"));
        }
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let said = head.lines().next().unwrap_or_default();
    match said.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        Some(_) | None => Err(Error::other(format!("the forward proxy said `{said}`"))),
    }
}
