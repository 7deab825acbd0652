//! A provider that does to each call what the call asks for, a thread for each connection.

use super::kinds::Kind;
use crate::{load::read_message, serve::listening};
use socket2::SockRef;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

/// A connection on which nothing comes for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(10);
const EVENTS: usize = 20;
const EVENT: &[u8] =
    b"3e\r\ndata: {\"choices\":[{\"delta\":{\"content\":\" word\"},\"index\":0}]} \n\n\r\n";
const EVENT_EVERY: Duration = Duration::from_millis(10);
const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const STREAM_END: &[u8] = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
const PLAIN_BYTES: usize = 1_500;
const LARGE_BYTES: usize = 1 << 20;

pub(crate) fn provider() -> io::Result<()> {
    listening(serve)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE_MAX))?;
    let mut call = Vec::new();
    loop {
        read_message(&mut stream, &mut call)?;
        let kind = Kind::asked(&String::from_utf8_lossy(&call)).unwrap_or(Kind::Plain);
        answer(&mut stream, kind)?;
    }
}

fn answer(stream: &mut TcpStream, kind: Kind) -> io::Result<()> {
    let gone = || Err(io::ErrorKind::ConnectionAborted.into());
    match kind {
        Kind::Plain => stream.write_all(&reply("200 OK", PLAIN_BYTES, PLAIN_BYTES)),
        Kind::Large => stream.write_all(&reply("200 OK", LARGE_BYTES, LARGE_BYTES)),
        Kind::Error => stream.write_all(&reply("429 Too Many Requests", 200, 200)),
        Kind::Stream => {
            stream.write_all(STREAM_HEAD)?;
            events(stream, EVENTS)?;
            stream.write_all(STREAM_END)
        }
        Kind::Endless => {
            stream.write_all(STREAM_HEAD)?;
            events(stream, usize::MAX)
        }
        // Until the proxy gives up the connection, because its client is gone.
        Kind::Thinks => stream.read(&mut [0]).and_then(|_| gone()),
        Kind::Mute => {
            stream.write_all(STREAM_HEAD)?;
            stream.read(&mut [0]).and_then(|_| gone())
        }
        Kind::Garbage => {
            stream.write_all(b"\x16\x03\x01 no HTTP at all\r\n\r\n").and_then(|()| gone())
        }
        Kind::Reset => {
            stream.write_all(&reply("200 OK", PLAIN_BYTES, PLAIN_BYTES / 2))?;
            SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?;
            gone()
        }
        Kind::Short => {
            stream.write_all(&reply("200 OK", PLAIN_BYTES, PLAIN_BYTES / 2))?;
            gone()
        }
    }
}

fn events(stream: &mut TcpStream, count: usize) -> io::Result<()> {
    for _ in 0..count {
        stream.write_all(EVENT)?;
        thread::sleep(EVENT_EVERY);
    }
    Ok(())
}

/// A reply that says it has `bytes` of body, and has `written` of them.
fn reply(status: &str, bytes: usize, written: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
    );
    [head.as_bytes(), &vec![b' '; written]].concat()
}
