/// Why the testkit could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket or a file.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What came back.
        source: std::io::Error,
    },
    /// The base URL is not one that this loopback client can use.
    #[error("`{0}` is not a base URL of the form http://HOST:PORT/PREFIX")]
    BaseUrl(String),
    /// The connection broke in the middle of a call.
    #[error("http: {0}")]
    Http(#[from] hyper::Error),
    /// A call could not be put into HTTP.
    #[error("call: {0}")]
    Call(#[from] http::Error),
    /// A server beside the test does not come up, or not as it was asked to.
    #[error("{name}: {why}")]
    Server {
        /// What it is called.
        name: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A line of a recorded file is not what the format says.
    #[error("{file} line {line}: {source}")]
    Record {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
