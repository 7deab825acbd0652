//! Load over keep-alive connections, a blocking thread for each: no runtime, and a timer of its own,
//! adds to what is measured.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

pub(crate) const CONNECTIONS: usize = 64;

/// What a load saw.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    pub(crate) latency_us: Vec<f64>,
    pub(crate) took: Duration,
    pub(crate) cpu_nanos: u64,
    /// The 99th percentile of each turn.
    turn_p99_us: Vec<f64>,
}

impl Figures {
    /// Of one turn.
    pub(crate) fn of_turn(latency_us: Vec<f64>, took: Duration) -> Self {
        let turn_p99_us = vec![quantile(&latency_us, 0.99)];
        Self { latency_us, took, cpu_nanos: 0, turn_p99_us }
    }

    pub(crate) fn rate(&self) -> f64 {
        self.latency_us.len() as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu_nanos as f64 / 1e3 / self.latency_us.len() as f64
    }

    pub(crate) fn quantile(&self, q: f64) -> f64 {
        quantile(&self.latency_us, q)
    }

    /// The share of requests that took longer, in percent.
    pub(crate) fn slower_than(&self, limit_us: f64) -> f64 {
        let slow = self.latency_us.iter().filter(|latency| **latency > limit_us).count();
        slow as f64 * 100.0 / self.latency_us.len() as f64
    }

    /// The 99th percentile of the turn in the middle. A host that takes a core away for 50 ms spoils
    /// the one turn that it meets, and all that is pooled with it.
    pub(crate) fn usual_p99(&self) -> f64 {
        quantile(&self.turn_p99_us, 0.5)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.latency_us.extend(other.latency_us);
        self.took += other.took;
        self.cpu_nanos += other.cpu_nanos;
        self.turn_p99_us.extend(other.turn_p99_us);
    }
}

pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((q * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Connections to one server, kept from turn to turn: what a new one costs is not what is measured.
pub(crate) struct Load {
    streams: Vec<TcpStream>,
    message: Vec<u8>,
}

impl Load {
    /// Chat calls of about a kilobyte below `path`.
    pub(crate) fn connect(addr: SocketAddr, path: &str) -> io::Result<Self> {
        let message = call(addr, path, r#""temperature":0"#);
        let connect = |_| connect(addr);
        let streams = (0..CONNECTIONS).map(connect).collect::<io::Result<_>>()?;
        Ok(Self { streams, message })
    }

    /// Every connection asks again as soon as it is answered.
    pub(crate) fn closed(&mut self, span: Duration) -> io::Result<Figures> {
        self.run(span, |began, _, _| began.elapsed())
    }

    /// Requests are due at fixed moments, spread evenly over the connections. One that is late
    /// because its connection still waits counts from when it was due.
    pub(crate) fn open(&mut self, span: Duration, rate: f64) -> io::Result<Figures> {
        self.run(span, |_, connection, nth| {
            Duration::from_secs_f64((nth * CONNECTIONS + connection) as f64 / rate)
        })
    }

    fn run(
        &mut self,
        span: Duration,
        due: impl Fn(Instant, usize, usize) -> Duration + Sync,
    ) -> io::Result<Figures> {
        // All threads are there before the first request is due.
        let began = Instant::now() + Duration::from_millis(20);
        let (due, message) = (&due, self.message.as_slice());
        let latencies = thread::scope(|scope| {
            let connection = |(number, stream)| {
                let turn = Turn { began, span, message };
                scope.spawn(move || turn.ask(stream, |nth| due(began, number, nth)))
            };
            let threads: Vec<_> = self.streams.iter_mut().enumerate().map(connection).collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .map(|joined| joined.unwrap_or_else(|_| Err(io::Error::other("panicked"))))
                .collect::<io::Result<Vec<_>>>()
        })?;
        Ok(Figures::of_turn(latencies.concat(), began.elapsed()))
    }
}

pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(addr)?;
    stream.set_nodelay(true).map(|()| stream)
}

/// A chat call as an SDK writes it; `setting` is the last field of its body.
pub(crate) fn call(addr: SocketAddr, path: &str, setting: &str) -> Vec<u8> {
    let words = "The quick brown fox jumps over the lazy dog and reads the report. ".repeat(12);
    let body = format!(
        r#"{{"model":"gpt-4o","messages":[{{"role":"system","content":"You summarize."}},{{"role":"user","content":"{words}"}}],{setting}}}"#
    );
    format!(
        "POST {path}/v1/chat/completions HTTP/1.1\r\nHost: {addr}\r\n\
         Accept: application/json\r\nAccept-Encoding: gzip, deflate\r\n\
         Connection: keep-alive\r\nUser-Agent: OpenAI/Python 2.8.0\r\n\
         Authorization: Bearer sk-0123456789\r\nX-Stainless-Lang: python\r\n\
         X-Stainless-OS: Linux\r\nX-Stainless-Runtime: CPython\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One connection's share of a turn.
struct Turn<'m> {
    began: Instant,
    span: Duration,
    message: &'m [u8],
}

impl Turn<'_> {
    fn ask(&self, stream: &mut TcpStream, due: impl Fn(usize) -> Duration) -> io::Result<Vec<f64>> {
        thread::sleep(self.began.saturating_duration_since(Instant::now()));
        let mut latencies = Vec::new();
        let mut buffer = Vec::new();
        for nth in 0.. {
            let due = due(nth);
            if due >= self.span {
                break;
            }
            thread::sleep((self.began + due).saturating_duration_since(Instant::now()));
            stream.write_all(self.message)?;
            read_message(stream, &mut buffer)?;
            latencies.push((self.began.elapsed() - due).as_secs_f64() * 1e6);
        }
        Ok(latencies)
    }
}

/// Reads one message with a `content-length`; nothing may come after it.
pub(crate) fn read_message(stream: &mut TcpStream, unread: &mut Vec<u8>) -> io::Result<()> {
    unread.clear();
    let mut buffer = [0; 16 << 10];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        unread.extend_from_slice(&buffer[..count]);
        let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        if unread.len() >= end + 4 + content_length(&unread[..end])? {
            return Ok(());
        }
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let at = head.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME));
    let digits = at.map(|at| &head[at + NAME.len()..]).unwrap_or_default();
    let digits = digits.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let text = String::from_utf8_lossy(digits);
    text.trim().parse().map_err(|_| io::Error::other("a reply without a length"))
}
