//! The report over millions of verdicts: how long it takes and how much memory it holds, in ratio to
//! what only reading the same columns takes, and to DuckDB forming the same units.
//!
//! A lake of fourteen days is made through the project's own `lake` first, always the same. Then
//! every question is asked in a process of its own, all of them in turn, several times over.

mod asked;
mod generate;
mod peer;
mod rows;
mod table;
mod world;

use peer::Peer;
use std::{env, process::Command};
use table::Turn;

/// The allocator of the shipped binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The clock of whoever makes or reads these lakes, alone: nobody stands still under it.
struct Still;

impl exchange::Clock for Still {
    fn now(&self) -> exchange::Timestamp {
        exchange::Timestamp(0)
    }
}

/// The tables below a folder.
pub(crate) fn lake_in(root: &str) -> Result<lake::Lake, Failure> {
    let place = lake::Place::folder(std::path::Path::new(root))?;
    Ok(lake::Lake::open(place, std::sync::Arc::new(Still)))
}

/// What can go wrong here, which nobody handles.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

const VERDICTS: u64 = 5_000_000;
const ROUNDS: usize = 3;
const QUESTIONS: [&str; 4] = ["report", "weigh", "units", "decode"];

/// What was asked for: `--verdicts N`, `--rounds N`, `--lake FOLDER` to keep the lake, or use the one
/// that is there.
struct Options {
    verdicts: u64,
    rounds: usize,
    lake: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [role, question, root] = &words[..]
        && role == "ask"
    {
        print!("{}", asked::answer(question, root).await?);
        return Ok(());
    }
    drive(options(&words)?).await
}

fn options(words: &[String]) -> Result<Options, Failure> {
    let mut options = Options { verdicts: VERDICTS, rounds: ROUNDS, lake: None };
    for pair in words.chunks(2) {
        match pair {
            [name, value] if name == "--verdicts" => options.verdicts = value.parse()?,
            [name, value] if name == "--rounds" => options.rounds = value.parse()?,
            [name, value] if name == "--lake" => options.lake = Some(value.clone()),
            _ => {
                let known = "--verdicts N, --rounds N and --lake FOLDER are known";
                return Err(format!("{}: {known}", pair.join(" ")).into());
            }
        }
    }
    Ok(options)
}

async fn drive(options: Options) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("lake").to_string_lossy().into_owned();
    let root = options.lake.unwrap_or(own);
    if !std::path::Path::new(&root).exists() {
        let written = generate::fill(&root, options.verdicts).await?;
        println!("verdicts: {written}");
    }
    let peer = Peer::find(&root, folder.path()).await?;
    let mut turns = Vec::new();
    for round in 0..options.rounds {
        for question in QUESTIONS {
            turns.push(Turn::of(question, &ask(question, &root)?)?);
        }
        if let Some(peer) = &peer {
            turns.push(Turn::of(&format!("units, DuckDB {}", peer.version), &peer.units()?)?);
        }
        eprint!("\rround {} of {}", round + 1, options.rounds);
    }
    eprintln!();
    table::print(&turns);
    println!("\nload after: {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    Ok(())
}

/// Asks in a process of its own.
fn ask(question: &str, root: &str) -> Result<String, Failure> {
    let said = Command::new(env::current_exe()?).args(["ask", question, root]).output()?;
    match said.status.success() {
        true => Ok(String::from_utf8(said.stdout)?),
        false => Err(format!("{question}: {}", String::from_utf8_lossy(&said.stderr)).into()),
    }
}
