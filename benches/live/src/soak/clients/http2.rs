//! A client of HTTP/2, as little of it as it takes: heads without compression, frames as they come.

use super::http1::open;
use crate::soak::kinds::{FIELD, Kind};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// `GET` and `http` in the static table.
const INDEXED: [u8; 2] = [0x82, 0x86];
/// No frame that is longer is asked for.
const FRAME_BYTES_MAX: usize = 16 << 10;

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
}

/// Two calls at once, read to their ends.
pub(super) fn ask(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = begin(proxy)?;
    stream.write_all(&[head(1, Kind::Plain), head(3, Kind::Stream)].concat())?;
    let mut open = vec![1, 3];
    while !open.is_empty() {
        let frame = read(&mut stream)?;
        if matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0 {
            open.retain(|number| *number != frame.stream);
        }
        if matches!(frame.kind, RST_STREAM | GOAWAY) {
            return Err(io::Error::other("a call of HTTP/2 was cut"));
        }
    }
    Ok(())
}

/// A stream that goes on, reset after its first piece; the connection goes on.
pub(super) fn reset(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = begin(proxy)?;
    stream.write_all(&head(1, Kind::Endless))?;
    while read(&mut stream)?.kind != DATA {}
    stream.write_all(&frame(RST_STREAM, 0, 1, &CANCEL))?;
    stream.write_all(&head(3, Kind::Plain))?;
    loop {
        let frame = read(&mut stream)?;
        if frame.stream == 3 && frame.flags & END_STREAM != 0 {
            return Ok(());
        }
    }
}

fn begin(proxy: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = open(proxy)?;
    let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(SETTINGS, ACK, 0, &[])].concat();
    stream.write_all(&greeting)?;
    Ok(stream)
}

/// A whole call without a body.
fn head(number: u32, kind: Kind) -> Vec<u8> {
    let fields = [
        (":path", "/p/v1/models"),
        (":authority", "a"),
        ("content-length", "0"),
        (FIELD, kind.name()),
    ];
    let mut block = INDEXED.to_vec();
    for (name, value) in fields {
        // A field that goes into no table: name and value, each behind its length.
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(HEADERS, END_STREAM | END_HEADERS, number, &block)
}

fn frame(kind: u8, flags: u8, number: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &number.to_be_bytes(), payload].concat()
}

fn read(stream: &mut TcpStream) -> io::Result<Frame> {
    let (mut head, mut payload) = ([0; 9], [0; FRAME_BYTES_MAX]);
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    let payload = payload.get_mut(..length).ok_or_else(|| io::Error::other("a frame too long"))?;
    stream.read_exact(payload)?;
    let number = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Ok(Frame { kind: head[3], flags: head[4], stream: number })
}
