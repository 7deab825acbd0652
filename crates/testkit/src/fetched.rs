//! What is fetched by a registry's client: once for a machine, into a folder outside the tree.

use crate::Error;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Where it is kept: below what the variable `own` names, or the user's cache.
pub(crate) fn cache(own: &str, variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let told = variable(own).map(PathBuf::from);
    let user = || variable("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || variable("HOME").map(|home| Path::new(&home).join(".cache"));
    told.or_else(|| Some(user().or_else(home)?.join("foreshadow")))
        .unwrap_or_else(|| std::env::temp_dir().join("foreshadow-cache"))
}

/// The folder `name` below a cache; `fetch` fills it if it is not there yet.
pub(crate) fn once(
    cache: &Path,
    name: &str,
    fetch: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    // One at a time of this process: the others find it there.
    static FETCHING: Mutex<()> = Mutex::new(());
    let _fetching = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let whole = cache.join(name);
    if whole.is_dir() {
        return Ok(whole);
    }
    // Aside, and moved when it is whole: of several processes at once any may be the first.
    let aside = cache.join(format!(".{name}-{}", std::process::id()));
    let fetched = aside.join("fetched");
    fs::create_dir_all(&fetched).map_err(Error::io(format!("make {}", fetched.display())))?;
    fetch(&fetched)?;
    let moved = fs::rename(&fetched, &whole);
    fs::remove_dir_all(&aside).map_err(Error::io(format!("remove {}", aside.display())))?;
    match moved {
        Err(error) if !whole.is_dir() => Err(Error::io(format!("make {}", whole.display()))(error)),
        Ok(()) | Err(_) => Ok(whole),
    }
}
