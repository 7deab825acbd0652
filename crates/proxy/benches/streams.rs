//! What an idle stream takes: 10,000 of them through a proxy in a process of its own, mirror off and on,
//! as KiB of its resident memory (what the kernel keeps for its sockets is not in it).
//!
//! Each stream is one call of a kilobyte and one event, and then nothing. While all are open, small calls
//! pass through the same listener, and are timed. Then each gets one more event, all are cut, and as many
//! are opened again: what the first left behind, the second would be seen to add to. What the allocator
//! keeps of what was freed counts as resident.
//!
//!     cargo bench -p proxy --bench streams [-- STREAMS [http2]]
//!
//! Linux only, because memory is read from `/proc`; loopback only. The proxy has two descriptors for each
//! stream, and one where its clients share connections of HTTP/2: where fewer are allowed than that takes,
//! the bench says so, and what to do.
//!
//! Seen with 9,800 streams on two shared cores, as 20,000 descriptors were allowed: 30.4 KiB each with the
//! mirror off and 32.2 with it on, in the second wave 31.3 and 33.8; small calls meanwhile 0.2 ms in the
//! middle and 1.3 ms at most. The heap counts 48.3 and 49.8 KiB (`tests/proxy/streams.rs`), 40 of them in
//! hyper's buffers, which are mostly untouched: in huge pages 51.8 and 53.3 KiB each were resident.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

#[path = "served/proxy.rs"]
mod served;
#[path = "streams/shared.rs"]
mod shared;

use served::Served;
use shared::STREAMS_A_CONNECTION;
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{self, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STREAMS: usize = 10_000;
/// Streams that are open before memory is read: what a proxy takes anyway.
const FIRST_STREAMS: usize = 100;
const WAVES: usize = 2;
const SMALL_CALLS: usize = 200;
const CALL_BYTES: usize = 1_024;
/// Descriptors of a process beside its streams.
const OTHER_FILES: usize = 64;
const BEGUN: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                     transfer-encoding: chunked\r\n\r\n";
const EVENT: &str = "9\r\ndata: 1\n\n\r\n";
const SMALL: &str = "GET /p/small HTTP/1.1\r\nhost: a\r\n\r\n";
const SMALL_REPLY: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";

fn main() {
    // What cargo itself adds begins with a dash.
    let mut given = env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    match given.next().as_deref() {
        Some("provider") => provider(),
        Some("proxy") => proxy(&given.next().unwrap(), given.next().unwrap() == "on"),
        Some(count) => {
            let shared = given.next().is_some_and(|way| way == "http2");
            drive(count.parse().expect("a number of streams"), shared);
        }
        None => drive(STREAMS, false),
    }
}

/// `shared`: the clients' streams share connections of HTTP/2.
fn drive(count: usize, shared: bool) {
    let streams = count + FIRST_STREAMS;
    let of_clients = if shared { streams / STREAMS_A_CONNECTION + 2 } else { streams };
    let files = streams + of_clients + OTHER_FILES;
    let allowed = files_max();
    assert!(
        files <= allowed,
        "{count} streams take {files} file descriptors in the proxy and {allowed} are allowed: raise \
         the limit with `ulimit -n {files}`, or give a smaller number of streams"
    );
    for mirror in ["off", "on"] {
        let mut provider = Child::start(&["provider"]);
        let proxy = Child::start(&["proxy", &provider.addr.to_string(), mirror]);
        let first = Open::new(proxy.addr, FIRST_STREAMS, shared);
        let before = proxy.resident_kib();
        println!("mirror {mirror}: {before} KiB with {FIRST_STREAMS} streams");
        for wave in 1..=WAVES {
            let mut streams = Open::new(proxy.addr, count, shared);
            let each = |kib: usize| (kib - before) as f64 / count as f64;
            let opened = each(proxy.resident_kib());
            let (middle, most) = small_calls(proxy.addr);
            provider.say("more");
            streams.read_another();
            let moved = each(proxy.resident_kib());
            println!(
                "  wave {wave}: {opened:.1} KiB for each of {count} idle streams, {moved:.1} after one \
                 more event; {SMALL_CALLS} small calls meanwhile: median {middle:.2} ms, longest \
                 {most:.2} ms"
            );
            drop(streams);
            provider.say("cut");
            println!("  cut: the allocator keeps {:.1} KiB for each", each(proxy.resident_kib()));
        }
        drop(first);
    }
}

/// How many file descriptors a process may have: as many here as in the children.
fn files_max() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft = line.split_whitespace().next().unwrap();
    soft.parse().unwrap_or(usize::MAX)
}

