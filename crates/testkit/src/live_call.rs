use bytes::Bytes;
use exchange::Timestamp;

/// A call as an application would send it, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCall {
    /// When it is sent, in virtual time.
    pub at: Timestamp,
    /// The path below the provider's base URL: `/v1/chat/completions`.
    pub path: String,
    /// The header fields, the credential among them.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The category that the call truly belongs to, whatever a pipeline makes of it.
    pub category: String,
    /// The conversation that it truly belongs to, whether or not a header says so.
    pub conversation: String,
    /// Who sent it.
    pub tenant: String,
}
