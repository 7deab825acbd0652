//! How a mirrored call is worded for a model: as it was, unstreamed, where its provider speaks the
//! caller's dialect; translated everywhere else, with word of what that loses.

use crate::{CategoryWork, Model, Models, observe::Job};
use bytes::Bytes;
use dialect::{
    Bond, Dialect, Form,
    translate::{self, Delivery, Impossible, Loss, Target, Translated},
};
use exchange::Call;
use policy::{Ineligible, LossyTranslation, OnStore};

/// A call that is to be put to models of other providers.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) call: &'a Call,
    /// Without content coding.
    pub(crate) body: &'a [u8],
}

/// The same call as one model gets it.
pub(crate) struct Wording {
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// What the model does not get as it was said.
    pub(crate) losses: Vec<Loss>,
}

impl<'a> Said<'a> {
    pub(crate) fn of(job: &'a Job) -> Self {
        Self { dialect: job.dialect, call: &job.call, body: &job.body }
    }

    /// The call as `model` gets it.
    ///
    /// # Errors
    /// Why it cannot be asked that.
    pub(crate) fn to(self, models: &Models, model: Option<&Model>) -> Result<Wording, String> {
        let Some(model) = model else { return Err("the pipeline has no such model".to_owned()) };
        match self.instead(models, model) {
            None => self.again(&model.wire_name),
            Some(form) => match self.translated(form, model) {
                Ok(Translated { path, body, losses, headers: _ }) => {
                    Ok(Wording { path, body, losses })
                }
                Err(why) => Err(why.to_string()),
            },
        }
    }

    /// Why the call is not said to `model`: live it would not be either, so the evidence does not speak of it.
    /// The reference would keep it, or a part of it cannot be said, or not as it was where that is refused.
    pub(crate) fn obstacle(
        self,
        models: &Models,
        model: &Model,
        work: &CategoryWork,
    ) -> Option<Ineligible> {
        let instead = self.instead(models, model);
        let waived = (work.on_store == OnStore::SwitchOff).then_some(Bond::Store);
        let to = (instead, model.wire_name.as_str());
        if let Some(bond) = dialect::bond(self.call, self.body, to, waived) {
            return Some(Ineligible::Bound(bond.name()));
        }
        match (self.translated(instead?, model), work.lossy_translation) {
            (Err(impossible), _) => Some(Ineligible::Untranslatable(impossible.field)),
            (Ok(_), LossyTranslation::Allowed) => None,
            (Ok(translated), LossyTranslation::Refused) => {
                translated.loss_but(waived).map(|loss| Ineligible::Lossy(loss.field.clone()))
            }
        }
    }

    /// The form in which `model` is asked, where that is not the call's own.
    fn instead(self, models: &Models, model: &Model) -> Option<Form> {
        let provider = models.providers.get(&model.provider)?;
        provider.forms.instead(self.call, (self.dialect, provider.dialect))
    }

    /// The call as it was, to another model of the same dialect, or to the same model once more.
    ///
    /// # Errors
    /// Why it cannot be asked that.
    pub(crate) fn again(self, wire_name: &str) -> Result<Wording, String> {
        let body = self.dialect.replay_body(self.body, wire_name);
        let body = body.map_err(|error| error.to_string())?;
        let path = self.dialect.replay_path(self.call, wire_name);
        Ok(Wording { path, body, losses: Vec::new() })
    }

    fn translated(self, form: Form, model: &Model) -> Result<Translated, Impossible> {
        let target = Target {
            form,
            model: &model.wire_name,
            refuses: &model.capabilities.refuses,
            output_tokens_max: model.capabilities.output_tokens,
            delivery: Delivery::Whole,
        };
        translate::call(self.call, self.body, &target)
    }
}

/// The losses in words, as the tables keep them; `None` where nothing was lost.
pub(crate) fn told(losses: &[Loss]) -> Option<String> {
    let told = |loss: &Loss| format!("{} {}: {}", loss.kind.name(), loss.field, loss.reason);
    let lines: Vec<String> = losses.iter().map(told).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}
