//! Server-sent events, as the WHATWG standard has them, from bytes that may be cut anywhere.
//!
//! The parser works on bytes: a line that is cut inside a character is put together before anybody
//! looks at its text. It never buffers more than [`EVENT_BYTES_MAX`]; a longer event is dropped and
//! remembered, because a reply with a hole must not pass for a whole one.

use serde::Serialize;

/// No single event is longer than this.
pub const EVENT_BYTES_MAX: usize = 16 << 20;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its `event` field; empty if it has none.
    pub name: &'a [u8],
    /// Its `data` lines, joined by line feeds.
    pub data: &'a [u8],
}

/// Splits a stream's bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return, so that a line feed belongs to it.
    after_return: bool,
    /// A line has ended, so that a byte order mark can no longer come.
    past_first_line: bool,
    discarding: Discarding,
    overflowed: bool,
}

/// Writes an event; one without a name has data only.
pub(crate) fn write(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    begin(out, name);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Writes an event whose data is JSON, straight from what it is made of: streams have thousands.
pub(crate) fn write_json(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    let start = out.len();
    begin(out, name);
    match serde_json::to_writer(&mut *out, data) {
        Ok(()) => out.extend_from_slice(b"\n\n"),
        // Only names of members that are no texts fail, and there are none.
        Err(_) => out.truncate(start),
    }
}

fn begin(out: &mut Vec<u8>, name: &str) {
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
}

/// Whether the present event is dropped for its length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Discarding {
    #[default]
    No,
    /// At the start of a line: an empty one ends the event.
    LineStart,
    InsideLine,
}

impl Parser {
    /// Takes the next bytes and calls `each` with every event that they end.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Event<'_>)) {
        while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (part, end, rest) = (&bytes[..at], bytes[at], &bytes[at + 1..]);
            bytes = rest;
            let second_of_pair = end == b'\n' && part.is_empty() && self.after_return;
            self.after_return = end == b'\r';
            if !second_of_pair {
                self.extend_line(part);
                self.end_line(each);
            }
        }
        if !bytes.is_empty() {
            self.after_return = false;
            self.extend_line(bytes);
        }
    }

    /// Whether an event was dropped because it was longer than [`EVENT_BYTES_MAX`].
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    fn extend_line(&mut self, part: &[u8]) {
        if part.is_empty() {
            return;
        }
        let length = self.line.len() + self.data.len() + part.len();
        if self.discarding == Discarding::No && length <= EVENT_BYTES_MAX {
            self.line.extend_from_slice(part);
            return;
        }
        self.overflowed = true;
        self.discarding = Discarding::InsideLine;
        self.line = Vec::new();
        self.reset_event();
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Event<'_>)) {
        match self.discarding {
            Discarding::No => {}
            Discarding::LineStart => {
                self.discarding = Discarding::No;
                return;
            }
            Discarding::InsideLine => {
                self.discarding = Discarding::LineStart;
                return;
            }
        }
        let mut taken = std::mem::take(&mut self.line);
        let line = match taken.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if !self.past_first_line => rest,
            _ => &taken[..],
        };
        self.past_first_line = true;
        if line.is_empty() {
            if self.has_data {
                each(Event { name: &self.name, data: &self.data });
            }
            self.reset_event();
        } else {
            self.field(line);
        }
        taken.clear();
        self.line = taken;
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // Comments keep a connection alive; `id` and `retry` are for reconnection, which
            // nobody does in the middle of a reply.
            _ => {}
        }
    }

    fn reset_event(&mut self) {
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}
