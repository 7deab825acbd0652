//! Where things lie that processes share: below a local folder, or below a prefix of a bucket.

use crate::{
    Error, Result,
    bucket::{self, S3},
    durable::{Durable, create_folders},
};
use deltalake_core::{
    DeltaTable, DeltaTableError,
    logstore::{ObjectStoreRef, StorageConfig, default_logstore},
};
use futures::TryStreamExt;
use object_store::{ObjectStoreScheme, path::Path as ObjectPath};
use std::{fmt, io, path::Path, sync::Arc};
use url::Url;

/// A folder of a local disk or of a bucket. To name one touches nothing.
#[derive(Clone, Debug)]
pub struct Place {
    url: Url,
    store: ObjectStoreRef,
}

impl Place {
    /// A folder of a local disk that all processes see.
    ///
    /// # Errors
    /// The path is empty, or relative to a folder that is gone.
    pub fn folder(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let whole = std::path::absolute(path)
            .map_err(|error| Error::Address { place: named(), why: error.to_string() })?;
        let url = Url::from_directory_path(&whole)
            .map_err(|()| Error::Address { place: named(), why: "it is no path".to_owned() })?;
        Ok(Self { url: trimmed(url), store: Arc::new(Durable::default()) })
    }

    /// A prefix of a bucket, written `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// It is not written so, or no client can be made of the settings.
    pub fn bucket(address: &str, s3: &S3) -> Result<Self> {
        let unfit = |why: String| Error::Address { place: address.to_owned(), why };
        let (name, prefix) = bucket::parsed(address).map_err(|why| unfit(why.to_owned()))?;
        let url = Url::parse(&format!("s3://{name}/{prefix}"))
            .map_err(|error| unfit(error.to_string()))?;
        let store = bucket::open(name, s3).map_err(|error| unfit(error.to_string()))?;
        Ok(Self { url: trimmed(url), store })
    }

    /// A folder in this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        // Only a URL that cannot be a base has no segments, and none of ours is such.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(name);
        }
        Self { url, store: Arc::clone(&self.store) }
    }

    pub(crate) fn store(&self) -> &ObjectStoreRef {
        &self.store
    }

    /// Where it is for the store.
    pub(crate) fn path(&self) -> Result<ObjectPath> {
        let parsed = ObjectStoreScheme::parse(&self.url);
        parsed
            .map(|(_, path)| path)
            .map_err(|error| Error::Address { place: self.to_string(), why: error.to_string() })
    }

    /// Whether nothing lies here or below.
    pub(crate) async fn is_empty(&self) -> Result<bool> {
        let first = self.store.list(Some(&self.path()?)).try_next().await;
        let failed = |source| Error::at(&self.to_string(), DeltaTableError::ObjectStore { source });
        Ok(first.map_err(failed)?.is_none())
    }

    /// Makes the folder where it is one of a disk: the table format opens no other.
    pub(crate) fn make(&self) -> io::Result<()> {
        match self.url.to_file_path() {
            Ok(folder) => create_folders(&folder),
            Err(()) => Ok(()),
        }
    }

    /// A table that is here, or is to be, before anything of it is read.
    pub(crate) fn table(&self) -> Result<DeltaTable, DeltaTableError> {
        let config = StorageConfig::default();
        let below = Arc::new(config.decorate_store(Arc::clone(&self.store), &self.url)?);
        Ok(DeltaTable::new(default_logstore(below, Arc::clone(&self.store), &self.url, &config)))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.url.to_file_path() {
            Ok(path) => write!(out, "{}", path.display()),
            Err(()) => write!(out, "{}", self.url),
        }
    }
}

fn trimmed(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}
