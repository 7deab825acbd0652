//! DuckDB as a peer, where a Python has it: the same views over the same files, in its own words for
//! types alone.

use crate::{Failure, asked};
use exchange::Timestamp;
use report::{Limits, views_sql};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = "
import resource, sys, time
import duckdb
start = time.perf_counter()
db = duckdb.connect()
# Its progress bar would stand among the figures.
db.execute('SET enable_progress_bar = false')
db.execute(f'SET threads = {sys.argv[2]}')
db.execute(open(sys.argv[1]).read())
row = db.execute(sys.argv[3]).fetchone()
took = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f'{took:.6f} {peak} {row[0]},{row[1]}')
";

/// A Python that knows DuckDB, with the script of the views.
pub(crate) struct Peer {
    python: String,
    script: PathBuf,
    pub(crate) version: String,
}

impl Peer {
    /// `PYTHON`, or the system's; nothing where it has no DuckDB.
    pub(crate) async fn find(root: &str, folder: &Path) -> Result<Option<Self>, Failure> {
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(&python);
        let known = command.args(["-c", "import duckdb; print(duckdb.__version__)"]).output();
        let Some(known) = known.ok().filter(|known| known.status.success()) else {
            return Ok(None);
        };
        let version = String::from_utf8(known.stdout)?.trim().to_owned();
        let script = folder.join("views.sql");
        let as_of = Timestamp(crate::world::AS_OF);
        fs::write(&script, views_sql(as_of, &asked::files(root).await?))?;
        Ok(Some(Self { python, script, version }))
    }

    /// What it says of the units.
    pub(crate) fn units(&self) -> Result<String, Failure> {
        let threads = Limits::default().threads.to_string();
        let mut command = Command::new(&self.python);
        command.args(["-c", PROGRAM]).arg(&self.script).args([&threads, asked::UNITS]);
        let said = command.output()?;
        match said.status.success() {
            true => Ok(String::from_utf8(said.stdout)?),
            false => Err(String::from_utf8_lossy(&said.stderr).into()),
        }
    }
}
