//! The whole shadow side stands still, and one client asks on: the shipped binary with its data on a
//! disk of its own that is frozen (every write to it hangs in the kernel) while the candidate's provider
//! is stopped; beside it the same binary with its mirror off, and nginx with a `mirror` that takes 2 s.
//!
//! Each round asks at a fixed rate over one connection that is kept: healthy, frozen, and thawed, while
//! the worker catches up; the binary without a mirror takes turns with it (off, on, on, off). Needs
//! root, for the mount.

use crate::{
    OTHER_CORE, PATH, PROXY_CORE,
    child::Child,
    load::{Figures, call, connect, quantile, read_message},
    nginx::{self, Nginx},
    up::Up,
};
use disk::Disk;
use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

mod disk;

const ROUNDS: usize = 6;
const TURN: Duration = Duration::from_millis(1_500);
const BETWEEN_CALLS: Duration = Duration::from_millis(5);
/// Before what is measured: the worker's first minute makes its tables.
const WARM_UP: Duration = Duration::from_secs(5);
/// Calls one after another, each as soon as the one before is answered.
const IN_A_ROW: usize = 10;
const SLOW: Duration = Duration::from_secs(2);

const STATES: [&str; 3] = ["healthy", "frozen", "thawed"];

/// What a state showed: with the mirror on, and with it off in the same minute.
#[derive(Default)]
struct Seen {
    on: Figures,
    off: Figures,
}

pub(crate) fn drive() -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let upstream = Child::start(OTHER_CORE, &["upstream"])?;
    let candidate = Child::start(OTHER_CORE, &["upstream"])?;
    let disk = Disk::mounted()?;
    let off = Up::start(&disk.path("off"), upstream.addr, candidate.addr, &["--no-mirror"])?;
    let on = Up::start(&disk.path("on"), upstream.addr, candidate.addr, &[])?;
    let (mut asks_on, mut asks_off) = (Asking::new(on.live)?, Asking::new(off.live)?);
    asks_on.at_a_rate(WARM_UP)?;
    asks_off.at_a_rate(WARM_UP)?;
    let mut seen: [Seen; STATES.len()] = Default::default();
    for _ in 0..ROUNDS {
        on.wait_until_all_is_recorded()?;
        let [healthy, frozen, thawed] = &mut seen;
        healthy.turn(&mut asks_on, &mut asks_off)?;
        let standing_still = (disk.freeze()?, candidate.stopped()?);
        frozen.turn(&mut asks_on, &mut asks_off)?;
        drop(standing_still);
        thawed.turn(&mut asks_on, &mut asks_off)?;
    }
    print(&seen);
    on.print_mirrored()?;
    in_a_row(upstream.addr, (&on, &disk))?;
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

impl Seen {
    fn turn(&mut self, on: &mut Asking, off: &mut Asking) -> io::Result<()> {
        self.off.add(off.at_a_rate(TURN)?);
        self.on.add(on.at_a_rate(TURN)?);
        self.on.add(on.at_a_rate(TURN)?);
        self.off.add(off.at_a_rate(TURN)?);
        Ok(())
    }
}

fn print(seen: &[Seen; STATES.len()]) {
    println!(
        "\n{ROUNDS} rounds of two turns of {TURN:?} each, a call every {BETWEEN_CALLS:?} on one connection; us\n\
         {:<22} {:>8} {:>8} {:>8} {:>20} {:>12}",
        "", "calls", "p50", "p99", "p99 of a usual turn", "over 1 ms"
    );
    let row = |name: &str, figures: &Figures| {
        println!(
            "{name:<22} {:>8} {:>8.0} {:>8.0} {:>20.0} {:>10.2} %",
            figures.latency_us.len(),
            figures.quantile(0.5),
            figures.quantile(0.99),
            figures.usual_p99(),
            figures.slower_than(1_000.0)
        );
    };
    for (state, seen) in STATES.iter().zip(seen) {
        row(&format!("{state}, mirror off"), &seen.off);
        row(&format!("{state}, mirror on"), &seen.on);
    }
    let [healthy, frozen, thawed] = seen;
    for (state, seen) in [("frozen", frozen), ("thawed", thawed)] {
        let moved = |of: fn(&Figures) -> f64| of(&seen.on) - of(&healthy.on);
        println!(
            "{state} against healthy: p50 {:+.0} us, p99 {:+.0} us, p99 of a usual turn {:+.0} us",
            moved(|figures| figures.quantile(0.5)),
            moved(|figures| figures.quantile(0.99)),
            moved(Figures::usual_p99)
        );
    }
}

/// Calls one after another: what a mirror that is waited for does to them.
fn in_a_row(upstream: SocketAddr, (on, disk): (&Up, &Disk)) -> io::Result<()> {
    println!(
        "\n{IN_A_ROW} calls one after another on one connection: ms, the first and then the median"
    );
    let slow = Child::start(OTHER_CORE, &["slow"])?;
    for (name, way) in
        [("nginx", Nginx::Default), ("nginx, mirror of 2 s", Nginx::MirrorTo(slow.addr))]
    {
        match nginx::start(PROXY_CORE, upstream, way) {
            Some(nginx) => Asking::new(nginx.addr)?.in_a_row(name)?,
            None => println!("{name}: not here, apt-get install nginx"),
        }
    }
    let _frozen = disk.freeze()?;
    Asking::new(on.live)?.in_a_row("foreshadow, frozen")
}

/// One connection that is kept, and the one reply that is right.
struct Asking {
    stream: TcpStream,
    message: Vec<u8>,
    reply: Vec<u8>,
}

impl Asking {
    fn new(addr: SocketAddr) -> io::Result<Self> {
        let message = call(addr, PATH, r#""temperature":0"#);
        let mut asking = Self { stream: connect(addr)?, message, reply: Vec::new() };
        asking.reply = asking.ask()?;
        Ok(asking)
    }

    fn ask(&mut self) -> io::Result<Vec<u8>> {
        let mut reply = Vec::new();
        self.stream.write_all(&self.message)?;
        read_message(&mut self.stream, &mut reply)?;
        Ok(reply)
    }

    /// Calls that are due at fixed moments; one that is late counts from when it was due.
    fn at_a_rate(&mut self, span: Duration) -> io::Result<Figures> {
        let mut latency_us = Vec::new();
        let began = Instant::now();
        for due in (0..).map(|nth| BETWEEN_CALLS * nth).take_while(|due| *due < span) {
            thread::sleep((began + due).saturating_duration_since(Instant::now()));
            self.check()?;
            latency_us.push((began.elapsed() - due).as_secs_f64() * 1e6);
        }
        Ok(Figures::of_turn(latency_us, began.elapsed()))
    }

    fn check(&mut self) -> io::Result<()> {
        if self.ask()? == self.reply { Ok(()) } else { Err(io::Error::other("another reply")) }
    }

    fn in_a_row(&mut self, name: &str) -> io::Result<()> {
        let mut took_ms = Vec::new();
        for _ in 0..IN_A_ROW {
            let asked = Instant::now();
            self.ask()?;
            took_ms.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        println!("{name:<22} {:>10.2} {:>10.2}", took_ms[0], quantile(&took_ms[1..], 0.5));
        Ok(())
    }
}

/// The child that nginx mirrors to: it takes its time over each request.
pub(crate) fn slow() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        thread::spawn(move || {
            let mut request = Vec::new();
            while read_message(&mut stream, &mut request).is_ok() {
                thread::sleep(SLOW);
                if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
                    break;
                }
            }
        });
    }
    Ok(())
}
