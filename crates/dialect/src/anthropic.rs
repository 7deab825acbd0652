//! Anthropic Messages. Other endpoints of the API are known by name only: they are forwarded and
//! metered, but not put to candidates.

pub(crate) mod call;
pub(crate) mod edit;
pub(crate) mod error;
pub(crate) mod judge;
pub(crate) mod message;
pub(crate) mod prompt;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod schema;
pub(crate) mod stream;
pub(crate) mod writer;

/// What a model refuses that is no parameter alone: being made to call a tool (a value of `tool_choice`).
pub(crate) const FORCED_TOOL_CHOICE: &str = "forced_tool_choice";
/// And a reply that was begun for it (an assistant's message at the end).
pub(crate) const PREFILL: &str = "prefill";
/// And a fixed budget for its thoughts (`enabled` as the type of `thinking`).
pub(crate) const THINKING_BUDGET: &str = "thinking_budget";
/// And not to think (`disabled` as that type).
pub(crate) const THINKING_DISABLED: &str = "thinking_disabled";

/// Where messages of our own go.
pub(crate) const PATH: &str = "/v1/messages";
/// What each call of our own says beside its key: the version that this was written for. The next,
/// 2026-10-21, refuses `temperature`, `top_p` and `top_k` whatever their value, which callers of other forms
/// send, and adds nothing that is read here; this one is still served (the guides to its SDKs say so, and the
/// providers of the testkit hold to both).
pub(crate) const HEADERS: [(&str, &str); 1] = [("anthropic-version", "2023-06-01")];
