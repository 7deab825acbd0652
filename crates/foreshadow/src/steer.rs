//! Steers calls of live categories by the policy: the same categories, conversations and draws as
//! the other path, at once and without I/O.

mod blocks;
mod wording;

use bytes::Bytes;
use dialect::{Dialect, Form, Forms, SoFar, content};
use exchange::{Call, Declared, Headers, NanoUsd, Route, Served, Timestamp};
use policy::{
    CallFacts, Capabilities, Categorizer, LossyTranslation, OnBlock, OnStore, Plan, Policy,
    PriceBook,
};
use proxy::{Answered, Bond, CallHead, Key, Placed, Planned, Priced, Rewrite, Steer, UnusedReply};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::watch;
use wording::Wording;

/// A call's body is read only up to here once its content coding is undone.
const DECODED_BYTES_MAX: usize = 64 << 20;

/// Where a model is served, and under which key of ours.
#[derive(Clone, Debug)]
pub(crate) struct LiveModel {
    pub(crate) provider: String,
    pub(crate) wire_name: String,
    pub(crate) forms: Forms,
    pub(crate) capabilities: Capabilities,
    pub(crate) key: Option<Key>,
}

/// What steering goes by.
pub(crate) struct Steering {
    pub(crate) policy: watch::Receiver<Arc<Policy>>,
    pub(crate) categorizer: Categorizer,
    pub(crate) dialects: BTreeMap<String, Dialect>,
    pub(crate) models: BTreeMap<String, LiveModel>,
    pub(crate) prices: PriceBook,
    /// What each category of the pipeline wants of its live calls.
    pub(crate) wishes: BTreeMap<String, Wishes>,
}

/// What a category wants of its live calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wishes {
    /// What a translation that loses something means.
    pub(crate) lossy_translation: LossyTranslation,
    /// What becomes of a candidate's reply that a content policy stopped.
    pub(crate) on_block: OnBlock,
    /// What becomes of a call whose reply its provider would keep.
    pub(crate) on_store: OnStore,
}

impl Wishes {
    /// What does not bind the category's calls to the reference, though it would others.
    fn waived(self) -> Option<dialect::Bond> {
        (self.on_store == OnStore::SwitchOff).then_some(dialect::Bond::Store)
    }

    /// What binds the conversation of a call to the reference, but for what the category waives.
    fn bond(
        self,
        read: &Read,
        body: &[u8],
        (instead, model): (Option<Form>, &LiveModel),
    ) -> Option<Bond> {
        let to = (instead, model.wire_name.as_str());
        Some(match dialect::bond(&read.call, body, to, self.waived())? {
            dialect::Bond::Store => Bond::Store,
            dialect::Bond::Thinking => Bond::Thinking,
        })
    }
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            lossy_translation: LossyTranslation::Allowed,
            on_block: OnBlock::default(),
            on_store: OnStore::default(),
        }
    }
}

/// Why the reference serves a call though it is the candidate's turn.
enum Stays {
    /// It cannot be put to the candidate faithfully, or not as faithfully as its category demands.
    Unfit,
    /// Its conversation could not come back to the reference.
    Bound(Bond),
}

/// A call as far as steering reads it.
struct Read {
    dialect: Dialect,
    call: Call,
    declared: Declared,
    headers: Headers,
}

impl Steer for Steering {
    fn policy_version(&self) -> u64 {
        self.policy.borrow().version
    }

    fn is_live(&self) -> bool {
        !self.policy.borrow().routes.is_empty()
    }

    fn wants_body(&self, call: &CallHead<'_>) -> bool {
        let policy = self.policy.borrow();
        if policy.routes.is_empty() || !self.dialects.contains_key(call.provider) {
            return false;
        }
        // A declared category that is not live cannot become live by reading further.
        match proxy::declared(call.headers).category {
            Some(declared) if self.categorizer.knows(&declared) => {
                policy.routes.contains_key(&declared)
            }
            Some(_) | None => true,
        }
    }

    fn plan(&self, head: &CallHead<'_>, body: &Bytes) -> Planned {
        let policy = Arc::clone(&self.policy.borrow());
        let Some(read) = self.read(head, body) else { return Planned::PassThrough };
        let category = self.category(head, &read);
        if !policy.routes.contains_key(&category) {
            return Planned::PassThrough;
        }
        let reference = placed(&policy, &category, &read, Route::Reference, None);
        if !read.call.unreplayable.is_empty() {
            return Planned::Reference(reference);
        }
        match policy.plan(&category, &course(&read), head.at) {
            Plan::Reference => Planned::Reference(reference),
            Plan::Candidate { candidate, route } => {
                match self.rewrite(head, &read, body, (&category, &candidate)) {
                    Ok(rewrite) => {
                        let served = placed(&policy, &category, &read, route, Some(candidate));
                        Planned::Candidate(served, Box::new(rewrite))
                    }
                    Err(Stays::Unfit) => Planned::Reference(reference),
                    Err(Stays::Bound(bond)) => Planned::Bound(reference, bond),
                }
            }
        }
    }

