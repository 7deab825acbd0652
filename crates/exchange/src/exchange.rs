use crate::{RawCall, RawReply, Reply, clock::Timestamp, id::ExchangeId, unused::Unused};
use serde::{Deserialize, Serialize};

/// One live call with the reply that the client got, and how it was served.
///
/// It is complete when it exists: the tee builds it at the end of the reply, so no field means
/// "not yet". Credentials are gone from it before it reaches a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Its name.
    pub id: ExchangeId,
    /// When the head of the call had arrived.
    pub observed_at: Timestamp,
    /// Which proxy saw it, and as its how-manieth.
    pub origin: Origin,
    /// The provider's name in the pipeline: the first segment of the path.
    pub provider: String,
    /// What the caller said of the call in `x-foreshadow-*` headers.
    pub declared: Declared,
    /// The conversation that it belongs to.
    pub conversation: Conversation,
    /// The call, as it was forwarded, less its credentials.
    pub call: RawCall,
    /// The reply, as the client got it.
    pub reply: RawReply,
    /// Whether the reply was seen whole.
    pub capture: Capture,
    /// Who answered, and by which policy.
    pub served: Served,
    /// A candidate that was asked as well, and whose reply the client did not get.
    pub unused: Option<Box<Unused>>,
    /// From the head of the call to the end of the reply, in microseconds.
    pub latency_us: u64,
    /// From the head of the call to the first byte of the reply's body, in microseconds.
    pub ttft_us: Option<u64>,
    /// Whether content (not credentials) was altered before the journal.
    pub redacted: bool,
}

/// The proxy that saw an exchange. A gap in `offer_seq` shows what a crash lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The proxy's name, new at each start of the process.
    pub proxy_instance: String,
    /// Counts the exchanges that the mirror accepted, from 0.
    pub offer_seq: u64,
}

/// What the caller declared; removed from the call before it went upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// `x-foreshadow-category`
    pub category: Option<String>,
    /// `x-foreshadow-tenant`
    pub tenant: Option<String>,
    /// `x-foreshadow-conversation`
    pub conversation: Option<String>,
    /// `x-foreshadow-priority`
    pub priority: Option<String>,
}

/// The calls that belong together: the unit of independence in the statistics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Conversation {
    /// Equal for calls that belong together.
    pub key: String,
    /// How it was found.
    pub source: ConversationSource,
}

/// How a conversation's key was found, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationSource {
    /// The caller declared it.
    Header,
    /// The dialect's own conversation, thread or session id.
    Dialect,
    /// A digest of tenant, system prompt and first user message.
    Digest,
    /// None of these: the exchange stands alone.
    Exchange,
}

impl ConversationSource {
    /// The source's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Dialect => "dialect",
            Self::Digest => "digest",
            Self::Exchange => "exchange",
        }
    }
}

/// Whether the reply was seen whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capture {
    /// Call and reply, to their ends.
    Complete,
    /// The mirror's body limit or the upstream cut it.
    Truncated,
    /// The client hung up before the reply's end.
    Aborted,
}

impl Capture {
    /// The same, once the reply was read. A client may hang up behind the end that its dialect has, as some
    /// SDKs do at `[DONE]`, and then it has got all of it.
    #[must_use]
    pub fn of_reply(self, reply: &Reply) -> Self {
        match self {
            Self::Aborted if reply.complete => Self::Complete,
            Self::Complete | Self::Truncated | Self::Aborted => self,
        }
    }

    /// The capture's name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Aborted => "aborted",
        }
    }
}

/// Who answered a live call, and by which policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// How the call was served.
    pub route: Route,
    /// The category that the policy planned by; `None` in observation.
    pub category: Option<String>,
    /// The candidate that answered, where one did.
    pub candidate: Option<String>,
    /// The policy's version; 0 before any promotion.
    pub policy_version: u64,
}

/// How a live call was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// By the model that the client asked for.
    Reference,
    /// By a candidate, as a canary.
    Canary,
    /// By a candidate that was promoted.
    Live,
    /// By the reference, after a weak reply of the candidate.
    Escalated,
    /// By the reference, after a failure of the candidate.
    Fallback,
}

impl Route {
    /// The route's name in headers and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Canary => "canary",
            Self::Live => "live",
            Self::Escalated => "escalated",
            Self::Fallback => "fallback",
        }
    }
}
