//! Calls and replies as the fuzz corpus keeps them: a first line, a line for each header field, an
//! empty line, the body. The fuzz targets `call` and `reply` compile this very file.

use exchange::Headers;

/// A message that was read. Any bytes are one.
pub(crate) struct Message<'a> {
    pub(crate) first_line: String,
    pub(crate) headers: Headers,
    pub(crate) body: &'a [u8],
}

impl<'a> Message<'a> {
    pub(crate) fn read(data: &'a [u8]) -> Self {
        let end = data.windows(2).position(|window| window == b"\n\n");
        let (head, body) = end.map_or((data, &[][..]), |at| (&data[..at], &data[at + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split('\n').map(str::to_owned);
        let first_line = lines.next().unwrap_or_default();
        let field = |line: String| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self { first_line, headers: Headers(lines.filter_map(field).collect()), body }
    }

    /// The same fields and one more.
    pub(crate) fn with(&self, name: &str, value: &str) -> Headers {
        let mut headers = self.headers.clone();
        headers.0.push((name.to_owned(), value.to_owned()));
        headers
    }

    pub(crate) fn is_coded(&self) -> bool {
        self.headers.get("content-encoding").is_some()
    }
}
