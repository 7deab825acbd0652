//! Arguments of a tool call that come in pieces.

/// How far a JSON object has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    depth: usize,
    began: bool,
    in_string: bool,
    after_backslash: bool,
}

impl Progress {
    pub(crate) fn take(&mut self, text: &str) {
        for byte in text.bytes() {
            let escaped = std::mem::take(&mut self.after_backslash);
            match byte {
                b'\\' if self.in_string && !escaped => self.after_backslash = true,
                b'"' if !escaped => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => {
                    self.depth += 1;
                    self.began = true;
                }
                b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether it has come to its end.
    pub(crate) fn is_whole(self) -> bool {
        self.began && self.depth == 0 && !self.in_string
    }
}
