//! How fast records go to Kafka: as the mirror sends them, beside Kafka's own producer test, on one
//! broker that this starts. Records per second, CPU per record, and what one core could do.
//!
//! `cargo run -p journal --example kafka_rate [SECONDS]`; CPU time is read from Linux' /proc.

use bytes::Bytes;
use journal::{
    Append, Entry, Forward, ForwardSettings, Limits,
    kafka::{Kafka, Settings},
};
use std::{
    error::Error,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use testkit::broker::{Broker, Jars};
use tokio::time::Instant;

const SECONDS_DEFAULT: u64 = 10;
const ROUNDS: usize = 3;
/// What the mirror appends at once under load: so many records, and so many bytes.
const GROUP_MAX: usize = 1_024;
const GROUP_BYTES_MAX: usize = 8 << 20;
/// The clock ticks of /proc on every Linux.
const TICK_US: f64 = 10_000.0;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(SECONDS_DEFAULT), |text| text.parse())?;
    let span = Duration::from_secs(seconds);
    let jars = Jars::resolve(&Jars::cache(|name| std::env::var_os(name)))?;
    let dir = tempfile::tempdir_in(".")?;
    let broker = Broker::start(&jars, &dir.path().join("broker"), None)?;
    for record_bytes in [4 << 10, 64 << 10] {
        for _ in 0..ROUNDS {
            let records = ours(&broker, dir.path(), record_bytes, span)?;
            // What its machine takes to start is not the price of a record.
            let start = theirs(&broker, &jars, record_bytes, 1)?;
            let all = theirs(&broker, &jars, record_bytes, records)?;
            say("kafka-producer-perf-test", record_bytes, records, (all.0, all.1 - start.1))?;
            writeln!(std::io::stdout(), "    itself: {}", all.2)?;
        }
    }
    Ok(())
}

/// As the mirror appends; how many records there were.
fn ours(
    broker: &Broker,
    dir: &Path,
    record_bytes: usize,
    span: Duration,
) -> Result<u64, Box<dyn Error>> {
    let kafka = Kafka::open(Settings::new([broker.address()]))?;
    let settings = ForwardSettings {
        topics: vec!["exchanges".to_owned()],
        spool: Limits::bytes(1 << 30),
        patience: Duration::from_secs(10),
    };
    let forward = Forward::open(kafka, dir.join("spool"), settings)?;
    if !forward.drained(Duration::from_secs(60)) {
        return Err("the broker does not answer".into());
    }
    let count = GROUP_MAX.min(GROUP_BYTES_MAX / record_bytes);
    let group: Vec<Entry> = (0..count as u64).map(|seed| letters(seed, record_bytes)).collect();
    let mut waits = Vec::new();
    let (began, cpu_began) = (Instant::now(), cpu_us()?.0);
    while began.elapsed() < span {
        let asked = Instant::now();
        forward.append("exchanges", &group)?;
        waits.push(asked.elapsed());
    }
    let (elapsed, cpu) = (began.elapsed(), cpu_us()?.0 - cpu_began);
    let sums = forward.sums();
    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100];
    say("foreshadow", record_bytes, sums.direct, (elapsed, cpu))?;
    if sums.spooled > 0 {
        return Err(format!("the broker was too slow: {sums:?}").into());
    }
    writeln!(std::io::stdout(), "    groups of {count}, p99 {:.0} ms", p99.as_secs_f64() * 1e3)?;
    Ok(sums.direct)
}

/// Kafka's own, with the same promises and the same compression; how long it took, its CPU time, and
/// what it says of itself.
fn theirs(
    broker: &Broker,
    jars: &Jars,
    record_bytes: usize,
    records: u64,
) -> Result<(Duration, f64, String), Box<dyn Error>> {
    let (began, cpu_began) = (Instant::now(), cpu_us()?.1);
    let done = Command::new("java")
        .args(["-Xmx512m", "-cp", &jars.class_path()])
        .args(["org.apache.kafka.tools.ProducerPerformance", "--topic", "foreshadow.exchanges"])
        .args(["--num-records", &records.to_string(), "--throughput", "-1"])
        .args(["--record-size", &record_bytes.to_string(), "--producer-props"])
        .args([&format!("bootstrap.servers={}", broker.address()), "acks=all"])
        .args(["enable.idempotence=true", "compression.type=zstd", "compression.zstd.level=1"])
        .args(["linger.ms=5", "batch.size=1000000", "buffer.memory=67108864"])
        .stderr(Stdio::null())
        .output()?;
    let (elapsed, cpu) = (began.elapsed(), cpu_us()?.1 - cpu_began);
    let said = String::from_utf8_lossy(&done.stdout);
    Ok((elapsed, cpu, said.lines().last().unwrap_or_default().to_owned()))
}

fn say(
    who: &str,
    record_bytes: usize,
    records: u64,
    (elapsed, cpu_us): (Duration, f64),
) -> std::io::Result<()> {
    let rate = records as f64 / elapsed.as_secs_f64();
    let each = cpu_us / records as f64;
    writeln!(
        std::io::stdout(),
        "{who}, {:>2} KiB: {rate:>7.0} records/s, {each:>6.1} us CPU a record, {:>7.0} a second and core",
        record_bytes >> 10,
        1e6 / each
    )
}

/// Random capital letters, as Kafka's own test sends.
fn letters(seed: u64, bytes: usize) -> Entry {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'A' + (state % 26) as u8
    });
    let payload: Vec<u8> = letters.take(bytes).collect();
    Entry { key: Bytes::copy_from_slice(&seed.to_le_bytes()), payload: payload.into() }
}

/// User and system time of this process, and of those that it has waited for.
fn cpu_us() -> Result<(f64, f64), Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Result<Vec<f64>, _> =
        after_name.split_whitespace().skip(11).take(4).map(str::parse::<f64>).collect();
    let ticks = ticks?;
    Ok(((ticks[0] + ticks[1]) * TICK_US, (ticks[2] + ticks[3]) * TICK_US))
}
