//! The nouns of Foreshadow, and their published wire form.
//!
//! An [`Exchange`] is one live call with the reply that the client got, and how it was served.
//! Everything downstream of the proxy is about exchanges, so every crate speaks these words.
//!
//! This crate never does I/O, never reads a clock, never draws chance and knows no provider's
//! format: a dialect *reads* a [`RawCall`] into a [`Call`]; this crate only says what that is.
//! A component's own types stay with the component, and a test keeps this crate small.

mod arm;
mod body;
mod call;
mod clock;
mod event;
mod exchange;
mod id;
mod meter;
mod money;
mod reply;
mod unused;
mod usage;
mod wire;

pub use arm::Arm;
pub use body::Body;
pub use call::{Call, Headers, RawCall, ToolCall};
pub use clock::{Clock, DAY_US, Date, HOUR_US, MINUTE_US, SECOND_US, Timestamp};
pub use event::Event;
pub use exchange::{
    Capture, Conversation, ConversationSource, Declared, Exchange, Origin, Route, Served,
};
pub use id::ExchangeId;
pub use meter::Meter;
pub use money::NanoUsd;
pub use reply::{Block, FinishReason, RawReply, Reply};
pub use unused::{Disuse, Unused};
pub use usage::{ServiceTier, Usage, UsageSource};
pub use wire::{EVENT_BYTES_MAX, WireError};
