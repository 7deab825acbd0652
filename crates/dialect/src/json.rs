//! The members of a JSON object by their places in the text, so that one can be changed and every
//! other byte kept. Numbers, escapes, duplicate keys and whitespace stay as their writer wrote
//! them; a parse into values and back would change all four.

use crate::Error;
use bytes::Bytes;
use serde::de::IgnoredAny;
use std::ops::Range;

/// A JSON object and the places of its members.
pub(crate) struct Object<'a> {
    text: &'a [u8],
    /// Just behind the opening brace.
    start: usize,
    members: Vec<Member>,
}

struct Member {
    name: String,
    /// From the opening quote of the key.
    key_start: usize,
    value: Range<usize>,
}

/// What becomes of a member.
pub(crate) enum Edit<'e> {
    Keep,
    Remove,
    /// The JSON text of the new value.
    Replace(&'e [u8]),
}

/// The object's text with another model and without the members `removed`; a model that it does not
/// name is put first, as in Azure's bodies, whose path has it.
pub(crate) fn with_model(body: &[u8], model: &str, removed: &[&str]) -> Result<Bytes, Error> {
    let object = Object::parse(body)?;
    let model = serde_json::Value::from(model).to_string();
    let added = (!object.has("model")).then_some(("model", model.as_bytes()));
    Ok(object.edited(added, |name| match name {
        "model" => Edit::Replace(model.as_bytes()),
        name if removed.contains(&name) => Edit::Remove,
        _ => Edit::Keep,
    }))
}

impl<'a> Object<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, Error> {
        serde_json::from_slice::<IgnoredAny>(text).map_err(|_| Error::NotAnObject)?;
        // From here on the text is known to be JSON, so the scanner need not check it again; it
        // still cannot run past the end, because every step is bounded by the text.
        let mut scan = Scan { text, at: 0 };
        scan.skip_space();
        if scan.peek() != Some(b'{') {
            return Err(Error::NotAnObject);
        }
        scan.at += 1;
        let (start, mut members) = (scan.at, Vec::new());
        loop {
            scan.skip_space();
            match scan.peek() {
                Some(b'"') => members.push(scan.member()),
                Some(b',') => scan.at += 1,
                _ => return Ok(Self { text, start, members }),
            }
        }
    }

    /// The object's text with each member as `edit` wants it; a member `added` comes first.
    pub(crate) fn edited<'e>(
        &self,
        added: Option<(&str, &[u8])>,
        edit: impl Fn(&str) -> Edit<'e>,
    ) -> Bytes {
        let edits: Vec<Edit<'e>> = self.members.iter().map(|member| edit(&member.name)).collect();
        let last_kept = edits.iter().rposition(|edit| !matches!(edit, Edit::Remove));
        let mut out = Vec::with_capacity(self.text.len() + 64);
        out.extend_from_slice(&self.text[..self.start]);
        if let Some((name, value)) = added {
            out.extend_from_slice(format!("\"{name}\":").as_bytes());
            out.extend_from_slice(value);
            out.extend_from_slice(if last_kept.is_some() { b"," } else { b"" });
        }
        let mut at = self.start;
        for (index, (member, edit)) in self.members.iter().zip(&edits).enumerate() {
            match edit {
                Edit::Keep => {}
                Edit::Replace(value) => {
                    out.extend_from_slice(&self.text[at..member.value.start]);
                    out.extend_from_slice(value);
                    at = member.value.end;
                }
                Edit::Remove => {
                    // A removed member takes the comma after it along, or, where none is kept
                    // after it, the one before.
                    let (from, to) = match (last_kept, self.members.get(index + 1)) {
                        (Some(last), _) if index > last => {
                            (self.members[last].value.end, member.value.end)
                        }
                        (_, Some(next)) => (member.key_start, next.key_start),
                        (_, None) => (member.key_start, member.value.end),
                    };
                    out.extend_from_slice(&self.text[at..from.max(at)]);
                    at = to;
                }
            }
        }
        out.extend_from_slice(&self.text[at..]);
        Bytes::from(out)
    }

    /// The text of a member's value, the last of its name.
    pub(crate) fn value(&self, name: &str) -> Option<&'a [u8]> {
        let member = self.members.iter().rev().find(|member| member.name == name)?;
        self.text.get(member.value.clone())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn member(&mut self) -> Member {
        let key_start = self.at;
        self.skip_string();
        let key = self.text.get(key_start..self.at).unwrap_or_default();
        let name = serde_json::from_slice(key).unwrap_or_default();
        self.skip_space();
        self.at += 1; // the colon
        self.skip_space();
        let value_start = self.at;
        self.skip_value();
        Member { name, key_start, value: value_start..self.at }
    }

    /// Iterative, so that no depth of nesting can exhaust the stack.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if byte == b'"' {
                return;
            }
        }
    }
}
