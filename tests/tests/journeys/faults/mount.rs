//! Mounts for the length of a test, where the machine permits them.

use crate::say;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// Something mounted, until it is dropped.
pub(crate) struct Mount(PathBuf);

/// A disk on which every write stands still, until this is dropped. Whoever waits for such a write
/// cannot even be killed: drop it before the process.
pub(crate) struct Frozen<'m>(&'m Mount);

impl Mount {
    /// A file system of its own and of that size. `None`, with a word, where mounting is refused.
    pub(crate) fn small(at: &Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={bytes}");
        mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], at)?;
        Some(Self(at.to_owned()))
    }

    /// A disk of its own, kept in the file `image`. `None` as above.
    pub(crate) fn disk(image: &Path, at: &Path, bytes: u64) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        File::create(image).unwrap().set_len(bytes).unwrap();
        permitted(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image))?;
        mount(&["-o", "loop", image.to_str().unwrap()], at)?;
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

    /// Stops every write to a disk where it is. `None` as above.
    pub(crate) fn freeze(&self) -> Option<Frozen<'_>> {
        permitted(Command::new("fsfreeze").arg("--freeze").arg(&self.0))?;
        Some(Frozen(self))
    }
}

fn mount(args: &[&str], at: &Path) -> Option<()> {
    permitted(Command::new("mount").args(args).arg(at))
}

/// `None`, with a word, where the machine refuses it.
pub(super) fn permitted(command: &mut Command) -> Option<()> {
    let problem = match command.output() {
        Ok(done) if done.status.success() => return Some(()),
        Ok(done) => String::from_utf8_lossy(&done.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let name = command.get_program().to_string_lossy();
    say(&format!("skipped: {name} is not permitted here ({problem})"));
    None
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there keeps it until it closes it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let thawed = Command::new("fsfreeze").arg("--unfreeze").arg(&self.0.0).status();
        assert!(thawed.is_ok_and(|status| status.success()) || thread::panicking());
    }
}
