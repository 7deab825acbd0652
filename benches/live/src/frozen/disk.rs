//! A disk in a file, that can be made to stand still, and a process that can be.

use crate::child::Child;
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

const BYTES: u64 = 1 << 30;

/// An ext4 file system of its own, until it is dropped.
pub(crate) struct Disk {
    at: PathBuf,
    _folder: TempDir,
}

impl Disk {
    pub(crate) fn mounted() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (image, at) = (folder.path().join("image"), folder.path().join("disk"));
        File::create(&image)?.set_len(BYTES)?;
        std::fs::create_dir(&at)?;
        done(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        done(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&at))?;
        Ok(Self { at, _folder: folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    /// Every write to it stands still until what this returns is dropped. Whoever waits for one cannot
    /// even be killed before that.
    pub(crate) fn freeze(&self) -> io::Result<Frozen<'_>> {
        done(Command::new("fsfreeze").arg("--freeze").arg(&self.at))?;
        Ok(Frozen(&self.at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it until it closes it.
        let _ = done(Command::new("umount").arg("-l").arg(&self.at));
    }
}

pub(crate) struct Frozen<'d>(&'d Path);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let _ = done(Command::new("fsfreeze").arg("--unfreeze").arg(self.0));
    }
}

/// A child that does nothing until this is dropped.
pub(crate) struct Stopped<'c>(&'c Child);

impl Child {
    pub(crate) fn stopped(&self) -> io::Result<Stopped<'_>> {
        signal("-STOP", self)?;
        Ok(Stopped(self))
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let _ = signal("-CONT", self.0);
    }
}

fn signal(name: &str, child: &Child) -> io::Result<()> {
    done(Command::new("kill").arg(name).arg(child.process.id().to_string()))
}

fn done(command: &mut Command) -> io::Result<()> {
    if command.status()?.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("not done, which needs root: {command:?}")))
    }
}
