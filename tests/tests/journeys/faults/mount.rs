//! Mounts for the length of a test, where the machine permits them.

use crate::{command::run, say, wait::PATIENCE};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Something mounted, until it is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// A file system of its own and of that size. `None`, with a word, where mounting is refused.
    pub(crate) fn small(at: &Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={bytes}");
        mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], at)?;
        Some(Self(at.to_owned()))
    }

    /// What is there already, but read-only.
    pub(crate) fn read_only(at: &Path) -> Option<Self> {
        let same = at.to_str().unwrap();
        mount(&["--bind", same], at)?;
        let mounted = Self(at.to_owned());
        mount(&["-o", "remount,ro,bind"], at)?;
        Some(mounted)
    }
}

fn mount(args: &[&str], at: &Path) -> Option<()> {
    let said = run(Command::new("mount").args(args).arg(at), PATIENCE);
    if !said.status.success() {
        say(&format!("skipped: mounting is not permitted here ({})", said.errors.trim()));
    }
    said.status.success().then_some(())
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there keeps it until it closes it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
