//! The policy: which candidate serves which category, for what share of conversations. It is the
//! only thing that moves live traffic, a file per version, never edited.
//!
//! A policy never decides by a call's content or by anything that happened before it: [`plan`] is
//! a hash of the conversation against a share, so one conversation keeps one arm, a replay agrees,
//! and a rising share only adds conversations.
//!
//! [`plan`]: Policy::plan

use crate::{
    Error,
    chance::{Chance, Purpose, Share},
    decision::DecisionRecord,
};
use exchange::{HOUR_US, Route, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format that this program writes.
pub const FORMAT: u32 = 1;

/// How long the last good policy stays in force while its folder cannot be read.
pub const POLICY_AGE_US_MAX: i64 = HOUR_US;

/// A version of the policy: the published format `schemas/policy.v1.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The format's version: 1.
    pub format: u32,
    /// Counts from 1; 0 is observation and never a file.
    pub version: u64,
    /// The version that this one replaced.
    pub parent: Option<u64>,
    /// When it was decided, in microseconds.
    pub created_at: Timestamp,
    /// Makes the draws of this deployment its own. It is kept from version to version, because a
    /// new salt would send conversations to another arm.
    pub salt: String,
    /// The categories that a candidate serves; every other one is served by its reference.
    pub routes: BTreeMap<String, RouteRule>,
    /// The decision that made this version, with its evidence; `None` in observation only.
    pub decision: Option<DecisionRecord>,
}

/// How one category is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// The model that serves the share.
    pub candidate: String,
    /// What the replies are marked as.
    pub stage: Stage,
    /// Shares by time, earliest first and never falling. Before the first step the share is zero.
    pub schedule: Vec<Step>,
}

/// How far a candidate has come in a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It serves a part, under watch.
    Canary,
    /// It serves what was approved.
    Live,
}

impl Stage {
    /// The stage's name in commands and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Live => "live",
        }
    }

    /// What replies of this stage are marked as.
    #[must_use]
    pub fn route(self) -> Route {
        match self {
            Self::Canary => Route::Canary,
            Self::Live => Route::Live,
        }
    }
}

/// From a moment on, a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The first moment, in microseconds.
    pub from: Timestamp,
    /// The share of conversations that the candidate serves.
    pub share: Share,
}

/// How one live call is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// By the model that the client asked for.
    Reference,
    /// By the candidate.
    Candidate {
        /// The candidate's name in the pipeline.
        candidate: String,
        /// What the reply is marked as.
        route: Route,
    },
}

impl Policy {
    /// No candidate serves anything: what is in force before the first promotion.
    #[must_use]
    pub fn observation() -> Self {
        Self {
            format: FORMAT,
            version: 0,
            parent: None,
            created_at: Timestamp::default(),
            salt: String::new(),
            routes: BTreeMap::new(),
            decision: None,
        }
    }

    /// How a call of `category` is served that arrived `at`; `conversation` is the same on all turns of one.
    #[must_use]
    pub fn plan(&self, category: &str, conversation: &str, at: Timestamp) -> Plan {
        let Some(rule) = self.routes.get(category) else { return Plan::Reference };
        let chance = Chance::of(&self.salt, Purpose::Plan, &[category, conversation]);
        if rule.share(at).admits(chance) {
            Plan::Candidate { candidate: rule.candidate.clone(), route: rule.stage.route() }
        } else {
            Plan::Reference
        }
    }

    /// The share of a category's conversations that `candidate` serves at a moment.
    #[must_use]
    pub fn share(&self, category: &str, candidate: &str, at: Timestamp) -> Share {
        match self.routes.get(category) {
            Some(rule) if rule.candidate == candidate => rule.share(at),
            Some(_) | None => Share::NONE,
        }
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        file_name(self.version)
    }

    /// The file: indented JSON, the same bytes for the same policy.
    ///
    /// # Errors
    /// [`Error::Json`] if a figure of the evidence cannot be written.
    pub fn to_json(&self) -> Result<String, Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a file and checks what its shape cannot say.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Json`] or [`Error::Invalid`]; the last good policy then stays.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        // The format comes first: a newer one may have fields that would be refused as unknown.
        let Format { format } = serde_json::from_slice(text)?;
        if format > FORMAT {
            return Err(Error::Newer(format));
        }
        let policy: Self = serde_json::from_slice(text)?;
        match policy.mistake() {
            Some(what) => Err(Error::Invalid { version: policy.version, what }),
            None => Ok(policy),
        }
    }

    fn mistake(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some(format!("format {} never was", self.format));
        }
        if self.version == 0 || self.parent != self.version.checked_sub(1) {
            return Some("version must be its parent's plus one".to_owned());
        }
        if self.salt.is_empty() {
            return Some("the salt is empty".to_owned());
        }
        if self.decision.is_none() {
            return Some("the decision that made it is missing".to_owned());
        }
        let broken = |rule: &RouteRule| {
            let pairs = rule.schedule.windows(2);
            rule.schedule.is_empty()
                || rule.candidate.is_empty()
                || pairs
                    .into_iter()
                    .any(|pair| pair[0].from >= pair[1].from || pair[0].share > pair[1].share)
        };
        let (category, _) = self.routes.iter().find(|(_, rule)| broken(rule))?;
        Some(format!(
            "the route of `{category}` needs a candidate and steps that go forward in time and \
             never fall"
        ))
    }
}

impl RouteRule {
    /// The share at a moment.
    #[must_use]
    pub fn share(&self, at: Timestamp) -> Share {
        let step = self.schedule.iter().rfind(|step| step.from <= at);
        step.map_or(Share::NONE, |step| step.share)
    }

    /// The greatest share that the schedule comes to.
    #[must_use]
    pub fn share_max(&self) -> Share {
        self.schedule.iter().map(|step| step.share).max().unwrap_or(Share::NONE)
    }
}

/// The name of a version's file, beside those of the others. Names sort as versions do.
#[must_use]
pub fn file_name(version: u64) -> String {
    format!("{version:08}.json")
}

/// What of the last good policy is in force when its folder was last read well at `read_at`:
/// the policy itself, or after [`POLICY_AGE_US_MAX`] nothing, and every call goes to its reference.
#[must_use]
pub fn in_force(last_good: &Policy, read_at: Timestamp, now: Timestamp) -> Option<&Policy> {
    (now.0.saturating_sub(read_at.0) <= POLICY_AGE_US_MAX).then_some(last_good)
}
