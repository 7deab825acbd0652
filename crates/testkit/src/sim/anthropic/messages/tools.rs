//! Tools as Messages have them: what is offered, and that every use has its result right behind it.

use super::{super::invalid, blocks, items};
use crate::sim::dialect::Refusal;
use serde_json::Value;
use std::collections::BTreeSet;

/// A tool's name is no longer.
const NAME_CHARS_MAX: usize = 128;

pub(crate) fn check(body: &Value) -> Result<(), Refusal> {
    offered(body)?;
    choice(body)?;
    let turns = turns(body);
    let mut used: &[String] = &[];
    let mut user: Option<usize> = None;
    for turn in &turns {
        if turn.role == "assistant" {
            used = &turn.uses;
            user = Some(turn.place);
            continue;
        }
        results(turn, used, user)?;
        used = &[];
    }
    // An answer that wants tools and has no results cannot be gone on with.
    match user {
        Some(place) if !used.is_empty() => Err(unanswered(place, used)),
        Some(_) | None => Ok(()),
    }
}

fn offered(body: &Value) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for (place, tool) in items(&body["tools"]).enumerate() {
        let name = tool["name"].as_str().unwrap_or_default();
        let well = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(well) {
            return Err(invalid(&format!(
                "tools.{place}.custom.name: String should match pattern \
                 '^[a-zA-Z0-9_-]{{1,{NAME_CHARS_MAX}}}$'"
            )));
        }
        if tool["input_schema"]["type"] != "object" {
            let at = format!("tools.{place}.custom.input_schema.type");
            return Err(invalid(&match tool["input_schema"].get("type") {
                None => format!("{at}: Field required"),
                Some(_) => format!("{at}: Input should be 'object'"),
            }));
        }
        if ["oneOf", "allOf", "anyOf"].iter().any(|name| tool["input_schema"].get(name).is_some()) {
            return Err(invalid(&format!(
                "tools.{place}.custom.input_schema: input_schema does not support oneOf, allOf, or \
                 anyOf at the top level"
            )));
        }
        if !names.insert(name) {
            return Err(invalid("tools: Tool names must be unique."));
        }
    }
    Ok(())
}

fn choice(body: &Value) -> Result<(), Refusal> {
    let choice = &body["tool_choice"];
    if choice.is_object() && items(&body["tools"]).next().is_none() {
        return Err(invalid("tool_choice may only be specified while providing tools."));
    }
    match choice["name"].as_str() {
        Some(name) if !items(&body["tools"]).any(|tool| tool["name"] == name) => {
            Err(invalid(&format!("Tool '{name}' not found in provided tools")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Messages of one role in a row.
struct Turn {
    role: String,
    /// The first of them.
    place: usize,
    uses: Vec<String>,
    /// The ids of the results, and whether something stood before one.
    results: Vec<String>,
    late: bool,
}

fn turns(body: &Value) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let messages = items(&body["messages"]).enumerate();
    // An instruction among the messages parts nothing.
    for (place, message) in messages.filter(|(_, message)| message["role"] != "system") {
        let role = message["role"].as_str().unwrap_or_default().to_owned();
        if turns.last().is_none_or(|last| last.role != role) {
            turns.push(Turn { role, place, uses: vec![], results: vec![], late: false });
        }
        let Some(turn) = turns.last_mut() else { continue };
        let mut others = false;
        for block in blocks(&message["content"]) {
            let id = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
            match block["type"].as_str() {
                Some("tool_use") => turn.uses.push(id("id")),
                Some("tool_result") => {
                    turn.late |= others;
                    turn.results.push(id("tool_use_id"));
                }
                Some(_) | None => others = true,
            }
        }
    }
    turns
}

/// A user's turn begins with the results of what the turn before used, each once.
fn results(turn: &Turn, used: &[String], user: Option<usize>) -> Result<(), Refusal> {
    if let Some((at, id)) = turn.results.iter().enumerate().find(|(_, id)| !used.contains(id)) {
        return Err(invalid(&format!(
            "messages.{}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. \
             Each `tool_result` block must have a corresponding `tool_use` block in the previous \
             message.",
            turn.place
        )));
    }
    let times = |id: &String| turn.results.iter().filter(|of| *of == id).count();
    if let Some(id) = used.iter().find(|id| times(id) > 1) {
        return Err(invalid(&format!(
            "messages.{}.content: each tool_use must have a single result. Found multiple \
             `tool_result` blocks with id: {id}",
            turn.place
        )));
    }
    let without: Vec<String> =
        used.iter().filter(|id| turn.late || times(id) == 0).cloned().collect();
    match user {
        Some(place) if !without.is_empty() => Err(unanswered(place, &without)),
        Some(_) | None => Ok(()),
    }
}

fn unanswered(place: usize, ids: &[String]) -> Refusal {
    invalid(&format!(
        "messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately after: \
         {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
        ids.join(", ")
    ))
}