/// Streams that have got their first event.
enum Open {
    Http1(Vec<TcpStream>),
    Http2(shared::Streams),
}

impl Open {
    fn new(proxy: SocketAddr, count: usize, shared: bool) -> Self {
        if shared {
            Self::Http2(shared::Streams::open(proxy, count))
        } else {
            Self::Http1((0..count).map(|_| open(proxy)).collect())
        }
    }

    /// Reads one more event of each.
    fn read_another(&mut self) {
        match self {
            Self::Http1(streams) => streams.iter_mut().for_each(|stream| read_past(stream, EVENT)),
            Self::Http2(streams) => streams.read_another(),
        }
    }
}

fn open(proxy: SocketAddr) -> TcpStream {
    let body = "x".repeat(CALL_BYTES);
    let call = format!(
        "POST /p/v1/chat/completions HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\
         user-agent: OpenAI/Python\r\nauthorization: Bearer sk-0123456789\r\n\
         content-type: application/json\r\ncontent-length: {CALL_BYTES}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.write_all(call.as_bytes()).unwrap();
    read_past(&mut stream, EVENT);
    stream
}

/// The middle and the longest of them, in milliseconds.
fn small_calls(proxy: SocketAddr) -> (f64, f64) {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut times: Vec<Duration> = (0..SMALL_CALLS)
        .map(|_| {
            let began = Instant::now();
            stream.write_all(SMALL.as_bytes()).unwrap();
            read_past(&mut stream, "{}");
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    (millis(times[SMALL_CALLS / 2]), millis(times[SMALL_CALLS - 1]))
}

/// Reads until `mark` has come; nothing comes after it unasked but the end of its chunk.
fn read_past(stream: &mut TcpStream, mark: &str) {
    let (mut unread, mut buffer) = (Vec::new(), [0; 4 << 10]);
    while !unread.windows(mark.len()).any(|window| window == mark.as_bytes()) {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "a stream ended");
        unread.extend_from_slice(&buffer[..count]);
    }
}

/// This program in another role. It ends when its standard input does.
struct Child {
    process: process::Child,
    addr: SocketAddr,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Child {
    fn start(role: &[&str]) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let command = command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let words = process.stdin.take().unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let addr = line(&mut answers).parse().unwrap();
        Self { process, addr, words, answers }
    }

    /// Says a word, and waits until it has been acted on.
    fn say(&mut self, word: &str) {
        writeln!(self.words, "{word}").unwrap();
        assert_eq!(line(&mut self.answers), word);
    }

    fn resident_kib(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Begins a stream for each call and keeps it open. `more` sends an event on all that are open, `cut`
/// waits until all but the first have been closed from the other side.
fn provider() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let streams = Arc::new(Mutex::new(Vec::new()));
    let open = Arc::clone(&streams);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if read_call(&mut stream) {
                stream.write_all([BEGUN, EVENT].concat().as_bytes()).unwrap();
                open.lock().unwrap().push(stream);
            } else {
                stream.write_all(SMALL_REPLY.as_bytes()).unwrap();
            }
        }
    });
    for word in io::stdin().lines() {
        let word = word.unwrap();
        let mut streams = streams.lock().unwrap();
        if word == "more" {
            streams.iter_mut().for_each(|stream| stream.write_all(EVENT.as_bytes()).unwrap());
        } else {
            streams.drain(FIRST_STREAMS..).for_each(|mut stream| {
                // The end and a reset are both what is waited for.
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
        println!("{word}");
    }
}

/// Reads a whole call; whether it asks for a stream.
fn read_call(stream: &mut TcpStream) -> bool {
    let (mut unread, mut buffer) = (Vec::new(), [0; 4 << 10]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        unread.extend_from_slice(&buffer[..count]);
        if unread.starts_with(b"GET ") && unread.ends_with(b"\r\n\r\n") {
            return false;
        }
        if unread.ends_with("x".repeat(CALL_BYTES).as_bytes()) {
            return true;
        }
    }
}

/// One live thread in front of `upstream`, and one that takes from the mirror.
fn proxy(upstream: &str, mirrored: bool) {
    proxy::small_pages();
    let shutdown = CancellationToken::new();
    let Served { running, queue } = Served::start(upstream.parse().unwrap(), mirrored, &shutdown);
    println!("{}", running.addr());
    thread::spawn(move || {
        loop {
            drop(queue.drain(usize::MAX));
            thread::park_timeout(Duration::from_millis(5));
        }
    });
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
