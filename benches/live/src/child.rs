//! Processes of this bench. A child ends when its standard input does, so none outlives the driver.

use crate::exists;
use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::Path,
    process::{self, ChildStdout, Command, Stdio},
};

pub(crate) struct Child {
    pub(crate) addr: SocketAddr,
    pub(crate) process: process::Child,
    out: Option<BufReader<ChildStdout>>,
    /// How the names of the threads begin that serve.
    serving: &'static str,
}

impl Child {
    /// This program in another role, which prints its address first.
    pub(crate) fn start(core: &str, role: &[&str]) -> io::Result<Self> {
        let mut command = pinned(core, &std::env::current_exe()?);
        let mut process =
            command.args(role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let (mut out, mut line) = (BufReader::new(out), String::new());
        out.read_line(&mut line)?;
        let addr = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { addr, process, out: Some(out), serving: "live-" })
    }

    /// A foreign process, whose every thread serves.
    pub(crate) fn foreign(process: process::Child, addr: SocketAddr) -> Self {
        Self { addr, process, out: None, serving: "" }
    }

    /// CPU time so far of the threads that serve.
    pub(crate) fn live_nanos(&self) -> io::Result<u64> {
        self.nanos(self.serving)
    }

    /// CPU time so far of all threads.
    pub(crate) fn whole_nanos(&self) -> io::Result<u64> {
        self.nanos("")
    }

    fn nanos(&self, threads: &str) -> io::Result<u64> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let task = task?.path();
            if fs::read_to_string(task.join("comm"))?.starts_with(threads) {
                let stat = fs::read_to_string(task.join("schedstat"))?;
                nanos += stat.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
            }
        }
        Ok(nanos)
    }

    /// Memory that is resident now, in KiB.
    pub(crate) fn resident_kib(&self) -> io::Result<u64> {
        self.memory()?.kib("Rss:")
    }

    pub(crate) fn memory(&self) -> io::Result<Memory> {
        fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id())).map(Memory)
    }

    /// Says a line to the child, and returns the line that it answers.
    pub(crate) fn ask(&mut self, word: &str) -> io::Result<String> {
        let mut line = String::new();
        if let (Some(words), Some(out)) = (&mut self.process.stdin, &mut self.out) {
            writeln!(words, "{word}")?;
            out.read_line(&mut line)?;
        }
        Ok(line.trim().to_owned())
    }

    /// Ends the child, and returns its last words.
    pub(crate) fn stop(mut self) -> io::Result<String> {
        drop(self.process.stdin.take());
        let mut words = String::new();
        if let Some(out) = &mut self.out {
            out.read_to_string(&mut words)?;
        }
        self.process.wait()?;
        Ok(words.trim().to_owned())
    }
}

/// What the system says of a process's pages at one moment, all mappings together.
pub(crate) struct Memory(String);

impl Memory {
    pub(crate) fn kib(&self, what: &str) -> io::Result<u64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(what));
        let kib = line.and_then(|line| line.trim().split(' ').next()?.parse().ok());
        kib.ok_or_else(|| io::Error::other(format!("the system does not say {what}")))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A command that stays on one core, where the system can do that.
pub(crate) fn pinned(core: &str, program: &Path) -> Command {
    if !exists("taskset", "--version") {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}
