//! How fast the journal appends: records per second and CPU per record, 4 KiB each, by group size.
//!
//! `cargo run -p journal --example append_rate [SECONDS]`; CPU time is read from Linux' /proc.

use journal::{Journal, Limits};
use std::{error::Error, io::Write, time::Duration};
use tokio::time::Instant;

const RECORD_BYTES: usize = 4096;
const SECONDS_DEFAULT: u64 = 5;
/// The clock ticks of /proc on every Linux.
const TICK_US: f64 = 10_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(SECONDS_DEFAULT), |text| text.parse())?;
    for group in [16, 64, 256] {
        measure(group, Duration::from_secs(seconds))?;
    }
    Ok(())
}

fn measure(group: usize, span: Duration) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir_in(".")?;
    let journal = Journal::open(dir.path(), Limits::bytes(64 << 30))?;
    let records: Vec<_> = (0..group).map(|seed| noise(seed as u64)).collect();
    let mut waits = Vec::new();
    let (began, cpu_began) = (Instant::now(), cpu_us()?);
    while began.elapsed() < span {
        let asked = Instant::now();
        journal.append("exchanges", &records)?;
        waits.push(asked.elapsed());
    }
    let appended = journal.end("exchanges")? as f64;
    let rate = appended / began.elapsed().as_secs_f64();
    let cpu = (cpu_us()? - cpu_began) / appended;
    waits.sort_unstable();
    let p99_ms = waits[waits.len() * 99 / 100].as_secs_f64() * 1e3;
    writeln!(
        std::io::stdout(),
        "groups of {group:>3}: {rate:>7.0} records/s, {cpu:>5.1} us CPU a record, p99 {p99_ms:.1} ms"
    )?;
    Ok(())
}

/// Bytes that no compression shortens.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(RECORD_BYTES).collect()
}

/// User and system time of this process.
fn cpu_us() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? * TICK_US)
}
