//! `foreshadow up`, running.

use crate::{
    command::Guarded,
    wait::{PATIENCE, until},
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

/// Lines of the greeting that are kept; what comes after is read and dropped.
const LINES_MAX: usize = 256;

/// The process and where it listens.
#[derive(Debug)]
pub(crate) struct Foreshadow {
    process: Guarded,
    live: Option<String>,
    console: String,
}

impl Foreshadow {
    /// Starts it, with its log in a file, and waits until it says where it listens.
    #[track_caller]
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        command.stderr(file);
        Self::listening(command, || read(log))
    }

    /// The same with its log in a pipe that nobody reads.
    #[track_caller]
    pub(crate) fn start_unheard(mut command: Command) -> Self {
        command.stderr(Stdio::piped());
        Self::listening(command, || "nobody knows".to_owned())
    }

    #[track_caller]
    fn listening(mut command: Command, said: impl Fn() -> String) -> Self {
        let mut process = Guarded(command.stdout(Stdio::piped()).spawn().unwrap());
        let lines = lines(&mut process.0);
        let line = || {
            lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("it did not say where it listens; it said: {}", said());
            })
        };
        let address = |line: &str, name: &str| Some(line.strip_prefix(name)?.trim().to_owned());
        let first = line();
        // Not every role has a live listener.
        let live = address(&first, "live");
        let second = if live.is_some() { line() } else { first };
        let console = address(&second, "console");
        let console = console.unwrap_or_else(|| panic!("the console is not: {second}"));
        Self { process, live, console }
    }

    /// The base URL of a provider of the pipeline.
    pub(crate) fn base_url(&self, provider: &str) -> String {
        format!("{}/{provider}", self.live.as_ref().unwrap())
    }

    /// The process, as the system knows it.
    pub(crate) fn id(&self) -> u32 {
        self.process.0.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Sends it a signal, by name.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.arg(format!("-{name}")).arg(self.process.0.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to end, and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        let child = &mut self.process.0;
        let status = until("the end of `up`", PATIENCE, || child.try_wait().unwrap());
        assert!(status.success(), "`up` ended with {status}");
    }

    /// What its admin listener says at a path, head and body.
    pub(crate) fn ask(&self, path: &str) -> String {
        let authority = self.console.trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Memory that is resident now, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status_of("VmRSS:")
    }

    /// Memory of its own that is resident now, in KiB: without the program itself.
    pub(crate) fn own_kib(&self) -> u64 {
        self.status_of("RssAnon:")
    }

    /// CPU time of its threads whose names begin so, in nanoseconds.
    pub(crate) fn cpu_ns(&self, names: &[&str]) -> u64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.0.id())).unwrap();
        let of = |task: PathBuf| {
            let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
            let spent = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            let is_asked = names.iter().any(|begin| name.starts_with(begin));
            spent.split(' ').next().filter(|_| is_asked).and_then(|ns| ns.parse::<u64>().ok())
        };
        tasks.filter_map(|task| of(task.unwrap().path())).sum()
    }

    /// Whether the system may give it memory in pages of two megabytes.
    pub(crate) fn has_huge_pages(&self) -> bool {
        self.status_of("THP_enabled:") != 0
    }

    /// A figure that the system has of it: memory in KiB, or yes (1) and no (0).
    fn status_of(&self, kind: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// A metric, summed over its labels; zero if it was never counted.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.metrics(name).values().sum()
    }

    /// A metric by its labels.
    pub(crate) fn metrics(&self, name: &str) -> BTreeMap<String, f64> {
        let said = self.ask("/metrics");
        let figures = said.lines().filter_map(|line| {
            let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
            let (labels, figure) = rest.rsplit_once(' ')?;
            Some((labels.to_owned(), figure.parse().ok()?))
        });
        figures.collect()
    }
}

fn lines(child: &mut Child) -> Receiver<String> {
    let out = BufReader::new(child.stdout.take().unwrap());
    let (tell, lines) = sync_channel(LINES_MAX);
    thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            // Whoever listened has heard what it wanted, or the test is over.
            let _ = tell.try_send(line);
        }
    });
    lines
}

fn read(log: &Path) -> String {
    fs::read_to_string(log).unwrap_or_default()
}
