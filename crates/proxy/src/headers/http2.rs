//! Heads that cross from one version of HTTP to the other (RFC 9113, 8.2). Names are in lower case in
//! HTTP/2, and the `http` crate keeps them so.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

/// The size of a call's head as HTTP/2 counts it (RFC 9113, 6.5.2), without the pseudo-fields other
/// than its path.
pub(crate) fn size(uri: &Uri, head: &HeaderMap) -> usize {
    const FIELD_BYTES: usize = 32;
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let fields = head.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_BYTES);
    path + fields.sum::<usize>()
}

/// A head as HTTP/2 carries it: the connection's own fields and the framing of HTTP/1.1 are illegal
/// there, and the host is said by `:authority`. `te` says `trailers` by now, or is not there.
pub(crate) fn in_http2(head: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(head.len());
    for (name, value) in head {
        if *name == header::CONTENT_LENGTH {
            // hyper has seen that several are equal.
            out.insert(name.clone(), value.clone());
        } else if !is_of_http1(name) {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

/// A head of HTTP/2 as HTTP/1.1 carries it: cookies may come one by one, and go as one field; of several
/// lengths, which `h2` has seen to be equal, one goes.
pub(crate) fn in_http1(head: HeaderMap) -> HeaderMap {
    let is_single = |name| head.get_all(name).iter().nth(1).is_none();
    if is_single(header::COOKIE) && is_single(header::CONTENT_LENGTH) {
        return head;
    }
    let crumbs: Vec<&[u8]> =
        head.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) else { return head };
    let mut out = HeaderMap::with_capacity(head.len());
    for (name, value) in &head {
        if *name == header::COOKIE {
            out.insert(header::COOKIE, joined.clone());
        } else if *name == header::CONTENT_LENGTH {
            out.insert(header::CONTENT_LENGTH, value.clone());
        } else {
            out.append(name.clone(), value.clone());
        }
    }
    out
}

fn is_of_http1(name: &HeaderName) -> bool {
    *name == header::HOST
        || *name == header::CONNECTION
        || *name == header::TRANSFER_ENCODING
        || *name == header::UPGRADE
        || *name == "keep-alive"
        || *name == "proxy-connection"
}
