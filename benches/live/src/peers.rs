//! This proxy against nginx on the same core, the same load and the same upstream, in turns; what each
//! adds is told against the upstream asked directly in the same round. Medians over the rounds.

use crate::{
    OTHER_CORE, PATH, PROXY_CORE,
    child::Child,
    load::{Load, quantile},
    nginx::{self, Nginx},
    streams,
};
use std::{io, net::SocketAddr, time::Duration};

const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const CLOSED: Duration = Duration::from_secs(2);
const OPEN: Duration = Duration::from_secs(3);
/// What a busy team's proxy sees, far below what any of these can carry.
const OPEN_RATE: f64 = 500.0;
const STREAMED: Duration = Duration::from_secs(2);

/// Whoever answers the load.
struct Peer {
    name: &'static str,
    addr: SocketAddr,
    path: &'static str,
    /// None is the upstream itself.
    child: Option<Child>,
    load: Load,
    rounds: Vec<Figures>,
}

/// What one showed in one round; times in microseconds.
#[derive(Clone, Copy, Default)]
struct Figures {
    per_second: f64,
    cpu_each: f64,
    resident_mib: f64,
    p50: f64,
    p99: f64,
    first_p50: f64,
    first_p99: f64,
    chunk_p50: f64,
    chunk_p99: f64,
    cpu_stream: f64,
}

pub(crate) fn drive() -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let upstream = Child::start(OTHER_CORE, &["upstream"])?;
    let mut peers = peers(upstream.addr)?;
    for _ in 0..ROUNDS {
        for peer in &mut peers {
            let figures = peer.round()?;
            peer.rounds.push(figures);
        }
    }
    print(&peers);
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

fn peers(upstream: SocketAddr) -> io::Result<Vec<Peer>> {
    let address = upstream.to_string();
    let nginx = [
        ("nginx, default", nginx::start(PROXY_CORE, upstream, Nginx::Default)),
        ("nginx, buffering off", nginx::start(PROXY_CORE, upstream, Nginx::Unbuffered)),
        ("nginx, default, mirror", nginx::start(PROXY_CORE, upstream, Nginx::Mirror)),
    ];
    let mut peers = vec![Peer::new("direct", upstream, "", None)?];
    for (name, child) in nginx {
        match child {
            Some(child) => peers.push(Peer::new(name, child.addr, PATH, Some(child))?),
            None => println!("{name}: not here, apt-get install nginx"),
        }
    }
    for (name, role) in [
        ("foreshadow, mirror off", vec!["proxy", &address]),
        ("foreshadow, mirror on", vec!["proxy", &address, "mirrored"]),
        ("foreshadow, mirror hung", vec!["proxy", &address, "hung"]),
    ] {
        let child = Child::start(PROXY_CORE, &role)?;
        peers.push(Peer::new(name, child.addr, PATH, Some(child))?);
    }
    Ok(peers)
}

impl Peer {
    fn new(
        name: &'static str,
        addr: SocketAddr,
        path: &'static str,
        child: Option<Child>,
    ) -> io::Result<Self> {
        let load = Load::connect(addr, path)?;
        Ok(Self { name, addr, path, child, load, rounds: Vec::new() })
    }

    fn round(&mut self) -> io::Result<Figures> {
        self.load.closed(WARM_UP)?;
        let before = self.cpu_nanos()?;
        let closed = self.load.closed(CLOSED)?;
        let cpu_each = (self.cpu_nanos()? - before) as f64 / 1e3 / closed.latency_us.len() as f64;
        let open = self.load.open(OPEN, OPEN_RATE)?;
        let before = self.cpu_nanos()?;
        let mut seen = streams::read(self.addr, self.path, STREAMED)?;
        seen.cpu_nanos = self.cpu_nanos()? - before;
        Ok(Figures {
            per_second: closed.rate(),
            cpu_each,
            resident_mib: self.resident_kib()? as f64 / 1024.0,
            p50: open.quantile(0.5),
            p99: open.quantile(0.99),
            first_p50: quantile(&seen.first_us, 0.5),
            first_p99: quantile(&seen.first_us, 0.99),
            chunk_p50: quantile(&seen.chunk_us, 0.5),
            chunk_p99: quantile(&seen.chunk_us, 0.99),
            cpu_stream: seen.cpu_us(),
        })
    }

    fn cpu_nanos(&self) -> io::Result<u64> {
        self.child.as_ref().map_or(Ok(0), Child::whole_nanos)
    }

    fn resident_kib(&self) -> io::Result<u64> {
        self.child.as_ref().map_or(Ok(0), Child::resident_kib)
    }

    fn median(&self, of: fn(&Figures) -> f64) -> f64 {
        quantile(&self.rounds.iter().map(of).collect::<Vec<_>>(), 0.5)
    }

    /// The median of what it adds to `direct`, round by round.
    fn added(&self, direct: &Self, of: fn(&Figures) -> f64) -> f64 {
        let rounds = self.rounds.iter().zip(&direct.rounds);
        quantile(&rounds.map(|(own, direct)| of(own) - of(direct)).collect::<Vec<_>>(), 0.5)
    }
}

fn print(peers: &[Peer]) {
    println!(
        "\nmedians of {ROUNDS} rounds; proxy and mirror on one core; us unless said otherwise"
    );
    println!(
        "{:<24} | 64 connections: req/s, CPU each, RSS MiB | {OPEN_RATE}/s: added p50, p99 | streams: \
         added to first p50, p99, to a chunk p50, p99, CPU each",
        ""
    );
    let Some((direct, _)) = peers.split_first() else { return };
    for peer in peers {
        let added = |of| peer.added(direct, of);
        println!(
            "{:<24} | {:>9.0} {:>8.1} {:>8.1} | {:>7.0} {:>7.0} | {:>7.0} {:>7.0} {:>7.0} {:>7.0} {:>8.0}",
            peer.name,
            peer.median(|round| round.per_second),
            peer.median(|round| round.cpu_each),
            peer.median(|round| round.resident_mib),
            added(|round| round.p50),
            added(|round| round.p99),
            added(|round| round.first_p50),
            added(|round| round.first_p99),
            added(|round| round.chunk_p50),
            added(|round| round.chunk_p99),
            peer.median(|round| round.cpu_stream),
        );
    }
    println!(
        "direct itself: p50 {:.0}, p99 {:.0}; first {:.0}, {:.0}; chunk {:.0}, {:.0}",
        direct.median(|round| round.p50),
        direct.median(|round| round.p99),
        direct.median(|round| round.first_p50),
        direct.median(|round| round.first_p99),
        direct.median(|round| round.chunk_p50),
        direct.median(|round| round.chunk_p99),
    );
}
