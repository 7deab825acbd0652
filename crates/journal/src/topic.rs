//! One topic: its segments from the oldest to the one appended to, and its groups.
//!
//! Lock order: `writer` or `files`, then `state`. `state` is never held over a sync, so reading
//! waits for no disk write; a group's commit does not wait for an append, nor an append for it.

use crate::{
    error::{Error, Result, disk},
    frame::OFFSET_MAX,
    group::Group,
    journal::{GROUPS_MAX, Limits, PARTITION},
    metric,
    record::{Record, Taken},
    segment::{Fault, Kept, Segment, frame_bytes, sync_folder},
    sync::lock,
};
use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsStr,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

const GROUP_SUFFIX: &str = ".group";

pub(crate) struct Topic {
    pub(crate) name: String,
    folder: PathBuf,
    limits: Limits,
    writer: Mutex<Writer>,
    files: Mutex<BTreeMap<String, Group>>,
    state: Mutex<State>,
    ended: watch::Sender<u64>,
}

/// What only the one appending at a time may touch.
#[derive(Default)]
struct Writer {
    /// A failed write may have left bytes behind the last synced frame.
    dirty: bool,
}

struct State {
    /// Never empty; the last one is appended to.
    segments: VecDeque<Arc<Segment>>,
    end: u64,
    committed: BTreeMap<String, u64>,
}

impl Topic {
    /// Opens the topic kept in `folder`, or begins it, and repairs what a crash left.
    pub(crate) fn open(folder: PathBuf, name: &str, limits: Limits) -> Result<Self> {
        fs::create_dir_all(&folder).map_err(disk("create", &folder))?;
        let mut segments = open_segments(&folder).map_err(disk("open", &folder))?;
        if segments.is_empty() {
            // The folder's own name must be durable before it takes records.
            let named = folder.parent().map_or(Ok(()), sync_folder);
            named.map_err(disk("create", &folder))?;
        }
        let newest = segments.back().cloned();
        let empty = Kept { end: 0, takes_more: true };
        let kept =
            newest.map_or(Ok(empty), |newest| newest.repair()).map_err(disk("repair", &folder))?;
        let start = segments.front().map_or(0, |oldest| oldest.base);
        let files = open_groups(&folder, start).map_err(disk("open", &folder))?;
        let consumed = files.values().map(|file| file.next).max().unwrap_or(0);
        let end = kept.end.max(consumed);
        if end > kept.end {
            // The disk lost records that a group had consumed. Their offsets stay spent: readers
            // would take new records under old offsets for ones that they know.
            tracing::error!(topic = name, from = kept.end, next = end, "journal records are lost");
        }
        if end > kept.end || !kept.takes_more {
            let fresh =
                Segment::create(&folder, end).map_err(disk("begin a segment in", &folder))?;
            segments.push_back(Arc::new(fresh));
        }
        let committed = files.iter().map(|(group, file)| (group.clone(), file.next.max(start)));
        let state = State { committed: committed.collect(), segments, end };
        Ok(Self {
            name: name.to_owned(),
            folder,
            limits,
            writer: Mutex::default(),
            files: Mutex::new(files),
            state: Mutex::new(state),
            ended: watch::Sender::new(end),
        })
    }

    /// Appends `records` as one group and returns when they are on disk.
    pub(crate) fn append(&self, records: &[impl AsRef<[u8]>]) -> Result<Range<u64>> {
        let mut writer = lock(&self.writer);
        let base = self.end();
        if records.is_empty() {
            return Ok(base..base);
        }
        let end = base.saturating_add(records.len() as u64);
        if end > OFFSET_MAX {
            return Err(Error::Ended { topic: self.name.clone(), end: base });
        }
        let bytes = self.limits.check(records, frame_bytes(records))?;
        if writer.dirty {
            self.cut_back(&mut writer)?;
        }
        let active = self.room(bytes, records.len() as u64)?;
        if let Err(source) = active.write(base, records) {
            writer.dirty = true;
            // If this fails too, the next append tries it again before it writes.
            let _ = self.cut_back(&mut writer);
            return Err(disk("append to", &active.path)(source));
        }
        let mut state = lock(&self.state);
        state.end = end;
        self.tell(&state);
        drop(state);
        self.ended.send_replace(end);
        Ok(base..end)
    }

    /// Goes on at offset `next`, if that is ahead.
    pub(crate) fn skip(&self, next: u64) -> Result<bool> {
        let mut writer = lock(&self.writer);
        if next <= self.end() {
            return Ok(false);
        }
        if writer.dirty {
            self.cut_back(&mut writer)?;
        }
        let fresh = Segment::create(&self.folder, next)
            .map_err(disk("begin a segment in", &self.folder))?;
        let mut state = lock(&self.state);
        state.segments.push_back(Arc::new(fresh));
        state.end = next;
        drop(state);
        self.ended.send_replace(next);
        Ok(true)
    }

