//! A deployment: its folder, its pipeline, its keys, and the commands of the binary on them.

use crate::{
    command::{Said, run},
    say,
    up::Foreshadow,
    wait::PATIENCE,
};
use serde_json::Value;
use std::{
    env, fs,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};
use tempfile::TempDir;

/// The binary: beside this test, where `cargo test --workspace` puts it, unless told otherwise.
pub(crate) fn binary() -> PathBuf {
    if let Some(told) = env::var_os("FORESHADOW_BIN") {
        return told.into();
    }
    let test = env::current_exe().unwrap();
    let built = test.parent().unwrap().parent().unwrap().join("foreshadow");
    assert!(built.exists(), "{} is not built: run `cargo test --workspace`", built.display());
    built
}

/// The binary with a bare environment: the shell of whoever runs the tests must not change them.
pub(crate) fn foreshadow() -> Command {
    let mut command = Command::new(binary());
    command.env_clear();
    for kept in ["PATH", "HOME", "TMPDIR", "USER", "FORESHADOW_LOG"] {
        if let Some(value) = env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// A folder that is removed unless its test failed.
#[derive(Debug)]
pub(crate) struct Folder(Option<TempDir>);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(Some(tempfile::Builder::new().prefix("foreshadow-journey-").tempdir().unwrap()))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_ref().unwrap().path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take().filter(|_| thread::panicking()) {
            say(&format!("kept {}", folder.keep().display()));
        }
    }
}

pub(crate) const UP: [&str; 7] =
    ["up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--threads", "1"];
/// Makes the standard input the first socket handed over, and stays the process that it is for.
const HAND_OVER: &str = r#"export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 3<&0 </dev/null"#;

/// A deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    folder: Folder,
    /// What `--data` says.
    pub(crate) data: PathBuf,
    /// Processes that were started, each as on a machine of its own.
    machines: AtomicU32,
    pub(crate) pipeline: PathBuf,
    keys: Vec<(String, String)>,
}

impl Deployment {
    /// A new one, with the keys that its environment holds.
    pub(crate) fn new(pipeline_toml: &str, keys: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let pipeline = folder.path().join("pipeline.toml");
        fs::write(&pipeline, pipeline_toml).unwrap();
        let data = folder.path().join("data");
        let own = |(name, key): &(&str, &str)| ((*name).to_owned(), (*key).to_owned());
        let machines = AtomicU32::default();
        Self { data, machines, pipeline, keys: keys.iter().map(own).collect(), folder }
    }

    /// A copy of what another command left in `data`, to be changed at will.
    pub(crate) fn copied(data: &Path) -> Self {
        let folder = Folder::new();
        let copy = folder.path().join("data");
        run(Command::new("cp").arg("-a").arg(data).arg(&copy), PATIENCE).done();
        let (pipeline, machines) = (copy.join("pipeline.toml"), AtomicU32::default());
        Self { pipeline, data: copy, machines, keys: Vec::new(), folder }
    }

    /// The same with one more key.
    pub(crate) fn with_key(mut self, name: &str, key: &str) -> Self {
        self.keys.push((name.to_owned(), key.to_owned()));
        self
    }

    /// A folder beside the data, which goes when the deployment goes.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary on this deployment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_on("commands", args)
    }

    /// The same on a machine with that name: where `--data` is a bucket, no other has its folder.
    pub(crate) fn command_on(&self, machine: &str, args: &[&str]) -> Command {
        let mut command = foreshadow();
        command.args(args).arg("--data").arg(&self.data).arg("--pipeline").arg(&self.pipeline);
        command.arg("--local").arg(self.beside(machine));
        command.envs(self.keys.iter().cloned()).stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        run(&mut self.command(args), PATIENCE)
    }

    /// The rows of a query, while nothing or anything runs.
    #[track_caller]
    pub(crate) fn rows(&self, query: &str) -> Vec<Value> {
        rows(&self.run(&["sql", "--format", "json", query]).done())
    }

    /// The rows, or `None` while there is no such table yet.
    pub(crate) fn rows_if_any(&self, query: &str) -> Option<Vec<Value>> {
        let said = self.run(&["sql", "--format", "json", query]);
        said.status.success().then(|| rows(&said.text()))
    }

    /// The one figure of the one row of a query; zero while there is nothing to count.
    pub(crate) fn count(&self, query: &str) -> u64 {
        let rows = self.rows_if_any(query).unwrap_or_default();
        let figure = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
        figure.and_then(Value::as_u64).unwrap_or_default()
    }

    /// Starts `up` and waits until it listens.
    #[track_caller]
    pub(crate) fn up(&self) -> Foreshadow {
        Foreshadow::start(self.command(&UP), &self.beside("up.log"))
    }

    /// Starts one of the roles that are alone, and waits until it listens.
    #[track_caller]
    pub(crate) fn start(&self, role: &str) -> Foreshadow {
        Foreshadow::start(self.role(role), &self.log(role))
    }

    /// The binary in one of these roles.
    pub(crate) fn role(&self, role: &str) -> Command {
        let live: &[&str] = match role {
            "proxy" => &["--listen", "127.0.0.1:0", "--threads", "1"],
            _ => &[],
        };
        let machine = format!("machine-{}", self.machines.fetch_add(1, Ordering::Relaxed));
        self.command_on(&machine, &[&[role, "--admin", "127.0.0.1:0"], live].concat())
    }

    /// Where the processes of a role log.
    pub(crate) fn log(&self, role: &str) -> PathBuf {
        self.beside(&format!("{role}.log"))
    }

    /// The same, at a socket that listens already, handed over as systemd does it.
    #[track_caller]
    pub(crate) fn up_at(&self, socket: &TcpListener) -> Foreshadow {
        let itself = self.command(&UP);
        let mut handing = Command::new("sh");
        handing.args(["-c", HAND_OVER, "sh"]).arg(itself.get_program()).args(itself.get_args());
        handing.env_clear();
        for (name, value) in itself.get_envs() {
            handing.env(name, value.unwrap_or_default());
        }
        handing.stdin(OwnedFd::from(socket.try_clone().unwrap()));
        Foreshadow::start(handing, &self.beside("up.log"))
    }
}

#[track_caller]
fn rows(json: &str) -> Vec<Value> {
    if json.trim().is_empty() {
        return Vec::new();
    }
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}
