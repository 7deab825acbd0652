//! Which journal this is: a random id, made with the folder and kept in it.
//!
//! Offsets say where a record lies in one journal and nothing about another. Whoever remembers how
//! far a journal was read remembers its id too; else a folder that was lost and begun anew would
//! look as if everything in it had been read already.

use crate::{
    error::{Error, Result, disk},
    segment::sync_folder,
};
use std::{
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Write},
    path::Path,
};

const FILE: &str = "ID";
const DIGITS: usize = 32;

/// The id of the journal in `dir`. A journal that begins gets one, durably, before its first topic;
/// so topics without an id are what is left of a journal, and are not taken for a whole one.
pub(crate) fn open(dir: &Path, topics: &[String]) -> Result<String> {
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let id = text.trim_end();
            let whole = id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            whole.then(|| id.to_owned()).ok_or(Error::Identity { path })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && topics.is_empty() => {
            let id = random();
            write(dir, &id).map_err(disk("write", path))?;
            Ok(id)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Identity { path }),
        Err(source) => Err(disk("read", path)(source)),
    }
}

fn random() -> String {
    // Each state has keys of its own from the system's randomness.
    let half = || RandomState::new().hash_one(FILE);
    format!("{:016x}{:016x}", half(), half())
}

/// Writes the id aside and moves it to its name: after a power cut it is whole or not there.
fn write(dir: &Path, id: &str) -> io::Result<()> {
    let aside = dir.join(format!(".{FILE}"));
    let mut file = File::create(&aside)?;
    writeln!(file, "{id}")?;
    file.sync_all()?;
    fs::rename(&aside, dir.join(FILE))?;
    sync_folder(dir)
}