    /// Reads from `from` what is there, without waiting.
    pub(crate) fn read(
        &self,
        from: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Record>> {
        let mut taken = Taken::new(records_max, bytes_max);
        let mut from = from;
        for (segment, end) in self.segments_from(from)? {
            if let Err(fault) = segment.read(from, end, &mut taken) {
                // What was read before the fault is good; the next read begins with the fault.
                return if taken.records.is_empty() {
                    Err(self.fault(fault, &segment.path))
                } else {
                    Ok(taken.records)
                };
            }
            if taken.is_full() {
                break;
            }
            from = end;
        }
        Ok(taken.records)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn start(&self) -> u64 {
        lock(&self.state).start()
    }

    pub(crate) fn end(&self) -> u64 {
        lock(&self.state).end
    }

    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.state).bytes()
    }

    /// Waits until the topic ends after `after`, and returns its end.
    pub(crate) async fn wait(&self, after: u64) -> u64 {
        let mut ended = self.ended.subscribe();
        match ended.wait_for(|end| *end > after).await {
            Ok(end) => *end,
            // The sender lives as long as the topic.
            Err(_) => self.end(),
        }
    }

    /// Makes the group known, from the oldest record on, and returns where it stands.
    pub(crate) fn join(&self, group: &str) -> Result<u64> {
        let mut files = lock(&self.files);
        if let Some(committed) = self.committed(group) {
            return Ok(committed);
        }
        if files.len() >= GROUPS_MAX {
            return Err(Error::TooMany { what: "groups of a topic", max: GROUPS_MAX });
        }
        // Known before it is on disk, so that nothing is trimmed under it meanwhile.
        let start = {
            let mut state = lock(&self.state);
            let start = state.start();
            state.committed.insert(group.to_owned(), start);
            start
        };
        let path = self.group_path(group);
        let file = Group::create(&path, start).map_err(|source| {
            lock(&self.state).committed.remove(group);
            disk("create", path)(source)
        })?;
        files.insert(group.to_owned(), file);
        Ok(start)
    }

    /// Where the group stands, if it is known.
    pub(crate) fn committed(&self, group: &str) -> Option<u64> {
        lock(&self.state).committed.get(group).copied()
    }

    /// Moves the group to `next`, durably, and trims what no group needs and retention does not keep.
    pub(crate) fn commit(&self, group: &str, next: u64) -> Result<()> {
        self.join(group)?;
        let mut files = lock(&self.files);
        self.check_position(next)?;
        let Some(file) = files.get_mut(group) else { return Err(Error::Closed) };
        if file.next != next {
            file.store(next).map_err(disk("commit to", self.group_path(group)))?;
        }
        let mut state = lock(&self.state);
        state.committed.insert(group.to_owned(), next);
        self.trim_consumed(&mut state);
        self.tell(&state);
        Ok(())
    }

