//! A server that runs beside a test, as a process of its own.
//!
//! It ends with the process that started it, however that ends: a shell between the two waits for the
//! end of its input and then kills the server, by its id, and removes its folder.

use crate::Error;
use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// How long a server may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const STEP: Duration = Duration::from_millis(50);
/// Lines of its log that are shown where it does not come up.
const LINES_SHOWN: usize = 20;
/// Starts the server, says its id, waits until nobody holds the other end of its input, and cleans up.
const WATCH: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
echo $!
read -r word
kill -9 $! 2>/dev/null
wait $!
[ "$word" = keep ] || rm -rf "$folder"
"#;

/// What is started: a program with its words, and variables of its own.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// What it is called in errors.
    pub(crate) name: &'static str,
    /// The command that everything here is a word of; empty where it is started as it is.
    pub(crate) within: Vec<String>,
    pub(crate) words: Vec<String>,
    pub(crate) variables: Vec<(&'static str, String)>,
    /// Its own, with its log in it.
    pub(crate) folder: PathBuf,
    /// Where it takes connections once it is ready to serve them.
    pub(crate) at: (Ipv4Addr, u16),
}

/// A server at work.
#[derive(Debug)]
pub(crate) struct Process {
    start: Start,
    watch: Child,
    id: u32,
}

impl Process {
    /// Starts it and waits until it takes connections.
    pub(crate) fn start(start: Start) -> Result<Self, Error> {
        let (watch, id) = spawn(&start)?;
        Ok(Self { start, watch, id })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// `kill -9`: what it had not written to its files is gone.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        self.signal("KILL")?;
        if let Some(mut shell) = self.watch.stdin.take() {
            shell.write_all(b"keep\n").map_err(Error::io("tell a server's shell"))?;
        }
        self.watch.wait().map_err(Error::io("wait for a server"))?;
        Ok(())
    }

    /// Comes up again after [`Process::kill`], as it was started.
    pub(crate) fn restart(&mut self) -> Result<(), Error> {
        (self.watch, self.id) = spawn(&self.start)?;
        Ok(())
    }

    /// Stands still, with its connections open: none of its threads does anything any more.
    pub(crate) fn freeze(&self) -> Result<(), Error> {
        self.signal("STOP")?;
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            if stands_still(self.id) {
                return Ok(());
            }
            thread::sleep(STEP);
        }
        let why = format!("process {} does not stand still", self.id);
        Err(Error::Server { name: self.start.name, why })
    }

    /// Goes on after [`Process::freeze`].
    pub(crate) fn thaw(&self) -> Result<(), Error> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), Error> {
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &self.id.to_string()]).status();
        let sent = sent.map_err(Error::io(format!("send SIG{signal} to {}", self.start.name)))?;
        match sent.success() {
            true => Ok(()),
            false => {
                let why = format!("no process {} takes SIG{signal}", self.id);
                Err(Error::Server { name: self.start.name, why })
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
        let _ = fs::remove_dir_all(&self.start.folder);
    }
}

fn spawn(start: &Start) -> Result<(Child, u32), Error> {
    let mut words = start.within.iter().map(String::as_str).chain(["sh", "-c", WATCH, start.name]);
    let mut watch = Command::new(words.next().unwrap_or("sh"))
        .args(words)
        .arg(&start.folder)
        .args(&start.words)
        .envs(start.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::io("run sh"))?;
    let failed = |why: String| Error::Server { name: start.name, why };
    let told = watch.stdout.take().ok_or_else(|| failed("its shell says nothing".into()))?;
    let mut id = String::new();
    BufReader::new(told).read_line(&mut id).map_err(Error::io("read a server's id"))?;
    let id: u32 = id.trim().parse().map_err(|_| failed(format!("`{id}` is no process id")))?;
    for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
        if TcpStream::connect(start.at).is_ok() {
            return Ok((watch, id));
        }
        // Nobody waits for it yet: what has ended is a zombie.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return Err(failed(format!("it ended at once: {}", log(&start.folder))));
        }
        thread::sleep(STEP);
    }
    Err(failed(format!("it does not come up: {}", log(&start.folder))))
}

/// A port of loopback that nobody listens at now.
pub(crate) fn free() -> Result<u16, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let addr = listener.and_then(|listener| listener.local_addr());
    Ok(addr.map_err(Error::io("find a free port"))?.port())
}

/// On a busy machine a thread goes on for a while after the signal was sent.
fn stands_still(id: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{id}/task")) else { return false };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // One that has ended meanwhile says nothing.
        stat.is_empty() || stat.contains(") T ")
    })
}

fn log(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
}