    fn price(&self, answered: &Answered<'_>) -> Option<Priced> {
        let read = self.read(answered.call, answered.call_body)?;
        let headers = proxy::recorded_call(answered.headers);
        let reply = read.dialect.read_reply(answered.status.as_u16(), &headers, answered.body);
        let usage = read.dialect.usage_or_estimate(&read.call, &reply);
        let reference = self.named(answered.call.provider, read.call.model.as_deref()?)?;
        let cost = |model: &str| self.prices.cost(model, answered.call.at, &usage, 0);
        let would = cost(reference)?;
        let did = match &answered.served.candidate {
            Some(candidate) => cost(candidate)?,
            None => would,
        };
        let cost = match answered.unused {
            Some(unused) => did + self.spent(&read, unused, answered.call.at)?,
            None => did,
        };
        Some(Priced { cost, saving: NanoUsd(would.0.saturating_sub(cost.0)) })
    }
}

impl Steering {
    fn read(&self, head: &CallHead<'_>, body: &Bytes) -> Option<Read> {
        let dialect = *self.dialects.get(head.provider)?;
        let headers = proxy::recorded_call(head.headers);
        let call = dialect.read_call(head.method.as_str(), head.path, &headers, body);
        Some(Read { dialect, call, declared: proxy::declared(head.headers), headers })
    }

    fn category(&self, head: &CallHead<'_>, read: &Read) -> String {
        let facts = CallFacts {
            declared: &read.declared,
            provider: head.provider,
            dialect: read.dialect.name(),
            path: head.path,
            headers: &read.headers,
            call: Some(&read.call),
            prompt_tokens: &|call| read.dialect.prompt_tokens(call),
        };
        self.categorizer.categorize(&facts).name
    }

    /// What a reply cost that the caller did not get; `None` where nobody knows.
    fn spent(&self, read: &Read, unused: &UnusedReply, at: Timestamp) -> Option<NanoUsd> {
        if unused.status() >= 300 {
            return Some(NanoUsd::ZERO);
        }
        let dialect = self.dialects.get(unused.provider())?;
        let headers = proxy::recorded_call(&unused.headers());
        let (status, body, is_whole) = (unused.status(), unused.body(), unused.is_whole());
        let came = SoFar { status, headers: &headers, body, is_whole };
        let usage = dialect.usage_so_far(&came, || read.call.clone())?;
        self.prices.cost(unused.candidate(), at, &usage, unused.latency_us())
    }

    /// The call as the candidate gets it, or why it does not.
    fn rewrite(
        &self,
        head: &CallHead<'_>,
        read: &Read,
        body: &Bytes,
        (category, candidate): (&str, &str),
    ) -> Result<Rewrite, Stays> {
        let model = self.models.get(candidate).ok_or(Stays::Unfit)?;
        let speaks = *self.dialects.get(&model.provider).ok_or(Stays::Unfit)?;
        let tokens = |call: &Call| read.dialect.prompt_tokens(call);
        let instead = model.forms.instead(&read.call, (read.dialect, speaks));
        let takes = match instead {
            None => model.capabilities.takes(&read.call, &tokens),
            Some(_) => model.capabilities.takes_translated(&read.call, &tokens),
        };
        // Such calls were withheld from the candidate, so the evidence does not speak for them.
        if !takes {
            return Err(Stays::Unfit);
        }
        let plain = content::decode(&read.headers, body, DECODED_BYTES_MAX);
        let plain = plain.map_err(|_| Stays::Unfit)?;
        let wishes = self.wishes.get(category).copied().unwrap_or_default();
        if let Some(bond) = wishes.bond(read, &plain, (instead, model)) {
            return Err(Stays::Bound(bond));
        }
        let wording = match instead {
            None => Wording::own(head, read, &plain, &model.wire_name),
            Some(form) => Wording::translated(head, read, &plain, (model, form, wishes.waived())),
        };
        let Wording { path, body, telling, is_lossy } = wording.ok_or(Stays::Unfit)?;
        if is_lossy && wishes.lossy_translation == LossyTranslation::Refused {
            return Err(Stays::Unfit);
        }
        Ok(Rewrite {
            provider: model.provider.clone(),
            path,
            model: model.wire_name.clone(),
            body,
            key: model.key.clone(),
            headers: speaks.headers(),
            telling,
            blocks: blocks::of(speaks, wishes.on_block),
        })
    }

    /// The pipeline's name of what a provider calls `wire_name`.
    fn named(&self, provider: &str, wire_name: &str) -> Option<&str> {
        let mut models = self.models.iter();
        let found =
            models.find(|(_, model)| model.provider == provider && model.wire_name == wire_name);
        found.map(|(name, _)| name.as_str())
    }
}

fn course(read: &Read) -> String {
    let (key, tenant) = (read.declared.conversation.as_deref(), read.declared.tenant.as_deref());
    dialect::course(key, tenant, &read.call)
}

fn placed(
    policy: &Policy,
    category: &str,
    read: &Read,
    route: Route,
    candidate: Option<String>,
) -> Placed {
    Placed {
        served: Served {
            route,
            category: Some(category.to_owned()),
            candidate,
            policy_version: policy.version,
        },
        reference_model: read.call.model.clone().unwrap_or_default(),
    }
}
