//! One file of a topic: frames in a row, appended to at its end, dropped as a whole.
//!
//! The name carries what no frame can lose: the offset of the first record and the salt of the
//! checksums. There is no file header and no preallocation, so the end of the file is the end of
//! the data, and an empty file is a segment without records.

use crate::{
    frame::{HEADER_BYTES, Header, OFFSET_MAX, RECORD_HEAD_BYTES, RecordHead, find_mark},
    record::Taken,
    sync::lock,
    window::Window,
};
use std::{
    fs::{File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// One entry of the index per so many bytes: at most a few thousand per segment.
const INDEX_STEP_BYTES: u64 = 64 * 1024;
/// Frames are gathered up to this size before they are written; longer payloads go straight out.
const SCRATCH_BYTES: usize = 256 * 1024;
/// A search for the next good header reads this much at a time.
const SEARCH_BYTES: u64 = 64 * 1024;

pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) path: PathBuf,
    salt: u64,
    file: File,
    /// The length of what is written and synced.
    bytes: AtomicU64,
    /// Frame starts as (offset, position), ascending and sparse; grown by writing and by reading.
    index: Mutex<Vec<(u64, u64)>>,
}

/// What the newest segment holds.
pub(crate) struct Kept {
    /// The offset after its last record.
    pub(crate) end: u64,
    /// Whether the next record may follow in the same file.
    pub(crate) takes_more: bool,
}

/// Why a read stopped early.
pub(crate) enum Fault {
    Io(io::Error),
    /// The records `from..next` are there but not what was written.
    Damage {
        from: u64,
        next: u64,
    },
}

impl From<io::Error> for Fault {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}

impl Segment {
    pub(crate) fn create(folder: &Path, base: u64) -> io::Result<Self> {
        // The salt guards against payloads that imitate frames; it decides nothing else.
        let salt = RandomState::new().hash_one(base);
        let path = folder.join(format!("{base:020}-{salt:016x}.seg"));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        file.sync_all().and_then(|()| sync_folder(folder)).inspect_err(|_| {
            // A segment whose name may not be durable must not take records.
            let _ = std::fs::remove_file(&path);
        })?;
        Ok(Self { base, path, salt, file, bytes: AtomicU64::new(0), index: Mutex::default() })
    }

    /// The segment at `path`, or `None` if the name is not one of ours.
    pub(crate) fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let Some((base, salt)) = parse_name(&path) else { return Ok(None) };
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let bytes = AtomicU64::new(file.metadata()?.len());
        Ok(Some(Self { base, path, salt, file, bytes, index: Mutex::default() }))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    /// Appends `records` as one frame and syncs it. After an error nothing of it counts, but the
    /// file may be longer than `bytes()`: call `cut_back` before the next write.
    pub(crate) fn write(&self, base: u64, records: &[impl AsRef<[u8]>]) -> io::Result<()> {
        let header = header_of(base, records);
        let start = self.bytes();
        let scratch = (header.frame_bytes() as usize).min(SCRATCH_BYTES);
        let mut out = Out { file: &self.file, at: start, scratch: Vec::with_capacity(scratch) };
        out.put(&header.encode(self.salt))?;
        for (offset, record) in (base..).zip(records) {
            let payload = record.as_ref();
            out.put(&RecordHead::new(self.salt, offset, payload).encode())?;
            out.put(payload)?;
        }
        out.flush()?;
        self.file.sync_data()?;
        self.note(base, start);
        self.bytes.store(start + header.frame_bytes(), Ordering::Release);
        Ok(())
    }

    /// Drops what a failed write left behind the last synced frame.
    pub(crate) fn cut_back(&self) -> io::Result<()> {
        self.file.set_len(self.bytes())?;
        self.file.sync_data()
    }

