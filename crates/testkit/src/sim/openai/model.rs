//! What OpenAI's models refuse, by their names.

use super::invalid_param;
use crate::sim::dialect::Refusal;
use serde_json::Value;

/// Whether a model reasons before it answers: the o-series, and GPT-5 but for its chat models.
pub(crate) fn reasons(model: &str) -> bool {
    let is_o = ["o1", "o3", "o4"].iter().any(|family| {
        model.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    is_o || (model.starts_with("gpt-5") && !model.contains("chat"))
}

/// Whether a model reasons at this effort.
pub(crate) fn reasons_at(model: &str, effort: Option<&str>) -> bool {
    reasons(model) && !matches!(effort, Some("none" | "minimal"))
}

/// Whether a model takes tools with an effort only in Responses.
pub(crate) fn wants_responses_for_tools(model: &str) -> bool {
    let minor = model.strip_prefix("gpt-5.").and_then(|rest| rest.chars().next());
    minor.and_then(|minor| minor.to_digit(10)).is_some_and(|minor| minor >= 4)
}

/// Refuses a parameter that models which reason do not have.
pub(crate) fn unsupported(param: &str) -> Refusal {
    let message = match param {
        "max_tokens" => {
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                         'max_completion_tokens' instead."
                .to_owned()
        }
        _ => format!("Unsupported parameter: '{param}' is not supported with this model."),
    };
    invalid_param(param, &message, Some("unsupported_parameter"))
}

/// Refuses a value other than the only one that models which reason have.
pub(crate) fn only(body: &Value, param: &str, default: f64) -> Result<(), Refusal> {
    match body.get(param).and_then(Value::as_f64) {
        Some(given) if given != default => {
            let message = format!(
                "Unsupported value: '{param}' does not support {given} with this model. Only the \
                 default ({default}) value is supported."
            );
            Err(invalid_param(param, &message, Some("unsupported_value")))
        }
        Some(_) | None => Ok(()),
    }
}
