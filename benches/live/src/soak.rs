//! A proxy with its mirror on under mixed load for half an hour: calls that are answered, streamed, taken
//! back in every phase, read slowly, refused, reset and answered with garbage, on new connections and kept
//! ones, in HTTP/1.1 and HTTP/2. What it takes of memory, descriptors and threads is looked at all the
//! while, from outside; at the end the mirror's books are closed. Loopback only; ends by itself.

mod clients;
mod kinds;
mod provider;
mod readings;
mod served;

pub(crate) use provider::provider;
pub(crate) use served::proxy;

use crate::{OTHER_CORE, PROXY_CORE, child::Child};
use clients::Clients;
use readings::{Reading, Trend};
use std::{
    io, thread,
    time::{Duration, Instant},
};

pub(crate) const MINUTES: u64 = 30;
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOKS_A_ROW: usize = 12;
/// After the load: kept connections to the provider are closed by it when they have been idle.
const SETTLED_AFTER_MAX: Duration = Duration::from_secs(60);

/// # Errors
/// Descriptors that are not given back, or books that do not close.
pub(crate) fn drive(minutes: u64) -> io::Result<()> {
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    let provider = Child::start(OTHER_CORE, &["soak-provider"])?;
    let mut proxy = Child::start(PROXY_CORE, &["soak-proxy", &provider.addr.to_string()])?;
    let before = Reading::of(&mut proxy, Duration::ZERO)?;
    println!("{}", Reading::HEAD);
    println!("{before}");

    let began = Instant::now();
    let clients = Clients::start(proxy.addr);
    let mut readings = Vec::new();
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        thread::sleep(LOOK_EVERY);
        let reading = Reading::of(&mut proxy, began.elapsed())?;
        if readings.len() % LOOKS_A_ROW == LOOKS_A_ROW - 1 {
            println!("{reading}");
        }
        readings.push(reading);
    }
    let outcomes = clients.stop()?;
    let after = settled(&mut proxy, &before, began)?;
    println!("{after}\n\n{outcomes}");
    println!("load after: {}\n", std::fs::read_to_string("/proc/loadavg")?.trim());
    let books = proxy.stop()?;
    verdict(&before, &readings, &after, &books)
}

/// Waits until there are no more descriptors than before the load, for as long as that may take.
fn settled(proxy: &mut Child, before: &Reading, began: Instant) -> io::Result<Reading> {
    let ended = Instant::now();
    loop {
        let reading = Reading::of(proxy, began.elapsed())?;
        if reading.descriptors <= before.descriptors || ended.elapsed() > SETTLED_AFTER_MAX {
            return Ok(reading);
        }
        thread::sleep(Duration::from_secs(1));
    }
}

fn verdict(before: &Reading, readings: &[Reading], after: &Reading, books: &str) -> io::Result<()> {
    let late = &readings[readings.len() / 3..];
    println!("resident memory over the last two thirds: {}", Trend::of_resident(late));
    println!("heap over the last two thirds: {}", Trend::of_heap(late));
    let (first, last) = (before.descriptors, after.descriptors);
    let most = readings.iter().map(|reading| reading.descriptors).max().unwrap_or(first);
    println!("descriptors: {first} before the load, at most {most} under it, {last} after it");
    let files = readings.iter().map(|reading| reading.files).max().unwrap_or(0);
    println!("files of the journal: at most {files}");
    println!("threads: {} before, {} after", before.threads, after.threads);
    println!("books: {books}");
    if last > first {
        return Err(io::Error::other(format!("{} descriptors have leaked", last - first)));
    }
    if !books.ends_with(served::CLOSED) {
        return Err(io::Error::other("the books do not close"));
    }
    Ok(())
}
