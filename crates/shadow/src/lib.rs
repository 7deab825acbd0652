//! The other path: from the journal to the tables, off the live path.
//!
//! In the order in which an exchange meets them: `read` (journal records to events), `observe`
//! (what was seen, and which arms it is put to; recorded before anything is asked), `replay` (calls
//! of our own), `verdict` (rules first) and `judge` (only where rules leave a question), `shadow`
//! (one row for each arm that was asked), [`Worker`] (batch after batch, recorded in order). Beside
//! the worker, [`Offline`] goes over the tables again, when somebody asks it to.
//!
//! What this crate never does: it never touches a live call, executes no tool call of a reply,
//! shares no key, pool or budget with the live path, and puts no mirrored call to a provider that
//! its category does not allow. It knows neither the format of the tables nor that of pipelines:
//! [`Record`] and [`Settings`] are all it asks for.

mod budget;
mod chance;
mod error;
mod judge;
mod ledger;
mod metric;
mod observe;
mod offline;
mod read;
mod record;
mod replay;
mod rows;
mod settings;
mod shadow;
mod verdict;
mod wording;
mod worker;

pub use budget::{BURST_SHARE, Elsewhere};
pub use error::{Cause, Error};
pub use judge::{JudgeMemory, WORDS_MAX};
pub use ledger::{JournalLedger, LEDGER_TOPIC, LedgerCopy};
pub use observe::Allotted;
pub use offline::{
    Choice, Means as OfflineMeans, Offline, StoredExchange, StoredScore, StoredShadow,
    anchors::{AnchorRun, AnchorSet, Anchored},
    golden::{GoldenCase, GoldenRun},
    replay::{DRAWN_FROM_MAX, Replay, ReplayChoice, Replayed},
    rescore::{Pouring, Rescored, Survey},
};
pub use record::{
    Added, Called, Ledger, MeterId, Observed, Receipts, Record, Recorded, Shadowed, Spent, Stored,
};
pub use replay::{Hear, LowQuota, Paid};
pub use rows::{
    assignment::AssignmentRow,
    block::BlockRow,
    call::{CallRow, Purpose},
    cell::CellRow,
    exchange::ExchangeRow,
    meter::MeterRow,
    origin::Origin,
    score::ScoreRow,
    shadow::ShadowRow,
};
pub use settings::{
    Caps, CategoryWork, JudgeForm, JudgeWork, Limits, Model, Models, Provider, Settings,
};
pub use worker::{Means, Worker};
