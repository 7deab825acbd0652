//! Decisions, as pure functions from facts: which category a call belongs to, how it is served,
//! which arms its copy is put to, what it costs, and whether a candidate may be promoted.
//!
//! In the order in which an exchange meets them: [`categorize`], [`policy`] (the plan), [`capability`], [`assign`],
//! [`price`], [`epoch`], [`gate`], [`promotion`]; and before a day's first exchange, [`allot`].
//!
//! This crate never does I/O, never reads a clock and never draws chance: moments are passed in,
//! and [`chance`] is a hash. So a decision can be replayed from its record, and a worker that died
//! half-way decides the same again.

pub mod allot;
pub mod assign;
mod block;
mod call_site;
pub mod capability;
pub mod categorize;
pub mod chance;
pub mod decision;
pub mod epoch;
mod error;
pub mod following;
pub mod gate;
mod glob;
pub mod label;
pub mod policy;
pub mod price;
pub mod promotion;
mod prompt;
mod store;

pub use allot::{Allotment, Prospect, Standing, Why, allot};
pub use assign::{
    ArmOnTrial, Assignment, Draw, Ineligible, Observed, Sampling, Withheld, assign, audits,
    ineligible,
};
pub use block::OnBlock;
pub use call_site::{call_site, is_call_site, template};
pub use capability::{Capabilities, StructuredOutput};
pub use categorize::{CallFacts, Categorizer, Category, Rule, TokenRange, When};
pub use chance::{Chance, Share};
pub use decision::{Action, Actor, Code, DecisionRecord, Reason};
pub use epoch::{Block, Cell, Definition, Learnt, Tomorrow};
pub use error::Error;
pub use gate::{
    Approval, Decision, Epoch, GateRule, Judge, LossyTranslation, ProductFacts, Saving, Serving,
    Translations, UnmeasuredJudge, Watch,
};
pub use policy::{Plan, Policy, RouteRule, Stage, Step};
pub use price::{LongPrompt, Price, PriceBook, PriceOverlap, Tariff, TokenRates};
pub use promotion::{Lowering, Promoted, Promotion, demote, promote, rollback, served, turn_back};
pub use store::OnStore;
