//! A head, copied out of the buffer that hyper read it into (see `tape`).

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

    /// The fields again, in the same order.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in self.0.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = (&line[..colon], &line[colon + 1..]);
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
            {
                headers.append(name, value);
            }
        }
        headers
    }
}
