//! The reasons for which a call cannot be replayed honestly, as they stand in
//! [`exchange::Call::unreplayable`] and in the tables.
//!
//! Tools that the client runs are no reason: a shadow reply's tool calls are compared, never
//! executed.

/// The dialect does not read this endpoint (yet).
pub const ENDPOINT: &str = "endpoint";
/// The body could not be read: broken, encrypted, too large, or not JSON.
pub const BODY: &str = "body";
/// More than one choice is asked for, and the client may use any of them.
pub const CHOICES: &str = "choices";
/// The provider shall keep the reply for later, so that a second call has an effect.
pub const STORE: &str = "store";
/// The provider searches the web, which answers differently each time and is billed.
pub const WEB_SEARCH: &str = "web_search";
/// The provider runs a tool itself.
pub const SERVER_TOOL: &str = "server_tool";
/// The reply shall be sound, which no scorer hears.
pub const AUDIO: &str = "audio";
/// The reply shall be a picture, which no scorer sees.
pub const IMAGE: &str = "image";
/// The client reads token probabilities, which no scorer compares.
pub const LOGPROBS: &str = "logprobs";
/// The call leans on something that only this provider keeps.
pub const STATEFUL: &str = "stateful";
/// The call points at media by a link that expires.
pub const EXPIRING_MEDIA: &str = "expiring_media";
