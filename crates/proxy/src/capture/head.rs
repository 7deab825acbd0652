//! A head, copied out of the buffer that hyper read it into (see `tape`).

use crate::headers::recorded::Field;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Header fields as one piece of text: neither can a name hold a colon, nor a value a line feed.
#[derive(Default)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let length = |(name, value): (&HeaderName, &HeaderValue)| {
            name.as_str().len() + value.as_bytes().len() + 2
        };
        let mut text = Vec::with_capacity(headers.iter().map(length).sum());
        for (name, value) in headers {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        Self(text)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The fields, in their order.
    pub(crate) fn fields(&self) -> Vec<Field<'_>> {
        self.0.split(|byte| *byte == b'\n').filter_map(field).collect()
    }

    /// The fields again as a map, in the same order.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in self.fields() {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            {
                headers.append(name, value);
            }
        }
        headers
    }
}

/// Name and value of one line; behind the last one nothing stands.
fn field(line: &[u8]) -> Option<Field<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon]).ok()?;
    Some((name, &line[colon + 1..]))
}
