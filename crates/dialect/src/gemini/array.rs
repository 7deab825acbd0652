//! The items of a JSON list that arrives piece by piece: what a stream is where nobody asked for
//! server-sent events.

use crate::sse::EVENT_BYTES_MAX;

/// Splits a list's bytes into the texts of its items.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    item: Vec<u8>,
    /// Brackets that are open, the list's own among them.
    depth: usize,
    in_string: bool,
    after_backslash: bool,
    /// The list was closed.
    pub(crate) ended: bool,
    pub(crate) overflowed: bool,
}

impl Parser {
    /// Takes the next bytes and calls `each` with every item that they end.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        for byte in bytes.iter().copied() {
            self.take(byte, each);
        }
    }

    fn take(&mut self, byte: u8, each: &mut dyn FnMut(&[u8])) {
        if self.in_string {
            let escaped = std::mem::take(&mut self.after_backslash);
            match byte {
                b'\\' if !escaped => self.after_backslash = true,
                b'"' if !escaped => self.in_string = false,
                _ => {}
            }
            return self.keep(byte);
        }
        match byte {
            b'[' | b'{' => {
                self.depth += 1;
                if self.depth > 1 {
                    self.keep(byte);
                }
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth > 0 {
                    self.keep(byte);
                } else {
                    self.end_item(each);
                    self.ended = true;
                }
            }
            b',' if self.depth == 1 => self.end_item(each),
            b'"' => {
                self.in_string = true;
                self.keep(byte);
            }
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.item.len() < EVENT_BYTES_MAX {
            self.item.push(byte);
        } else {
            self.overflowed = true;
        }
    }

    fn end_item(&mut self, each: &mut dyn FnMut(&[u8])) {
        if !self.item.trim_ascii().is_empty() {
            each(&self.item);
        }
        self.item.clear();
    }
}
