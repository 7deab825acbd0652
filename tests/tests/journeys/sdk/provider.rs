//! A provider over raw sockets that says the same to the same call, whoever carries it: the
//! upstream of both sides of a comparison. What it says is [`replies`](super::replies)'s.
//!
//! It also knows which calls were abandoned, because a client that hangs up must be noticed here.

use super::{
    comparison::Upstream,
    replies::{End, Reply, reply},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufRead, BufReader, Error, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// So long a connection may say nothing, and a call remain without an answer.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A longer request is an error of the test.
const BODY_BYTES_MAX: usize = 16 << 20;
/// A head of more lines is an error of the test.
const HEAD_LINES_MAX: usize = 100;

type Counts = Arc<Mutex<BTreeMap<String, u32>>>;

/// It runs until it is dropped.
pub(crate) struct Provider {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    abandoned: Counts,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stopped, abandoned) = (Arc::new(AtomicBool::new(false)), Counts::default());
        let (until, counts) = (Arc::clone(&stopped), Arc::clone(&abandoned));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let counts = Arc::clone(&counts);
                // A connection that ends in an error has ended; the client's side is what is tested.
                thread::spawn(move || drop(serve(stream, &counts)));
            }
        });
        Self { address, stopped, abandoned }
    }
}

impl Upstream for Provider {
    fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn begin(&self) {
        // It remembers nothing that a reply would hang on.
    }

    fn abandoned(&self, model: &str) -> u32 {
        let counts = self.abandoned.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(model).copied().unwrap_or_default()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which may be gone already.
        drop(TcpStream::connect(self.address));
    }
}

/// A call as it arrived.
pub(crate) struct Heard {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    bytes: Vec<u8>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON; null otherwise.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// What arrived, for the caller to compare: a call that was changed on its way shows here.
    pub(crate) fn echo(&self) -> Value {
        let boundary = self.header("content-type").and_then(|kind| kind.split_once("boundary="));
        // A boundary is drawn anew for every upload.
        let plain = |text: &str| match boundary {
            Some((_, boundary)) => text.replace(boundary, "BOUNDARY"),
            None => text.to_owned(),
        };
        let headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| name != "connection")
            .map(|(name, value)| format!("{name}: {}", plain(value)))
            .collect();
        let mut digest = DefaultHasher::new();
        plain(&String::from_utf8_lossy(&self.bytes)).hash(&mut digest);
        json!({
            "call": format!("{} {}", self.method, self.path),
            "headers": headers,
            "bytes": self.bytes.len(),
            "digest": digest.finish().to_string(),
        })
    }
}

fn serve(stream: TcpStream, abandoned: &Counts) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    let mut connection = Connection { reader: BufReader::new(stream.try_clone()?), stream };
    loop {
        connection.stream.set_read_timeout(Some(SILENCE_MAX))?;
        let Some(heard) = connection.hear()? else { return Ok(()) };
        let said = connection.say(reply(&heard));
        if said.as_ref().is_err_and(|error| error.kind() != ErrorKind::ConnectionAborted) {
            let model = heard.json()["model"].as_str().unwrap_or_default().to_owned();
            *abandoned.lock().unwrap_or_else(PoisonError::into_inner).entry(model).or_default() +=
                1;
        }
        said?;
    }
}

struct Connection {
    reader: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Connection {
    /// The next call, or `None` where the client is done.
    fn hear(&mut self) -> Result<Option<Heard>, Error> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = Vec::new();
        for _ in 0..HEAD_LINES_MAX {
            let line = self.line()?.ok_or(ErrorKind::UnexpectedEof)?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut heard = Heard { method, path, headers, bytes: Vec::new() };
        if heard.header("transfer-encoding").is_some() {
            while self.chunk(&mut heard.bytes)? {}
        } else if let Some(length) = heard.header("content-length") {
            let length = length.parse().map_err(|_| ErrorKind::InvalidData)?;
            self.take(length, &mut heard.bytes)?;
        }
        Ok(Some(heard))
    }

    fn line(&mut self) -> Result<Option<String>, Error> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }

    /// One chunk, and whether there are more.
    fn chunk(&mut self, bytes: &mut Vec<u8>) -> Result<bool, Error> {
        let line = self.line()?.ok_or(ErrorKind::UnexpectedEof)?;
        let length = usize::from_str_radix(&line, 16).map_err(|_| ErrorKind::InvalidData)?;
        self.take(length, bytes)?;
        self.line()?;
        Ok(length > 0)
    }

    fn take(&mut self, length: usize, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let start = bytes.len();
        if start + length > BODY_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        bytes.resize(start + length, 0);
        self.reader.read_exact(&mut bytes[start..])
    }

    /// An error is a client that did not wait, except `ConnectionAborted`: that end is ours.
    fn say(&mut self, reply: Reply) -> Result<(), Error> {
        match reply {
            Reply::Whole { status, headers, body } => {
                let headers: String =
                    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {length}\r\n\r\n");
                self.stream.write_all(&[head.as_bytes(), &body].concat())
            }
            Reply::Events { pieces, pause, end } => {
                self.stream.write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                      x-request-id: req_stream\r\ntransfer-encoding: chunked\r\n\r\n",
                )?;
                for (place, piece) in pieces.iter().enumerate() {
                    if place > 0 && !pause.is_zero() {
                        self.wait(pause)?;
                    }
                    let head = format!("{:x}\r\n", piece.len());
                    self.stream.write_all(&[head.as_bytes(), piece, b"\r\n"].concat())?;
                }
                match end {
                    End::Whole => self.stream.write_all(b"0\r\n\r\n"),
                    End::Broken => Err(ErrorKind::ConnectionAborted.into()),
                    End::Never => self.wait(SILENCE_MAX),
                }
            }
            Reply::Closed => Err(ErrorKind::ConnectionAborted.into()),
            Reply::Never => self.wait(SILENCE_MAX),
        }
    }

    /// Waits, and says so if the client is gone meanwhile.
    fn wait(&mut self, pause: Duration) -> Result<(), Error> {
        self.stream.set_read_timeout(Some(pause))?;
        match self.reader.fill_buf() {
            Ok([]) => Err(ErrorKind::BrokenPipe.into()),
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
