//! Clients of HTTP/1.1, patient and impatient ones.

use crate::{
    PATH,
    load::{connect, read_message},
    soak::kinds::{FIELD, Kind},
};
use socket2::SockRef;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

/// Past it something hangs that should not.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a client waits before it hangs up.
const IMPATIENCE: Duration = Duration::from_millis(20);
const SLOW_PIECE_BYTES: usize = 64 << 10;
const SLOW_REST: Duration = Duration::from_millis(10);
const STREAM_END: &[u8] = b"\r\n0\r\n\r\n";

/// A client that keeps its connection as long as that is kept for it.
pub(super) struct Kept {
    proxy: SocketAddr,
    stream: Option<TcpStream>,
}

impl Kept {
    pub(super) fn new(proxy: SocketAddr) -> Self {
        Self { proxy, stream: None }
    }

    /// Asks, and reads the whole reply.
    pub(super) fn ask(&mut self, kind: Kind) -> io::Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => open(self.proxy)?,
        };
        stream.write_all(&call(self.proxy, kind))?;
        let mut reply = Vec::new();
        match kind {
            Kind::Stream => read_until(&mut stream, &mut reply, STREAM_END)?,
            _ => read_message(&mut stream, &mut reply)?,
        }
        let status: &[u8] = if kind == Kind::Error { b"HTTP/1.1 429" } else { b"HTTP/1.1 200" };
        if !reply.starts_with(status) {
            return Err(io::Error::other("another status"));
        }
        self.stream = Some(stream);
        Ok(())
    }
}

/// Reads what comes of a provider that breaks off: an error in our words, or a reply without its end.
pub(super) fn ask_broken(proxy: SocketAddr, kind: Kind) -> io::Result<()> {
    let mut stream = open(proxy)?;
    stream.write_all(&call(proxy, kind))?;
    let mut reply = Vec::new();
    match kind {
        Kind::Garbage => {
            read_message(&mut stream, &mut reply)?;
            let is_refused = reply.starts_with(b"HTTP/1.1 502");
            is_refused.then_some(()).ok_or_else(|| io::Error::other("garbage is no 502"))
        }
        _ => match read_message(&mut stream, &mut reply) {
            Ok(()) if reply.starts_with(b"HTTP/1.1 502") => Ok(()),
            Ok(()) => Err(io::Error::other("half a reply looks like a whole one")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            Err(_) => Ok(()),
        },
    }
}

pub(super) fn leave_in_head(proxy: SocketAddr) -> io::Result<()> {
    let call = call(proxy, Kind::Plain);
    open(proxy)?.write_all(&call[..call.len() / 8])
}

pub(super) fn leave_in_body(proxy: SocketAddr) -> io::Result<()> {
    let call = call(proxy, Kind::Plain);
    let mut stream = open(proxy)?;
    stream.write_all(&call[..call.len() - 100])?;
    thread::sleep(IMPATIENCE);
    Ok(())
}

pub(super) fn leave_waiting(proxy: SocketAddr, kind: Kind) -> io::Result<()> {
    let mut stream = open(proxy)?;
    stream.write_all(&call(proxy, kind))?;
    thread::sleep(IMPATIENCE);
    Ok(())
}

pub(super) fn leave_in_stream(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = open(proxy)?;
    stream.write_all(&call(proxy, Kind::Endless))?;
    read_until(&mut stream, &mut Vec::new(), b"data: ")?;
    thread::sleep(IMPATIENCE);
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

pub(super) fn read_slowly(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = open(proxy)?;
    stream.write_all(&call(proxy, Kind::Large))?;
    let (mut piece, mut read) = (vec![0; SLOW_PIECE_BYTES], 0);
    while read < 1 << 20 {
        let count = stream.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read += count;
        thread::sleep(SLOW_REST);
    }
    Ok(())
}

pub(super) fn open(proxy: SocketAddr) -> io::Result<TcpStream> {
    let stream = connect(proxy)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A chat call that says what the provider shall do.
fn call(proxy: SocketAddr, kind: Kind) -> Vec<u8> {
    let call = crate::load::call(proxy, PATH, r#""temperature":0"#);
    let end = call.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let field = format!("{FIELD}: {}\r\n", kind.name());
    [&call[..end], field.as_bytes(), &call[end..]].concat()
}

fn read_until(stream: &mut TcpStream, read: &mut Vec<u8>, mark: &[u8]) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    while !read.windows(mark.len()).any(|window| window == mark) {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}
