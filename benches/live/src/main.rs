//! What the mirror costs those whom it observes: CPU of the live thread per request, and the time that
//! a client waits, with the mirror on (a real thread, a real journal on disk) against off.
//!
//! The driver (load and report) and the upstream run on one core; each proxy is a process of its own,
//! pinned to the other one together with its mirror. Saturation is measured first, in a closed loop;
//! then both proxies take turns (on, off, off, on) under an open loop of 30 % of it, where latency
//! counts from the moment that a request was due. Loopback only; ends by itself.

mod child;
mod load;
mod nginx;
mod serve;
mod table;

use child::Child;
use load::{Figures, Load};
use std::{env, io, process::Command, time::Duration};

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The core of the proxies, and the one of everything else.
const PROXY_CORE: &str = "0";
const OTHER_CORE: &str = "1";
const ROUNDS: usize = 10;
const WARM_UP: Duration = Duration::from_secs(2);
const SATURATION: Duration = Duration::from_secs(4);
const TURN: Duration = Duration::from_millis(2_500);
const SHARE_OF_SATURATION: f64 = 0.3;

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        None => {
            let itself = env::current_exe()?;
            child::pinned(OTHER_CORE, &itself).arg("drive").status().map(|_| ())
        }
        Some("drive") => drive(),
        Some("upstream") => serve::upstream(),
        Some("proxy") => serve::proxy(&env::args().nth(2).unwrap_or_default(), env::args().nth(3)),
        Some(other) => Err(io::Error::other(format!("no role is named {other}: give none"))),
    }
}

fn drive() -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let upstream = Child::start(OTHER_CORE, &["upstream"])?;
    let address = upstream.addr.to_string();
    let off = Child::start(PROXY_CORE, &["proxy", &address])?;
    let on = Child::start(PROXY_CORE, &["proxy", &address, "mirrored"])?;
    let nginx = nginx::start(PROXY_CORE, upstream.addr);

    let saturate = |child: &Child, path: &str| -> io::Result<f64> {
        Load::new(child.addr, path).closed(WARM_UP)?;
        Ok(Load::new(child.addr, path).closed(SATURATION)?.rate())
    };
    let saturation = [saturate(&off, "/p")?, saturate(&on, "/p")?];
    println!("saturation, 64 connections: off {:.0}/s, on {:.0}/s", saturation[0], saturation[1]);
    let rate = saturation[0] * SHARE_OF_SATURATION;
    println!("open loop: {rate:.0}/s, {ROUNDS} rounds of on, off, off, on, {TURN:?} each\n");

    let (mut of_on, mut of_off) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [mut on_figures, mut off_figures] = [turn(&on, rate)?, turn(&off, rate)?];
        off_figures.add(turn(&off, rate)?);
        on_figures.add(turn(&on, rate)?);
        of_on.push(on_figures);
        of_off.push(off_figures);
    }
    let direct = Load::new(upstream.addr, "").open(TURN * 2, rate)?;
    let others = match &nginx {
        Some(nginx) => {
            let most = saturate(nginx, "/p")?;
            vec![(format!("nginx (saturation {most:.0}/s)"), turn(nginx, rate)?)]
        }
        None => Vec::new(),
    };
    table::print(&of_on, &of_off, &direct, &others);
    println!("\nmirror: {}", on.stop()?);
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// One turn of the open loop, with the CPU time that the child's live threads took for it.
fn turn(child: &Child, rate: f64) -> io::Result<Figures> {
    let before = child.live_nanos()?;
    let mut figures = Load::new(child.addr, "/p").open(TURN, rate)?;
    figures.cpu_nanos = child.live_nanos()? - before;
    Ok(figures)
}

/// Whether a program can be run at all.
fn exists(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok()
}
