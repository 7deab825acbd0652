//! Links to media, and media inside a call.

use std::collections::BTreeSet;

/// Words in the query of a link that expires: S3, Google Cloud Storage, Azure Blob, CloudFront.
const EXPIRY_MARKS: [&str; 5] = ["x-amz-expires=", "x-goog-expires=", "expires=", "se=", "expiry="];

/// Whether a link says that it holds for a time only.
pub(crate) fn expires(url: &str) -> bool {
    let Some((_, query)) = url.split_once('?') else { return false };
    query
        .split('&')
        .map(str::to_ascii_lowercase)
        .any(|parameter| EXPIRY_MARKS.iter().any(|mark| parameter.starts_with(mark)))
}

/// The kinds of content, once each, sorted.
pub(crate) fn kinds(found: impl Iterator<Item = &'static str>) -> Vec<String> {
    let kinds: BTreeSet<&str> = found.collect();
    kinds.into_iter().map(str::to_owned).collect()
}

/// What a media type is to a model.
pub(crate) fn kind(media_type: &str) -> &'static str {
    match media_type.split('/').next().unwrap_or_default() {
        "image" => "image",
        "audio" => "audio",
        _ => "file",
    }
}

/// Media type and base64 of a link that holds its content itself.
pub(crate) fn data_url(url: &str) -> Option<(&str, &str)> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some((media_type.split(';').next().unwrap_or_default(), data))
}
