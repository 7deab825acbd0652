//! What a process takes, as the system says it, and how that goes on.

use crate::child::Child;
use std::{fmt, fs, io, time::Duration};

/// One look at the proxy.
pub(crate) struct Reading {
    at: Duration,
    resident_kib: u64,
    /// Of what is resident: pages of no file that the system made two megabytes large.
    huge_kib: u64,
    /// Of what is resident: pages of files.
    mapped_kib: u64,
    /// What the program allocated and did not give back.
    heap_kib: u64,
    /// Sockets and what the system gives a runtime: all but files.
    pub(super) descriptors: usize,
    /// The journal's, whose number goes with what it holds.
    pub(super) files: usize,
    pub(super) threads: usize,
    cpu: Duration,
    /// The mirror's books so far, in the proxy's own words.
    books: String,
}

impl Reading {
    pub(super) const HEAD: &str = "minute  resident MiB  of it huge  of files  heap MiB  descriptors  files  threads  CPU s  books";

    pub(super) fn of(proxy: &mut Child, at: Duration) -> io::Result<Self> {
        let said = proxy.ask("books")?;
        let (heap, books) = said.split_once(' ').unwrap_or(("0", &said));
        let heap_kib = heap.parse::<u64>().map_err(io::Error::other)? / 1024;
        let books = books.to_owned();
        let entries = |what: &str| fs::read_dir(format!("/proc/{}/{what}", proxy.process.id()));
        // One that is closed meanwhile is none.
        let open = entries("fd")?.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        let (files, others): (Vec<_>, Vec<_>) =
            open.partition(|to| to.is_absolute() && !to.starts_with("/dev"));
        let threads = entries("task")?.count();
        let memory = proxy.memory()?;
        Ok(Self {
            at,
            resident_kib: memory.kib("Rss:")?,
            huge_kib: memory.kib("AnonHugePages:")?,
            mapped_kib: memory.kib("Rss:")? - memory.kib("Anonymous:")?,
            heap_kib,
            descriptors: others.len(),
            files: files.len(),
            threads,
            cpu: Duration::from_nanos(proxy.whole_nanos()?),
            books,
        })
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minute, cpu) = (self.at.as_secs_f64() / 60.0, self.cpu.as_secs_f64());
        let [resident, huge, mapped, heap] =
            [self.resident_kib, self.huge_kib, self.mapped_kib, self.heap_kib]
                .map(|kib| kib as f64 / 1024.0);
        let Self { descriptors, files, threads, books, .. } = self;
        write!(
            out,
            "{minute:>6.1}  {resident:>12.1}  {huge:>10.1}  {mapped:>8.1}  {heap:>8.1}  {descriptors:>11}  {files:>5}  {threads:>7}  {cpu:>5.1}  {books}"
        )
    }
}

/// Looks of one point of a trend: what goes up and down between them is not what lasts.
const LOOKS_A_POINT: usize = 12;
/// Of a normal distribution, on both sides.
const SIGMAS_95: f64 = 1.96;

/// The straight line through an amount of memory over time.
pub(super) struct Trend {
    kib_a_minute: f64,
    /// Half of the range in which the slope lies with 95 %, by how the points scatter.
    range: f64,
    least_kib: u64,
    most_kib: u64,
}

impl Trend {
    /// Of what is resident.
    pub(super) fn of_resident(readings: &[Reading]) -> Self {
        Self::of(readings, |reading| reading.resident_kib)
    }

    /// Of what is allocated and was not given back.
    pub(super) fn of_heap(readings: &[Reading]) -> Self {
        Self::of(readings, |reading| reading.heap_kib)
    }

    /// By least squares over the means of [`LOOKS_A_POINT`] looks.
    fn of(readings: &[Reading], kib: fn(&Reading) -> u64) -> Self {
        let points = readings.chunks_exact(LOOKS_A_POINT).map(|looks| middle(looks, kib));
        let points: Vec<(f64, f64)> = points.collect();
        let n = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), at| (x + at.0 / n, y + at.1 / n));
        let spread: f64 = points.iter().map(|at| (at.0 - x).powi(2)).sum();
        let kib_a_minute = points.iter().map(|at| (at.0 - x) * (at.1 - y)).sum::<f64>() / spread;
        let rest = |at: &(f64, f64)| (at.1 - y - kib_a_minute * (at.0 - x)).powi(2);
        let scatter = points.iter().map(rest).sum::<f64>() / (n - 2.0);
        let all = || readings.iter().map(kib);
        Self {
            kib_a_minute,
            range: SIGMAS_95 * (scatter / spread).sqrt(),
            least_kib: all().min().unwrap_or(0),
            most_kib: all().max().unwrap_or(0),
        }
    }
}

fn middle(looks: &[Reading], kib: fn(&Reading) -> u64) -> (f64, f64) {
    let n = looks.len() as f64;
    let add = |(x, y): (f64, f64), look: &Reading| {
        (x + look.at.as_secs_f64() / 60.0 / n, y + kib(look) as f64 / n)
    };
    looks.iter().fold((0.0, 0.0), add)
}

impl fmt::Display for Trend {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kib_a_minute, range, least_kib, most_kib } = self;
        write!(
            out,
            "{kib_a_minute:+.1} KiB a minute (± {range:.1}), between {least_kib} and {most_kib} KiB"
        )
    }
}
