//! What the shape of a request for a response cannot say.

use super::{
    super::{chat::parts, invalid_param, model, problem, schema},
    shapes,
};
use crate::sim::{
    dialect::Refusal,
    question::Told,
    shape::{self, Step},
};
use serde_json::Value;

pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    items(body)?;
    stateless(body)?;
    reasoning(body)?;
    calls(body)?;
    schemas(body)
}

/// An item without a `type` is a message.
fn items(body: &Value) -> Result<(), Refusal> {
    if body["input"].as_array().is_some_and(Vec::is_empty) {
        let message = "Invalid 'input': empty array. Expected an array with minimum length 1, but got \
                       an empty array instead.";
        return Err(invalid_param("input", message, Some("empty_array")));
    }
    for (place, item) in parts(&body["input"]).enumerate() {
        let shape = match item["type"].as_str() {
            None | Some("message") => &shapes::MESSAGE,
            Some(_) => &shapes::ITEM,
        };
        shape::check(*shape, item).map_err(|mut found| {
            found.at.splice(0..0, [Step::Name("input".to_owned()), Step::Place(place)]);
            problem::refusal(&found)
        })?;
        said_by_its_role(place, item)?;
    }
    Ok(())
}

/// The model puts out what the others put in.
fn said_by_its_role(place: usize, item: &Value) -> Result<(), Refusal> {
    let own = match item["role"].as_str() {
        Some("assistant") => ["output_text", "refusal"].as_slice(),
        Some(_) => ["input_text", "input_image", "input_file"].as_slice(),
        None => return Ok(()),
    };
    let of = |part: &Value| part["type"].as_str().unwrap_or_default().to_owned();
    let mut kinds = parts(&item["content"]).map(of).enumerate();
    match kinds.find(|(_, kind)| !own.contains(&kind.as_str())) {
        None => Ok(()),
        Some((part, kind)) => {
            let supported = own.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>();
            let message =
                format!("Invalid value: '{kind}'. Supported values are: {}.", supported.join(", "));
            let param = format!("input[{place}].content[{part}]");
            Err(invalid_param(&param, &message, Some("invalid_value")))
        }
    }
}

/// Nothing is stored here, so that nothing can be referred to.
fn stateless(body: &Value) -> Result<(), Refusal> {
    if let Some(id) = body["previous_response_id"].as_str() {
        let message = format!("Previous response with id '{id}' not found.");
        let code = Some("previous_response_not_found");
        return Err(invalid_param("previous_response_id", &message, code));
    }
    match ["background", "conversation", "prompt"]
        .into_iter()
        .find(|name| body.get(name).is_some_and(|value| !value.is_null() && *value != false))
    {
        Some(param) => Err(model::unsupported(param)),
        None => Ok(()),
    }
}

fn reasoning(body: &Value) -> Result<(), Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let given = |param: &str| body.get(param).is_some_and(|value| !value.is_null());
    let refused: &[&str] = match model::reasons(name) {
        true if body["reasoning"]["effort"] != "none" => &["temperature", "top_p", "top_logprobs"],
        true => &[],
        false => &["reasoning"],
    };
    match refused.iter().find(|param| given(param)) {
        Some(param) => Err(model::unsupported(param)),
        None => Ok(()),
    }
}

/// Calls of tools and their outputs belong together, and reasoning to what follows from it.
fn calls(body: &Value) -> Result<(), Refusal> {
    let ids = |kind: &'static str| {
        parts(&body["input"])
            .filter(move |item| item["type"] == kind)
            .filter_map(|item| item["call_id"].as_str())
    };
    if let Some(id) =
        ids("function_call_output").find(|id| !ids("function_call").any(|of| of == *id))
    {
        let message = format!("No tool call found for function call output with call_id {id}.");
        return Err(invalid_param("input", &message, None));
    }
    if let Some(id) =
        ids("function_call").find(|id| !ids("function_call_output").any(|of| of == *id))
    {
        let message = format!("No tool output found for function call {id}.");
        return Err(invalid_param("input", &message, None));
    }
    let mut items = parts(&body["input"]).peekable();
    while let Some(item) = items.next() {
        if item["type"] != "reasoning" {
            continue;
        }
        let id = item["id"].as_str().unwrap_or_default();
        if !items
            .peek()
            .is_some_and(|next| next["role"] == "assistant" || next["type"] == "function_call")
        {
            let message = format!(
                "Item '{id}' of type 'reasoning' was provided without its required following item."
            );
            return Err(invalid_param("input", &message, None));
        }
        let sealed = Told::sealed(body["model"].as_str().unwrap_or_default(), id);
        if item["encrypted_content"].as_str().is_some_and(|content| content != sealed) {
            let message = format!(
                "The encrypted content for item {id} could not be verified. Reason: Encrypted content \
                 could not be decrypted or parsed."
            );
            return Err(invalid_param("input", &message, Some("invalid_encrypted_content")));
        }
    }
    Ok(())
}

fn schemas(body: &Value) -> Result<(), Refusal> {
    let format = &body["text"]["format"];
    if format["type"] == "json_schema" && format["strict"] == true {
        let what = format!("response_format '{}'", format["name"].as_str().unwrap_or_default());
        schema::check(&format["schema"], &what, "text.format.schema")?;
    }
    for (place, tool) in parts(&body["tools"]).enumerate() {
        if tool["strict"] == true {
            let what = format!("function '{}'", tool["name"].as_str().unwrap_or_default());
            schema::check(&tool["parameters"], &what, &format!("tools[{place}].parameters"))?;
        }
    }
    Ok(())
}
