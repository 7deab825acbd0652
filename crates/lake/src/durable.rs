//! A local disk that has what it was given, also after a power cut.
//!
//! The table format's implementation leaves what it writes to the kernel, which brings it to the
//! disk in its own time and order. After a power cut a commit may be empty, or name files that are,
//! long after the journal was told that it need not keep those records. Here a file's bytes are on
//! disk before it has its name, and the name is before the write counts as done.

use futures::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, RenameTargetMode, Result, UploadPart, local::LocalFileSystem, path::Path,
};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    io,
    ops::Range,
    path::{Path as FilePath, PathBuf},
};

/// What the name of a file begins with that has not its own yet.
pub(crate) const STAGED: &str = "staged-";

/// The local file system, from its root.
#[derive(Debug, Default)]
pub(crate) struct Durable {
    files: LocalFileSystem,
}

/// A file that is not durable yet, with the folders whose entries lead to it.
#[derive(Clone, Debug)]
struct Unsettled {
    file: PathBuf,
    folders: Vec<PathBuf>,
}

#[async_trait::async_trait]
impl ObjectStore for Durable {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let target_mode = match options.mode {
            PutMode::Overwrite => RenameTargetMode::Overwrite,
            PutMode::Create => RenameTargetMode::Create,
            PutMode::Update(_) => return self.files.put_opts(location, payload, options).await,
        };
        let staged = Self::staged_name(location);
        let (aside, named) = (self.unsettled(&staged)?, self.unsettled(location)?);
        let aside_mode = PutOptions { mode: PutMode::Overwrite, ..options };
        let put = self.files.put_opts(&staged, payload, aside_mode).await?;
        let renaming = RenameOptions { target_mode, ..RenameOptions::default() };
        let renamed = match aside.settle_file().await {
            Ok(()) => self.files.rename_opts(&staged, location, renaming).await,
            Err(error) => Err(error),
        };
        if let Err(error) = renamed {
            // What stays aside is named by nothing; the error is what matters.
            let _ = self.files.delete(&staged).await;
            return Err(error);
        }
        named.settle_folders().await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let unsettled = self.unsettled(location)?;
        let upload = self.files.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { upload, unsettled }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<bytes::Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let unsettled = self.unsettled(to)?;
        self.files.copy_opts(from, to, options).await?;
        unsettled.settle().await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let unsettled = self.unsettled(to)?;
        self.files.rename_opts(from, to, options).await?;
        unsettled.settle().await
    }
}

impl Durable {
    /// A name in the same folder, for the time before the file has its own. No reader of a log or
    /// a table looks at it, and no other writer draws it, wherever it runs.
    fn staged_name(location: &Path) -> Path {
        let chance = RandomState::new().hash_one(location.as_ref());
        let name = location.filename().unwrap_or_default();
        let staged = format!("{STAGED}{chance:016x}-{name}");
        let mut parts: Vec<_> = location.parts().collect();
        parts.pop();
        parts.into_iter().chain([staged.into()]).collect()
    }

    /// To be called before the write: it tells which folders the write will make.
    fn unsettled(&self, location: &Path) -> Result<Unsettled> {
        let file = self.files.path_to_filesystem(location)?;
        let mut folders = Vec::new();
        for folder in file.ancestors().skip(1) {
            folders.push(folder.to_owned());
            if folder.is_dir() {
                break;
            }
        }
        Ok(Unsettled { file, folders })
    }
}

impl fmt::Display for Durable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "durable {}", self.files)
    }
}

impl Unsettled {
    async fn settle(self) -> Result<()> {
        self.clone().settle_file().await?;
        self.settle_folders().await
    }

    async fn settle_file(self) -> Result<()> {
        sync_all(vec![self.file]).await
    }

    async fn settle_folders(self) -> Result<()> {
        sync_all(self.folders).await
    }
}

/// An upload that counts as complete once it is durable.
#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    unsettled: Unsettled,
}

#[async_trait::async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.upload.complete().await?;
        self.unsettled.clone().settle().await?;
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

/// Makes a folder and, durably, the names that lead to it.
pub(crate) fn create_folders(folder: &FilePath) -> io::Result<()> {
    let made: Vec<_> = folder.ancestors().take_while(|above| !above.is_dir()).collect();
    std::fs::create_dir_all(folder)?;
    made.into_iter().filter_map(FilePath::parent).try_for_each(sync)
}

async fn sync_all(paths: Vec<PathBuf>) -> Result<()> {
    let synced = tokio::task::spawn_blocking(move || paths.iter().try_for_each(|path| sync(path)));
    let failed = |source| Error::Generic { store: "local disk", source };
    match synced.await {
        Ok(synced) => synced.map_err(|error| failed(Box::new(error))),
        Err(error) => Err(failed(Box::new(error))),
    }
}

fn sync(path: &FilePath) -> io::Result<()> {
    // The parent of a relative path of one part is the empty one.
    let path = if path.as_os_str().is_empty() { FilePath::new(".") } else { path };
    std::fs::File::open(path)?.sync_all()
}
