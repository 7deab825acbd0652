//! The shipped binary, as its users start it: `foreshadow up`, on the proxies' core.

use crate::{
    PROXY_CORE,
    child::{Child, pinned},
};
use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};

const LOOK_EVERY: Duration = Duration::from_millis(500);
const LOOKS_MAX: usize = 600;
/// Meters that are on their way when the worker has recorded all exchanges.
const ON_THE_WAY: f64 = 3.0;

pub(crate) struct Up {
    pub(crate) live: SocketAddr,
    pub(crate) admin: SocketAddr,
    process: Child,
}

impl Up {
    /// Starts it with its data in `folder`, every call put to the candidate.
    pub(crate) fn start(
        folder: &Path,
        upstream: SocketAddr,
        candidate: SocketAddr,
        flags: &[&str],
    ) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let pipeline = folder.join("pipeline.toml");
        let text = PIPELINE
            .replace("UPSTREAM", &upstream.to_string())
            .replace("CANDIDATE", &candidate.to_string());
        fs::write(&pipeline, text)?;
        let mut command = pinned(PROXY_CORE, &binary()?);
        command.args(["up", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--threads", "1"]);
        command.args(flags).arg("--pipeline").arg(&pipeline).arg("--data").arg(folder.join("data"));
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let out = process.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut lines = BufReader::new(out).lines();
        let mut address = |name: &str| {
            let line = lines.next().unwrap_or_else(|| Err(io::Error::other("it did not start")))?;
            let (_, address) = line.split_once("http://").unwrap_or_default();
            let address = address.trim().parse();
            address.map_err(|_| io::Error::other(format!("no address of {name}: {line}")))
        };
        let (live, admin) = (address("live")?, address("console")?);
        // What it goes on to say must not fill the pipe.
        thread::spawn(move || lines.for_each(drop));
        Ok(Self { live, admin, process: Child::foreign(process, live) })
    }

    /// Waits until the worker has caught up.
    pub(crate) fn wait_until_all_is_recorded(&self) -> io::Result<()> {
        for _ in 0..LOOKS_MAX {
            let metrics = self.metrics()?;
            let accepted = figure(&metrics, "foreshadow_mirror_accepted_total");
            let read = figure(&metrics, "foreshadow_worker_events_total");
            let recorded = figure(&metrics, "foreshadow_worker_recorded_offset");
            if read >= accepted && recorded + ON_THE_WAY >= read {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(io::Error::other("the worker does not catch up"))
    }

    pub(crate) fn print_mirrored(&self) -> io::Result<()> {
        let metrics = self.metrics()?;
        let of = |name: &str| figure(&metrics, name);
        println!(
            "offered {}, accepted {}, shed {}, lost {}",
            of("foreshadow_mirror_offered_total"),
            of("foreshadow_mirror_accepted_total"),
            of("foreshadow_mirror_shed_total"),
            of("foreshadow_mirror_lost_total")
        );
        Ok(())
    }

    fn metrics(&self) -> io::Result<String> {
        ask(self.admin, "/metrics")
    }

    pub(crate) fn resident_kib(&self) -> io::Result<u64> {
        self.process.resident_kib()
    }
}

/// What an admin listener says at a path, on a new connection.
pub(crate) fn ask(admin: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(admin)?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {admin}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said)
}

/// A metric, summed over its labels.
fn figure(metrics: &str, name: &str) -> f64 {
    let series = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name).filter(|rest| rest.starts_with(['{', ' ']))?;
        rest.rsplit(' ').next()?.parse::<f64>().ok()
    });
    series.fold(0.0, |sum, value| sum + value)
}

fn binary() -> io::Result<PathBuf> {
    let built = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let binary =
        env::var_os("FORESHADOW_BIN").map_or_else(|| built.join("debug/foreshadow"), PathBuf::from);
    if binary.exists() {
        Ok(binary)
    } else {
        let binary = binary.display();
        Err(io::Error::other(format!(
            "{binary} is not built: run `cargo build`, or set FORESHADOW_BIN"
        )))
    }
}

const PIPELINE: &str = r#"
[pipeline]
name = "bench"

[sampling]
conversations = 1.0
calls = 1.0

[budget]
per_day_usd = 1000.0

[[provider]]
name = "p"
base_url = "http://UPSTREAM"

[[provider]]
name = "candidate"
base_url = "http://CANDIDATE"

[[model]]
name = "gpt-4o"
provider = "p"
price = [{ from = "2026-01-01", input = 2.5, cached_input = 1.25, output = 10.0 }]

[[model]]
name = "gpt-small"
provider = "candidate"
price = [{ from = "2026-01-01", input = 0.1, cached_input = 0.1, output = 0.4 }]

[[category]]
name = "summaries"
when = { model = "gpt-4o" }
mode = "R"
bar = 0.80
candidates = ["gpt-small"]
scorers = [{ kind = "not_refusal" }]
"#;
