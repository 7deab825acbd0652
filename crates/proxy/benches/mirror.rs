//! What the mirror costs on the live thread: CPU time per call with the mirror on against off, in
//! interleaved rounds (ABBA), one live thread, keep-alive clients, a reply of 1.5 KiB.
//!
//! The target is at most 15 % more. Linux only: the thread's CPU time is read from `/proc`.

#![cfg(test)]
#![expect(clippy::print_stdout, reason = "a bench is run for what it prints")]

#[path = "served/proxy.rs"]
mod served;

use served::Served;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: usize = 16;
const CALLS_PER_CLIENT: usize = 2_000;
const ROUNDS: [bool; 4] = [false, true, true, false];
const REPEATS: usize = 5;
const REPLY_BYTES: usize = 1_536;
const CALL_BYTES: usize = 900;

fn main() {
    let provider = provider();
    let (mut off, mut on) = (Vec::new(), Vec::new());
    for mirrored in ROUNDS.repeat(REPEATS) {
        let micros = round(provider, mirrored);
        println!("mirror {}: {micros:.2} us of CPU per call", if mirrored { "on " } else { "off" });
        if mirrored { on.push(micros) } else { off.push(micros) }
    }
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let (off_least, on_least) = (least(&off), least(&on));
    println!("least  off {off_least:.2}, on {on_least:.2}, ratio {:.3}", on_least / off_least);
    let (off, on) = (median(off), median(on));
    println!("median off {off:.2}, on {on:.2}, ratio {:.3}", on / off);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    f64::midpoint(values[middle - 1], values[middle])
}

/// CPU microseconds per call on the live thread.
fn round(provider: SocketAddr, mirrored: bool) -> f64 {
    let shutdown = CancellationToken::new();
    let Served { running, queue } = Served::start(provider, mirrored, &shutdown);
    let done = AtomicBool::new(false);
    let spent = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                drop(queue.drain(usize::MAX));
                thread::park_timeout(Duration::from_millis(2));
            }
        });
        load(running.addr(), CALLS_PER_CLIENT / 4);
        let before = live_nanos();
        load(running.addr(), CALLS_PER_CLIENT);
        let spent = live_nanos() - before;
        done.store(true, Ordering::Relaxed);
        spent
    });
    shutdown.cancel();
    running.join().unwrap();
    if mirrored {
        let tally = queue.take_tallies().remove(&None).unwrap();
        assert_eq!(tally.offered, tally.accepted, "the drain kept up: {tally:?}");
    }
    spent as f64 / 1e3 / (CLIENTS * CALLS_PER_CLIENT) as f64
}

fn live_nanos() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let live = |task: &std::path::PathBuf| {
        fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "live-0")
    };
    let task = tasks.into_iter().find(live).unwrap();
    let stat = fs::read_to_string(task.join("schedstat")).unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

fn load(addr: SocketAddr, calls: usize) {
    let body = "x".repeat(CALL_BYTES);
    let call = format!(
        "POST /p/v1/chat/completions HTTP/1.1\r\nhost: a\r\naccept: application/json\r\n\
         accept-encoding: gzip, deflate\r\nconnection: keep-alive\r\nuser-agent: OpenAI/Python\r\n\
         authorization: Bearer sk-0123456789\r\nx-stainless-lang: python\r\n\
         x-stainless-os: Linux\r\ncontent-type: application/json\r\n\
         content-length: {CALL_BYTES}\r\n\r\n{body}"
    );
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(addr).unwrap();
                stream.set_nodelay(true).unwrap();
                for _ in 0..calls {
                    stream.write_all(call.as_bytes()).unwrap();
                    read_message(&mut stream);
                }
            });
        }
    });
}

fn provider() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let reply = format!(
        "HTTP/1.1 200 OK\r\ndate: Fri, 20 Nov 2026 18:00:00 GMT\r\n\
         content-type: application/json\r\nx-request-id: req_1\r\n\
         x-ratelimit-remaining-requests: 99\r\ncontent-length: {REPLY_BYTES}\r\n\r\n{}",
        "y".repeat(REPLY_BYTES)
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, reply) = (stream.unwrap(), reply.clone());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                while read_message(&mut stream) && stream.write_all(reply.as_bytes()).is_ok() {}
            });
        }
    });
    addr
}

/// Reads one message with a `content-length`; whether there was one.
fn read_message(stream: &mut TcpStream) -> bool {
    let mut unread = Vec::with_capacity(8 << 10);
    let mut buffer = [0; 8 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => unread.extend_from_slice(&buffer[..count]),
            _ => return false,
        }
        let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if unread.len() >= end + 4 + length.unwrap().parse::<usize>().unwrap() {
            return true;
        }
    }
}
