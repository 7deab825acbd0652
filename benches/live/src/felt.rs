//! What the mirror costs those whom it observes: CPU of the live thread per request, and the time that
//! a client waits, with the mirror on (a real thread, a real journal on disk) against off.
//!
//! The driver (load and report) and the upstream run on one core; each proxy is a process of its own,
//! pinned to the other one together with its mirror. Saturation is measured first, in a closed loop;
//! then the proxies take turns under an open loop of 30 % of it, where latency counts from the moment
//! that a request was due. Turns are short, so that what else the machine does meets all alike. A third
//! proxy, the control, is the one without a mirror once more: how far its ratio to the other is from
//! one says what this machine can tell apart today. Loopback only; ends by itself.

use crate::{
    OTHER_CORE, PATH, PROXY_CORE,
    child::Child,
    load::{Figures, Load},
    nginx::{self, Nginx},
    table,
};
use std::{io, time::Duration};

const ROUNDS: usize = 10;
const WARM_UP: Duration = Duration::from_secs(2);
const SATURATION: Duration = Duration::from_secs(4);
const TURNS: usize = 10;
const TURN: Duration = Duration::from_millis(250);
/// How long the open loop runs for what is shown beside the two.
const OTHERS: Duration = Duration::from_secs(5);
const SHARE_OF_SATURATION: f64 = 0.3;

/// What the three proxies showed in one round.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) on: Figures,
    pub(crate) off: Figures,
    pub(crate) control: Figures,
}

pub(crate) fn drive() -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let upstream = Child::start(OTHER_CORE, &["upstream"])?;
    let address = upstream.addr.to_string();
    let off = Child::start(PROXY_CORE, &["proxy", &address])?;
    let on = Child::start(PROXY_CORE, &["proxy", &address, "mirrored"])?;
    let control = Child::start(PROXY_CORE, &["proxy", &address])?;
    let nginx = nginx::start(PROXY_CORE, upstream.addr, Nginx::Unbuffered);

    let mut load_off = Load::connect(off.addr, PATH)?;
    let mut load_on = Load::connect(on.addr, PATH)?;
    let mut load_control = Load::connect(control.addr, PATH)?;
    let saturation = [saturate(&mut load_off)?, saturate(&mut load_on)?];
    load_control.closed(WARM_UP)?;
    println!("saturation, 64 connections: off {:.0}/s, on {:.0}/s", saturation[0], saturation[1]);
    let rate = saturation[0] * SHARE_OF_SATURATION;
    println!(
        "open loop: {rate:.0}/s, {ROUNDS} rounds of {TURNS} × on, off, control, control, off, on, \
         {TURN:?} each\n"
    );

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Round::default();
        for _ in 0..TURNS {
            round.on.add(turn(&on, &mut load_on, (rate, TURN))?);
            round.off.add(turn(&off, &mut load_off, (rate, TURN))?);
            round.control.add(turn(&control, &mut load_control, (rate, TURN))?);
            round.control.add(turn(&control, &mut load_control, (rate, TURN))?);
            round.off.add(turn(&off, &mut load_off, (rate, TURN))?);
            round.on.add(turn(&on, &mut load_on, (rate, TURN))?);
        }
        rounds.push(round);
    }
    let mut load = Load::connect(upstream.addr, "")?;
    load.closed(WARM_UP)?;
    let direct = load.open(OTHERS, rate)?;
    let others = match &nginx {
        Some(nginx) => {
            let mut load = Load::connect(nginx.addr, PATH)?;
            let most = saturate(&mut load)?;
            let figures = turn(nginx, &mut load, (rate, OTHERS))?;
            vec![(format!("nginx (saturation {most:.0}/s)"), figures)]
        }
        None => Vec::new(),
    };
    table::print(&rounds, &direct, &others);
    println!("\nmirror: {}", on.stop()?);
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

fn saturate(load: &mut Load) -> io::Result<f64> {
    load.closed(WARM_UP)?;
    Ok(load.closed(SATURATION)?.rate())
}

/// A time of the open loop, with the CPU time that the child's live threads took for it.
fn turn(child: &Child, load: &mut Load, (rate, span): (f64, Duration)) -> io::Result<Figures> {
    let before = child.live_nanos()?;
    let mut figures = load.open(span, rate)?;
    figures.cpu_nanos = child.live_nanos()? - before;
    Ok(figures)
}