    /// Forgets the group: its position is lost, and it no longer holds records back.
    pub(crate) fn forget(&self, group: &str) -> Result<()> {
        let mut files = lock(&self.files);
        let path = self.group_path(group);
        match fs::remove_file(&path).and_then(|()| sync_folder(&self.folder)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(disk("remove", path)(source));
            }
            Ok(()) | Err(_) => {}
        }
        files.remove(group);
        lock(&self.state).committed.remove(group);
        Ok(())
    }

    pub(crate) fn check_position(&self, asked: u64) -> Result<()> {
        let (start, end) = {
            let state = lock(&self.state);
            (state.start(), state.end)
        };
        let topic = self.name.clone();
        if asked < start {
            return Err(Error::Trimmed { topic, asked, start });
        }
        if asked > end {
            return Err(Error::BeyondEnd { topic, asked, end });
        }
        Ok(())
    }

    /// Says how far each group is behind.
    fn tell(&self, state: &State) {
        for (group, next) in &state.committed {
            metric::lag(&self.name, group, PARTITION).set(state.end.saturating_sub(*next) as f64);
        }
    }

    fn cut_back(&self, writer: &mut Writer) -> Result<()> {
        let active = lock(&self.state).segments.back().cloned();
        if let Some(active) = active {
            active.cut_back().map_err(disk("repair", &active.path))?;
        }
        writer.dirty = false;
        Ok(())
    }

    /// The segment to append to, with room made for `bytes` and `records` more.
    fn room(&self, bytes: u64, records: u64) -> Result<Arc<Segment>> {
        let active = {
            let mut state = lock(&self.state);
            let consumed = state.consumed();
            while !self.fits(&state, bytes, records) && state.trim_oldest(consumed) {}
            let fits = self.fits(&state, bytes, records);
            // If not even that was enough, the active segment may be trimmed too, once it is
            // sealed and everything in it is consumed.
            if !fits && (consumed < state.end || state.bytes() == 0) {
                return Err(self.full(&state));
            }
            state.segments.back().filter(|_| fits).cloned()
        };
        if let Some(active) = active
            && active.bytes() < self.limits.segment_bytes_max()
        {
            return Ok(active);
        }
        let fresh = self.roll()?;
        let mut state = lock(&self.state);
        self.trim_consumed(&mut state);
        let consumed = state.consumed();
        while !self.fits(&state, bytes, records) && state.trim_oldest(consumed) {}
        if self.fits(&state, bytes, records) {
            return Ok(fresh);
        }
        Err(self.full(&state))
    }

    /// Begins a new segment at the end. Its name is durable before an older one may be trimmed, so
    /// the next offset never goes back, even when everything was trimmed.
    fn roll(&self) -> Result<Arc<Segment>> {
        let fresh = Segment::create(&self.folder, self.end());
        let fresh = Arc::new(fresh.map_err(disk("begin a segment in", &self.folder))?);
        lock(&self.state).segments.push_back(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// Drops consumed records that retention does not keep.
    fn trim_consumed(&self, state: &mut State) {
        let consumed = state.consumed();
        while state.bytes_before(consumed) > self.limits.consumed_bytes_max
            && state.trim_oldest(consumed)
        {}
    }

    fn fits(&self, state: &State, bytes: u64, records: u64) -> bool {
        let records = state.end - state.start() + records;
        state.bytes() + bytes <= self.limits.bytes_max
            && self.limits.records_max.is_none_or(|max| records <= max)
    }

    fn full(&self, state: &State) -> Error {
        let slowest = state.committed.iter().min_by_key(|(_, next)| **next);
        Error::Full {
            topic: self.name.clone(),
            bytes: state.bytes(),
            bytes_max: self.limits.bytes_max,
            records: state.end - state.start(),
            slowest: slowest.map_or_else(
                || "none has subscribed".to_owned(),
                |(group, next)| format!("{group} at offset {next} of {}", state.end),
            ),
        }
    }

    /// The segments that hold `from` and what follows, each with the offset where it ends.
    fn segments_from(&self, from: u64) -> Result<Vec<(Arc<Segment>, u64)>> {
        let state = lock(&self.state);
        if from < state.start() {
            let (topic, start) = (self.name.clone(), state.start());
            return Err(Error::Trimmed { topic, asked: from, start });
        }
        let ends = state.segments.iter().skip(1).map(|next| next.base).chain([state.end]);
        let held = state.segments.iter().zip(ends).filter(|(_, end)| *end > from);
        Ok(held.map(|(segment, end)| (Arc::clone(segment), end)).collect())
    }

    fn fault(&self, fault: Fault, path: &Path) -> Error {
        match fault {
            Fault::Io(source) => disk("read", path)(source),
            Fault::Damage { from, next } => Error::Damaged { topic: self.name.clone(), from, next },
        }
    }

    fn group_path(&self, group: &str) -> PathBuf {
        self.folder.join(format!("{group}{GROUP_SUFFIX}"))
    }
}

impl State {
    fn start(&self) -> u64 {
        self.segments.front().map_or(self.end, |oldest| oldest.base)
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes()).sum()
    }

    /// Up to where every known group has consumed. Without a group nothing counts as consumed.
    fn consumed(&self) -> u64 {
        self.committed.values().min().copied().unwrap_or_else(|| self.start())
    }

    /// The bytes of the sealed segments that end at or before `offset`.
    fn bytes_before(&self, offset: u64) -> u64 {
        let sealed = self.segments.iter().zip(self.segments.iter().skip(1));
        let before = sealed.take_while(|(_, next)| next.base <= offset);
        before.map(|(segment, _)| segment.bytes()).sum()
    }

    /// Drops the oldest segment if it is sealed and ends at or before `consumed`.
    fn trim_oldest(&mut self, consumed: u64) -> bool {
        if self.segments.get(1).is_none_or(|next| next.base > consumed) {
            return false;
        }
        let Some(oldest) = self.segments.front() else { return false };
        match fs::remove_file(&oldest.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %oldest.path.display(), %error, "cannot trim the journal");
                return false;
            }
            Ok(()) | Err(_) => {}
        }
        self.segments.pop_front();
        true
    }
}

fn open_segments(folder: &Path) -> io::Result<VecDeque<Arc<Segment>>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder)? {
        segments.extend(Segment::open(entry?.path())?.map(Arc::new));
    }
    // Of two with the same base, one was begun in vain: the empty one is not the newest.
    segments.sort_by_key(|segment| (segment.base, segment.bytes()));
    Ok(segments.into())
}

fn open_groups(folder: &Path, start: u64) -> io::Result<BTreeMap<String, Group>> {
    let mut groups = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(OsStr::to_str);
        if let Some(name) = name.and_then(|name| name.strip_suffix(GROUP_SUFFIX)) {
            groups.insert(name.to_owned(), Group::open(&path, start)?);
        }
    }
    Ok(groups)
}