    /// Checks every frame of the newest segment and returns where its records end.
    ///
    /// A frame is written only when the one before it is synced. So a damaged frame with a good
    /// header behind it was acknowledged: it stays, and reading it says `Damage`. A damaged frame
    /// with nothing behind it is the torn tail of a write that nobody was promised: it is cut off.
    ///
    /// Both at once, damage and a torn tail right behind it, are left as they are: with the tail,
    /// the only proof would be cut off that what is damaged was acknowledged.
    ///
    /// A file with damage in it takes no more records: longer, it could be read in another way, and a
    /// header that leads past its end today would swallow what follows tomorrow.
    pub(crate) fn repair(&self) -> io::Result<Kept> {
        let mut window = Window::new(&self.file, self.bytes());
        let (mut offset, mut at, mut is_damaged) = (self.base, 0, false);
        let mut takes_more = true;
        while at < window.end() {
            if let Some(header) = self.whole_frame(&mut window, offset, at)? {
                self.note(offset, at);
                (offset, at) = (header.end(), at + header.frame_bytes());
                is_damaged = false;
                continue;
            }
            // Behind a good header nothing is looked for inside its frame, as reading does not.
            let behind = self
                .header_at(&mut window, offset, at)?
                .map_or(at + 1, |header| at + header.frame_bytes());
            if let Some((next, next_at)) = self.search(&mut window, offset, behind)? {
                tracing::error!(path = %self.path.display(), from = offset, next,
                    "journal records are damaged; reading them will fail");
                (offset, at) = (next, next_at);
                (is_damaged, takes_more) = (true, false);
            } else if is_damaged {
                break;
            } else {
                tracing::warn!(path = %self.path.display(), next = offset,
                    cut_bytes = window.end() - at, "cut off the torn tail of the journal");
                self.bytes.store(at, Ordering::Release);
                self.cut_back()?;
                break;
            }
        }
        Ok(Kept { end: offset, takes_more })
    }

    /// Takes records from offset `from`, up to `end`, until `taken` is full.
    pub(crate) fn read(&self, from: u64, end: u64, taken: &mut Taken) -> Result<(), Fault> {
        let mut window = Window::new(&self.file, self.bytes());
        let (mut offset, mut at) = self.indexed(from);
        while offset < end && !taken.is_full() {
            let Some(header) = self.header_at(&mut window, offset, at)? else {
                let found = self.search(&mut window, offset, at + 1)?;
                match found.filter(|(next, _)| *next <= from) {
                    Some(before) => (offset, at) = before,
                    None => {
                        let next = found.map_or(end, |(next, _)| next.min(end));
                        return Err(Fault::Damage { from: offset.max(from), next });
                    }
                }
                continue;
            };
            self.note(offset, at);
            if header.end() > from {
                self.take(&mut window, (header, at), from..end, taken)?;
            }
            (offset, at) = (header.end(), at + header.frame_bytes());
        }
        Ok(())
    }

    /// Takes the records of one frame at `at` that lie in `wanted`. A header that lies does not lead
    /// past its end, where other records have these offsets.
    fn take(
        &self,
        window: &mut Window<'_>,
        (header, at): (Header, u64),
        wanted: Range<u64>,
        taken: &mut Taken,
    ) -> Result<(), Fault> {
        let (mut at, end) = (at + HEADER_BYTES as u64, header.end().min(wanted.end));
        for offset in header.base..end {
            let damage = Fault::Damage { from: offset.max(wanted.start), next: end };
            let Some(head) = window.slice(at, RECORD_HEAD_BYTES as u64)?.map(RecordHead::decode)
            else {
                return Err(damage);
            };
            at += RECORD_HEAD_BYTES as u64;
            let len = u64::from(head.len);
            if offset >= wanted.start {
                if !taken.fits(len) {
                    taken.close();
                    return Ok(());
                }
                match window.slice(at, len)? {
                    Some(payload) if head.holds(self.salt, offset, payload) => {
                        taken.push(offset, payload);
                    }
                    _ => return Err(damage),
                }
            }
            at += len;
        }
        Ok(())
    }

    /// The header at `at`, if it is the one of the frame that starts with `offset`.
    fn header_at(
        &self,
        window: &mut Window<'_>,
        offset: u64,
        at: u64,
    ) -> io::Result<Option<Header>> {
        let end = window.end();
        let bytes = window.slice(at, HEADER_BYTES as u64)?;
        Ok(bytes.and_then(|bytes| Header::decode(bytes, self.salt)).filter(|header| {
            header.base == offset
                && header.count > 0
                && at.saturating_add(header.frame_bytes()) <= end
        }))
    }

