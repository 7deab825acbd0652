//! What the store said, or that it said nothing, in words that survive.
//!
//! A request's error passes through several libraries, some of which keep its text alone; and the
//! store's own words, which are XML, repeat the key's name and what was signed. So it is worded here,
//! where the answer arrives, and found again by these words.

use bytes::Bytes;
use object_store::{
    ClientOptions, Result,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
        HttpService, ReqwestConnector,
    },
};
use std::error::Error;

const REFUSED: &str = "the object store refuses: ";
const NO_BUCKET: &str = "the object store has no such bucket: ";
const SILENT: &str = "the object store does not answer: ";
const FAILS: &str = "the object store fails: ";
/// Stands after what is worded here, so that it can be told from what others add.
const END: &str = " ⟂";
/// What is kept of the store's message.
const MESSAGE_CHARS_MAX: usize = 300;
/// What says that one object is not there.
const ABSENT: [&str; 5] = ["", "NoSuchKey", "NotFound", "NoSuchUpload", "NoSuchVersion"];

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// It will not, for this key.
    Refused(String),
    /// It cannot: there is no such bucket.
    NoBucket(String),
    /// It may later: it did not answer, or not well.
    Away(String),
}

/// What is made of the store's words.
type Kind = fn(String) -> Outage;

/// What the store said or did, where an error comes of that.
pub(crate) fn outage(error: &dyn Error) -> Option<Outage> {
    let kinds: [(&str, Kind); 4] = [
        (REFUSED, Outage::Refused),
        (NO_BUCKET, Outage::NoBucket),
        (SILENT, Outage::Away),
        (FAILS, Outage::Away),
    ];
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        for (begin, outage) in kinds {
            let told = text.split_once(begin).and_then(|(_, rest)| rest.split_once(END));
            if let Some((said, _)) = told {
                return Some(outage(format!("{begin}{said}")));
            }
        }
        cause = error.source();
    }
    None
}

/// Makes clients that word what the store says.
#[derive(Debug, Default)]
pub(super) struct Telling(ReqwestConnector);

impl HttpConnector for Telling {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(Told(self.0.connect(options)?)))
    }
}

#[derive(Debug)]
struct Told(HttpClient);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Worded(String);

#[async_trait::async_trait]
impl HttpService for Told {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let response = self.0.execute(request).await.map_err(|error| silence(&error))?;
        let status = response.status();
        if status.is_success() || status.is_redirection() {
            return Ok(response);
        }
        let (head, body) = response.into_parts();
        let (code, message) = read(&body.bytes().await.map_err(|error| silence(&error))?);
        let word = format!("{} {code}: {message}", status.as_u16());
        let refused = |begin| {
            let worded = Worded(format!("{begin}{word}{END}"));
            Err(HttpError::new(HttpErrorKind::Unknown, worded))
        };
        match status.as_u16() {
            404 if code == "NoSuchBucket" => refused(NO_BUCKET),
            404 if !ABSENT.contains(&code.as_str()) => refused(REFUSED),
            400 | 401 | 403 | 405 => refused(REFUSED),
            // What may be tried again the client has to see as it is …
            408 | 429 | 500.. => {
                Ok(HttpResponse::from_parts(head, format!("{FAILS}{word}{END}").into()))
            }
            // … and so what a condition says, and that one object is not there.
            _ => Ok(HttpResponse::from_parts(head, word.into())),
        }
    }
}

/// A request that was not answered, with the reason behind all others.
fn silence(error: &HttpError) -> HttpError {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    HttpError::new(error.kind(), Worded(format!("{SILENT}{deepest}{END}")))
}

/// Code and message of the store's answer, as far as it has them.
fn read(body: &Bytes) -> (String, String) {
    let text = String::from_utf8_lossy(body);
    let between = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    let code = between("Code").filter(|code| code.chars().all(|c| c.is_ascii_alphanumeric()));
    let message = between("Message").unwrap_or_default();
    let plain = message.chars().map(|c| if c.is_control() { ' ' } else { c });
    (code.unwrap_or_default(), plain.take(MESSAGE_CHARS_MAX).collect())
}
