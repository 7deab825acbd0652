//! A head, copied out of the buffer that hyper read it into (see `tape`).

use crate::headers::recorded::Field;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The lengths of a name and of a value stand before them.
const LENGTHS_BYTES: usize = 2 * size_of::<usize>();

/// What a field mostly takes here.
const FIELD_BYTES_USUAL: usize = 32;

/// Header fields in one piece of memory, each with its lengths before it: whoever reads them searches
/// for nothing.
#[derive(Clone, Default)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let length = |(name, value): (&HeaderName, &HeaderValue)| {
            LENGTHS_BYTES + name.as_str().len() + value.as_bytes().len()
        };
        let mut bytes = Vec::with_capacity(headers.iter().map(length).sum());
        for (name, value) in headers {
            let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
            bytes.extend_from_slice(&name.len().to_le_bytes());
            bytes.extend_from_slice(&value.len().to_le_bytes());
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(value);
        }
        Self(bytes)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The fields, in their order.
    pub(crate) fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = Vec::with_capacity(self.0.len() / FIELD_BYTES_USUAL);
        let mut rest = self.0.as_slice();
        while let Some((field, behind)) = split_field(rest) {
            fields.push(field);
            rest = behind;
        }
        fields
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

/// The first field, and what stands behind it.
fn split_field(bytes: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (name_len, rest) = bytes.split_first_chunk()?;
    let (value_len, rest) = rest.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from_le_bytes(*name_len))?;
    let (value, rest) = rest.split_at_checked(usize::from_le_bytes(*value_len))?;
    Some(((std::str::from_utf8(name).ok()?, value), rest))
}