    /// The header at `at` if every record of its frame is as written.
    fn whole_frame(
        &self,
        window: &mut Window<'_>,
        offset: u64,
        at: u64,
    ) -> io::Result<Option<Header>> {
        let Some(header) = self.header_at(window, offset, at)? else { return Ok(None) };
        let until = at + header.frame_bytes();
        let mut at = at + HEADER_BYTES as u64;
        for offset in offset..header.end() {
            let head = window.slice(at, RECORD_HEAD_BYTES as u64)?.map(RecordHead::decode);
            let Some(head) = head else { return Ok(None) };
            at += RECORD_HEAD_BYTES as u64;
            let payload = window.slice(at, u64::from(head.len))?;
            if !payload.is_some_and(|payload| head.holds(self.salt, offset, payload)) {
                return Ok(None);
            }
            at += u64::from(head.len);
        }
        Ok((at == until).then_some(header))
    }

    /// The first good header at or behind `at` of a frame that starts after `offset`.
    fn search(
        &self,
        window: &mut Window<'_>,
        offset: u64,
        mut at: u64,
    ) -> io::Result<Option<(u64, u64)>> {
        while at + HEADER_BYTES as u64 <= window.end() {
            let len = SEARCH_BYTES.min(window.end() - at);
            let Some(bytes) = window.slice(at, len)? else { return Ok(None) };
            let Some(found) = find_mark(bytes) else {
                // A mark may lie across the border of two reads.
                at += len.saturating_sub(3).max(1);
                continue;
            };
            at += found as u64;
            let header = window
                .slice(at, HEADER_BYTES as u64)?
                .and_then(|bytes| Header::decode(bytes, self.salt));
            if let Some(header) = header.filter(|header| header.base > offset) {
                return Ok(Some((header.base, at)));
            }
            at += 1;
        }
        Ok(None)
    }

    /// The last known frame start that is not behind `offset`.
    fn indexed(&self, offset: u64) -> (u64, u64) {
        let index = lock(&self.index);
        let after = index.partition_point(|(start, _)| *start <= offset);
        after.checked_sub(1).map_or((self.base, 0), |last| index[last])
    }

    fn note(&self, offset: u64, at: u64) {
        let mut index = lock(&self.index);
        let (last, last_at) = index.last().copied().unwrap_or((self.base, 0));
        if offset > last && at >= last_at + INDEX_STEP_BYTES {
            index.push((offset, at));
        }
    }
}

/// What `records` would take in a segment.
pub(crate) fn frame_bytes(records: &[impl AsRef<[u8]>]) -> u64 {
    header_of(0, records).frame_bytes()
}

fn header_of(base: u64, records: &[impl AsRef<[u8]>]) -> Header {
    let payloads: u64 = records.iter().map(|record| record.as_ref().len() as u64).sum();
    let heads = (records.len() * RECORD_HEAD_BYTES) as u64;
    let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
    Header { base, count, body_bytes: payloads + heads }
}

fn parse_name(path: &Path) -> Option<(u64, u64)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".seg")?;
    let (base, salt) = name.split_once('-')?;
    let base = base.parse().ok().filter(|base| *base <= OFFSET_MAX)?;
    Some((base, u64::from_str_radix(salt, 16).ok()?))
}

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Gathers small writes; goes by position, so that a failed write leaves no cursor behind.
struct Out<'a> {
    file: &'a File,
    at: u64,
    scratch: Vec<u8>,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.scratch.len() + bytes.len() > SCRATCH_BYTES {
            self.flush()?;
        }
        if bytes.len() > SCRATCH_BYTES {
            self.file.write_all_at(bytes, self.at)?;
            self.at += bytes.len() as u64;
        } else {
            self.scratch.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.scratch, self.at)?;
        self.at += self.scratch.len() as u64;
        self.scratch.clear();
        Ok(())
    }
}
