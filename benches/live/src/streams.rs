//! Streamed replies: server-sent events that say when they were sent, and clients that read them.
//!
//! All run on one machine, so a wall clock that both sides read is precise enough for how long a chunk
//! was under way.

use crate::load::{CONNECTIONS, call, connect};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What in a call's body asks for a stream.
pub(crate) const ASKED: &str = r#""stream":true"#;
const CHUNKS: usize = 40;
/// A provider writes a token every ten or twenty milliseconds.
const BETWEEN_CHUNKS: Duration = Duration::from_millis(10);
const AT: &[u8] = br#""at":""#;
const AT_DIGITS: usize = 16;
const END: &[u8] = b"\r\n0\r\n\r\n";

/// What the clients saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// From the call to the first chunk, each stream's.
    pub(crate) first_us: Vec<f64>,
    /// From the upstream's write to the client's read, each chunk's.
    pub(crate) chunk_us: Vec<f64>,
    pub(crate) cpu_nanos: u64,
}

impl Seen {
    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_nanos as f64 / 1e3 / self.first_us.len() as f64
    }
}

/// The upstream's side: one stream.
pub(crate) fn tell(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    for _ in 0..CHUNKS {
        let at = micros();
        let event = format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"at\":\"{at:0AT_DIGITS$}\",\
             \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word\"}},\"finish_reason\":null}}]}}\n\n"
        );
        write!(stream, "{:x}\r\n{event}\r\n", event.len())?;
        thread::sleep(BETWEEN_CHUNKS);
    }
    stream.write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
}

/// As many clients as there are connections of the other load, stream after stream for `span`.
pub(crate) fn read(addr: SocketAddr, path: &str, span: Duration) -> io::Result<Seen> {
    let message = call(addr, path, ASKED);
    let began = Instant::now();
    let ended: Vec<io::Result<Seen>> = thread::scope(|scope| {
        let client = |number| {
            let message = &message;
            scope.spawn(move || {
                // Not all at once: chunks of one stream would wait for those of the others.
                thread::sleep(BETWEEN_CHUNKS * number as u32 / CONNECTIONS as u32);
                let (mut stream, mut seen) = (connect(addr)?, Seen::default());
                while began.elapsed() < span {
                    stream.write_all(message)?;
                    seen.follow(&mut stream)?;
                }
                Ok(seen)
            })
        };
        let clients: Vec<_> = (0..CONNECTIONS).map(client).collect();
        let ended = clients.into_iter().map(|client| client.join());
        ended.map(|ended| ended.unwrap_or_else(|_| Err(io::Error::other("panicked")))).collect()
    });
    let mut all = Seen::default();
    for seen in ended {
        let seen = seen?;
        all.first_us.extend(seen.first_us);
        all.chunk_us.extend(seen.chunk_us);
    }
    Ok(all)
}

impl Seen {
    /// Reads one stream to its end.
    fn follow(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        let asked = Instant::now();
        let (mut text, mut looked) = (Vec::new(), 0);
        let mut buffer = [0; 16 << 10];
        let mut chunks = 0;
        while !text.ends_with(END) {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let now = micros();
            text.extend_from_slice(&buffer[..count]);
            while let Some(at) = find(&text[looked..], AT) {
                let digits = looked + at + AT.len();
                let Some(sent) = text.get(digits..digits + AT_DIGITS) else { break };
                let sent =
                    String::from_utf8_lossy(sent).parse::<u64>().map_err(io::Error::other)?;
                if chunks == 0 {
                    self.first_us.push(asked.elapsed().as_secs_f64() * 1e6);
                }
                self.chunk_us.push(now.saturating_sub(sent) as f64);
                (looked, chunks) = (digits + AT_DIGITS, chunks + 1);
            }
        }
        if chunks == CHUNKS { Ok(()) } else { Err(io::Error::other("chunks are missing")) }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
