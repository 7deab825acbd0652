//! Streams that are cut: clients read half of a stream of 5 MiB, all at once, and hang up or reset; an
//! orchestrator asks the shipped binary meanwhile whether it lives, on a connection of its own each time.
//! It asks from the binary's core: on the clients' it would wait for its own turn among them, and so would
//! its packets.

use crate::{
    OTHER_CORE, PATH, PROXY_CORE,
    child::Child,
    load::{call, connect, quantile, read_message},
    serve::listening,
    streams,
    up::{Up, ask},
};
use socket2::SockRef;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

const STREAMS: usize = 30;
const STREAM_BYTES: usize = 5 << 20;
const ROUNDS: usize = 40;
/// Before memory is looked at first: what a process needs for so many streams anyway.
const FIRST_ROUNDS: usize = 10;
const BETWEEN_PROBES: Duration = Duration::from_millis(2);
/// Of each event that the provider writes.
const EVENT_BYTES: usize = 1_000;

pub(crate) fn drive() -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let provider = Child::start(OTHER_CORE, &["cut-provider"])?;
    let folder = tempfile::tempdir()?;
    let up = Up::start(folder.path(), provider.addr, provider.addr, &[])?;
    let mut asker = Child::start(PROXY_CORE, &["cut-asker", &up.admin.to_string()])?;
    let quiet = probed(&mut asker, || {
        thread::sleep(Duration::from_secs(2));
        Ok(())
    })?;
    let first = probed(&mut asker, || rounds(FIRST_ROUNDS, up.live))?;
    let before = up.resident_kib()?;
    let cut = probed(&mut asker, || rounds(ROUNDS, up.live))?;
    let after = up.resident_kib()?;
    println!(
        "/healthz on a new connection, ms\n{:<38} {:>8} {:>8} {:>8} {:>8}",
        "", "asked", "p50", "p99", "longest"
    );
    print("nothing else", &quiet);
    print(&format!("{FIRST_ROUNDS} rounds of {STREAMS} streams cut"), &first);
    print(&format!("{ROUNDS} more"), &cut);
    println!("resident after the first {before} KiB, after the others {after} KiB");
    up.print_mirrored()?;
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

fn print(when: &str, took_ms: &[f64]) {
    let [middle, p99, longest] = [0.5, 0.99, 1.0].map(|q| quantile(took_ms, q));
    println!("{when:<38} {:>8} {middle:>8.2} {p99:>8.2} {longest:>8.2}", took_ms.len());
}

/// How long each answer took, in milliseconds, while `work` was done.
fn probed(asker: &mut Child, work: impl FnOnce() -> io::Result<()>) -> io::Result<Vec<f64>> {
    asker.ask("begin")?;
    work()?;
    let told = asker.ask("end")?;
    told.split(' ').map(|took| took.parse().map_err(io::Error::other)).collect()
}

/// Asks from one word to the next, and then says how long each answer took.
pub(crate) fn asker(admin: &str) -> io::Result<()> {
    let admin = admin.parse().map_err(io::Error::other)?;
    println!("{admin}");
    let mut words = io::stdin().lines();
    while words.next().transpose()?.is_some() {
        println!("begun");
        let done = AtomicBool::new(false);
        let took_ms = thread::scope(|scope| {
            let asking = scope.spawn(|| asked(admin, &done));
            let ended = words.next().transpose();
            done.store(true, Ordering::Relaxed);
            let took_ms = asking.join().unwrap_or_else(|_| Err(io::Error::other("panicked")));
            ended.and(took_ms)
        })?;
        let took_ms: Vec<String> = took_ms.iter().map(f64::to_string).collect();
        println!("{}", took_ms.join(" "));
    }
    Ok(())
}

fn asked(admin: SocketAddr, done: &AtomicBool) -> io::Result<Vec<f64>> {
    let mut took_ms = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let asked = Instant::now();
        if !ask(admin, "/healthz")?.ends_with("ok\n") {
            return Err(io::Error::other("it does not say that it lives"));
        }
        took_ms.push(asked.elapsed().as_secs_f64() * 1e3);
        thread::sleep(BETWEEN_PROBES);
    }
    Ok(took_ms)
}

fn rounds(count: usize, proxy: SocketAddr) -> io::Result<()> {
    for _ in 0..count {
        thread::scope(|scope| {
            let client = |number| scope.spawn(move || cut(proxy, number % 2 == 0));
            let clients: Vec<_> = (0..STREAMS).map(client).collect();
            let ended = clients.into_iter().map(|client| client.join());
            ended
                .map(|ended| ended.unwrap_or_else(|_| Err(io::Error::other("panicked"))))
                .collect::<io::Result<Vec<()>>>()
        })?;
    }
    Ok(())
}

/// Reads half of a stream, and leaves: with a reset, or without.
fn cut(proxy: SocketAddr, resets: bool) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    stream.write_all(&call(proxy, PATH, streams::ASKED))?;
    let (mut seen, mut buffer) = (0, [0; 64 << 10]);
    while seen < STREAM_BYTES / 2 {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => seen += count,
        }
    }
    if resets {
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    }
    Ok(())
}

/// Writes to each call a stream of [`STREAM_BYTES`] as fast as it is read.
pub(crate) fn provider() -> io::Result<()> {
    listening(serve)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    let data = format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(EVENT_BYTES));
    let event = format!("{:x}\r\n{data}\r\n", data.len());
    let mut call = Vec::new();
    loop {
        read_message(&mut stream, &mut call)?;
        stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        )?;
        for _ in 0..STREAM_BYTES / data.len() {
            stream.write_all(event.as_bytes())?;
        }
        stream.write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")?;
    }
}
