//! Small files that processes share beside the tables, each written whole or not at all.

use crate::{Error, Place, Result, durable::STAGED};
use bytes::Bytes;
use deltalake_core::DeltaTableError;
use object_store::{Error as StoreError, ObjectStoreExt, PutMode, path::Path};

/// No file of this kind is longer.
const BYTES_MAX: u64 = 64 << 20;

/// The files of one place; those in folders below it are not among them.
#[derive(Clone, Debug)]
pub struct Files {
    place: Place,
}

/// What became of a file that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there, as it was given.
    Now,
    /// Somebody else's is there under that name.
    Taken,
}

impl Files {
    /// Those that lie in a place.
    #[must_use]
    pub fn of(place: Place) -> Self {
        Self { place }
    }

    /// Where they lie.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Their names, in order; none where there is no such place yet.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn names(&self) -> Result<Vec<String>> {
        let path = self.place.path()?;
        let listed = match self.place.store().list_with_delimiter(Some(&path)).await {
            Err(StoreError::NotFound { .. }) => return Ok(Vec::new()),
            listed => listed.map_err(|error| self.failed(error))?,
        };
        let names = listed.objects.iter().filter_map(|file| file.location.filename());
        // What is being written is not there yet.
        let names = names.filter(|name| !name.starts_with(STAGED));
        let mut names: Vec<String> = names.map(ToOwned::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// What a file holds, if there is one.
    ///
    /// # Errors
    /// The storage cannot be read, or the file is longer than any may be.
    pub async fn read(&self, name: &str) -> Result<Option<Bytes>> {
        let found = match self.place.store().get(&self.path_of(name)?).await {
            Err(StoreError::NotFound { .. }) => return Ok(None),
            found => found.map_err(|error| self.failed(error))?,
        };
        if found.meta.size > BYTES_MAX {
            return Err(Error::TooLong { place: self.place.below(name).to_string() });
        }
        found.bytes().await.map(Some).map_err(|error| self.failed(error))
    }

    /// Creates a file. Of all who do so under one name a single one succeeds.
    ///
    /// # Errors
    /// The storage cannot be written. What became of it is not known then.
    pub async fn create(&self, name: &str, bytes: Bytes) -> Result<Created> {
        let path = self.path_of(name)?;
        let put = self.place.store().put_opts(&path, bytes.clone().into(), PutMode::Create.into());
        let Err(error) = put.await else { return Ok(Created::Now) };
        let is_taken = matches!(error, StoreError::AlreadyExists { .. });
        // The answer may be lost, and what was asked again finds our own in its way.
        match self.read(name).await {
            Ok(Some(there)) if there == bytes => Ok(Created::Now),
            Ok(_) if is_taken => Ok(Created::Taken),
            Ok(_) | Err(_) => Err(self.failed(error)),
        }
    }

    /// Writes a file, whatever was there.
    ///
    /// # Errors
    /// The storage cannot be written.
    pub async fn replace(&self, name: &str, bytes: Bytes) -> Result<()> {
        let put = self.place.store().put(&self.path_of(name)?, bytes.into()).await;
        put.map(|_| ()).map_err(|error| self.failed(error))
    }

    /// Takes a file away; that there is none is no error.
    ///
    /// # Errors
    /// The storage cannot be written.
    pub async fn remove(&self, name: &str) -> Result<()> {
        match self.place.store().delete(&self.path_of(name)?).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn path_of(&self, name: &str) -> Result<Path> {
        Ok(self.place.path()?.join(name))
    }

    fn failed(&self, source: StoreError) -> Error {
        Error::at(&self.place.to_string(), DeltaTableError::ObjectStore { source })
    }
}
