//! A reply, as Responses tells it.

use super::item::{add_usage, ending, function_call, head, item, message, output_text};
use crate::{
    delta::{CALLS_MAX, Called, Delta, Draft},
    failure::Failure,
    openai, sse,
    translate::{Caller, HELD_BYTES_MAX, unreadable},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A whole response.
pub(crate) fn whole(draft: &Draft, caller: &Caller) -> Value {
    let (status, why) = ending(draft.finish_reason);
    let mut output = Vec::new();
    if !draft.text.is_empty() || !draft.refusal.is_empty() {
        output.push(message(&draft.text, &draft.refusal, status, caller));
    }
    let calls = (0..).zip(draft.named_calls());
    output.extend(calls.map(|(at, call)| function_call(call, at, "completed", caller)));
    let mut response = head(caller, draft.id.as_deref(), draft.model.as_deref(), status);
    response["incomplete_details"] = why;
    response["output"] = Value::Array(output);
    add_usage(&mut response, draft.usage.as_ref());
    response
}

/// Typed events of a response. The last repeats all that was said, so all of it is kept: that is the
/// form, and it has a limit.
#[derive(Debug)]
pub(crate) struct Writer {
    caller: Caller,
    said: Draft,
    said_bytes: usize,
    began: bool,
    ended: bool,
    sequence: u64,
    next_output: u64,
    message: Option<Message>,
    /// Where calls stand in the output, once they were named.
    outputs: BTreeMap<u64, u64>,
}

/// More of a text, as it is written.
#[derive(Serialize)]
struct Grown<'g> {
    r#type: &'static str,
    sequence_number: u64,
    item_id: String,
    output_index: u64,
    content_index: u64,
    delta: &'g str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[Value; 0]>,
}

/// The message, and its part that is open.
#[derive(Clone, Copy, Debug)]
struct Message {
    output: u64,
    part: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
}

impl Kind {
    fn part(self, said: &str) -> Value {
        match self {
            Self::Text => output_text(said),
            Self::Refusal => json!({"type": "refusal", "refusal": said}),
        }
    }

    /// What is told of a text has a list of its tokens' probabilities, which nobody asked for.
    fn add_probabilities(self, event: &mut Value) {
        match self {
            Self::Text => event["logprobs"] = json!([]),
            Self::Refusal => {}
        }
    }

    /// The name of its events, and of what they tell at the end.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("response.output_text", "text"),
            Self::Refusal => ("response.refusal", "refusal"),
        }
    }
}

impl Writer {
    pub(crate) fn new(caller: Caller) -> Self {
        Self {
            caller,
            said: Draft::default(),
            said_bytes: 0,
            began: false,
            ended: false,
            sequence: 0,
            next_output: 0,
            message: None,
            outputs: BTreeMap::new(),
        }
    }

    pub(crate) fn tell(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.ended {
            return;
        }
        match &delta {
            Delta::Begin { .. } | Delta::Thinks => {}
            Delta::Text(text) => self.say(Kind::Text, text, out),
            Delta::Refusal(text) => self.say(Kind::Refusal, text, out),
            Delta::Call { .. } | Delta::Usage(_) | Delta::Finish(_) => {}
            Delta::Arguments { at, text } => self.arguments(*at, text, out),
            Delta::Error(failure) => return self.fail(failure, out),
            Delta::Hole | Delta::Lost => return self.fail(&unreadable(), out),
            Delta::End => return self.end(out),
        }
        if self.said_bytes > HELD_BYTES_MAX {
            return self.fail(&unreadable(), out);
        }
        let (is_begin, call) = match &delta {
            Delta::Begin { .. } => (true, None),
            Delta::Call { at, .. } => (false, Some(*at)),
            _ => (false, None),
        };
        self.said.take(delta);
        if is_begin {
            self.begin(out);
        }
        if let Some(at) = call {
            self.call(at, out);
        }
    }

    fn event(&mut self, kind: &str, mut data: Value, out: &mut Vec<u8>) {
        data["type"] = Value::from(kind);
        data["sequence_number"] = Value::from(self.sequence);
        self.sequence += 1;
        sse::write(out, kind, data.to_string().as_bytes());
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.began, true) {
            let (id, model) = (self.said.id.as_deref(), self.said.model.as_deref());
            let response = head(&self.caller, id, model, "in_progress");
            self.event("response.created", json!({ "response": response }), out);
            self.event("response.in_progress", json!({ "response": response }), out);
        }
    }

    fn say(&mut self, kind: Kind, said: &str, out: &mut Vec<u8>) {
        self.said_bytes += said.len();
        self.begin(out);
        let Message { output, part, .. } = self.message(kind, out);
        let (name, logprobs) = match kind {
            Kind::Text => ("response.output_text.delta", Some([])),
            Kind::Refusal => ("response.refusal.delta", None),
        };
        let grown = Grown {
            r#type: name,
            sequence_number: self.sequence,
            item_id: self.caller.id(None, "msg_"),
            output_index: output,
            content_index: part,
            delta: said,
            logprobs,
        };
        self.sequence += 1;
        sse::write_json(out, name, &grown);
    }

    /// The message, open for a kind of content.
    fn message(&mut self, kind: Kind, out: &mut Vec<u8>) -> Message {
        let message = match self.message {
            Some(message) if message.kind == kind => return message,
            Some(message) => {
                self.end_part(message, out);
                Message { part: message.part + 1, kind, ..message }
            }
            None => {
                let output = self.next_output;
                self.next_output += 1;
                let item = item(&self.caller, "in_progress", Vec::new());
                let added = json!({"output_index": output, "item": item});
                self.event("response.output_item.added", added, out);
                Message { output, part: 0, kind }
            }
        };
        self.message = Some(message);
        let mut added = place(&self.caller, message);
        added["part"] = kind.part("");
        self.event("response.content_part.added", added, out);
        message
    }

    fn end_part(&mut self, message: Message, out: &mut Vec<u8>) {
        let said = match message.kind {
            Kind::Text => self.said.text.clone(),
            Kind::Refusal => self.said.refusal.clone(),
        };
        let (name, told) = message.kind.names();
        let mut done = place(&self.caller, message);
        done[told] = Value::from(said.as_str());
        message.kind.add_probabilities(&mut done);
        self.event(&format!("{name}.done"), done, out);
        let mut done = place(&self.caller, message);
        done["part"] = message.kind.part(&said);
        self.event("response.content_part.done", done, out);
    }

    /// A call is told when it has a name, with the arguments that came before it.
    fn call(&mut self, at: u64, out: &mut Vec<u8>) {
        if self.outputs.contains_key(&at) {
            return;
        }
        let named = self.said.calls.get(&at).filter(|call| !call.name.is_empty());
        let Some(call) = named.cloned() else { return };
        if self.outputs.len() == CALLS_MAX {
            return self.fail(&unreadable(), out);
        }
        self.begin(out);
        let output = self.next_output;
        self.next_output += 1;
        self.outputs.insert(at, output);
        let early = call.arguments.clone();
        // The end says the same again, whatever else the provider says by then.
        let id = Some(self.caller.call_id(call.id.as_deref(), "call_", at));
        if let Some(said) = self.said.calls.get_mut(&at) {
            said.id.clone_from(&id);
        }
        let empty = Called { id, arguments: String::new(), ..call };
        let item = function_call(&empty, at, "in_progress", &self.caller);
        self.event(
            "response.output_item.added",
            json!({"output_index": output, "item": item}),
            out,
        );
        if !early.is_empty() {
            self.grow(at, output, &early, out);
        }
    }

    fn arguments(&mut self, at: u64, text: &str, out: &mut Vec<u8>) {
        self.said_bytes += text.len();
        if let Some(output) = self.outputs.get(&at).copied() {
            self.grow(at, output, text, out);
        }
    }

    fn grow(&mut self, at: u64, output: u64, text: &str, out: &mut Vec<u8>) {
        let id = self.caller.call_id(None, "fc_", at);
        let delta = json!({"item_id": id, "output_index": output, "delta": text});
        self.event("response.function_call_arguments.delta", delta, out);
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<u8>) {
        self.begin(out);
        let mut response = self.response("failed");
        let code = openai::error::name(failure.class);
        response["error"] = json!({"code": code, "message": failure.message});
        self.event("response.failed", json!({ "response": response }), out);
        self.ended = true;
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        let (status, why) = ending(self.said.finish_reason);
        let mut output: BTreeMap<u64, Value> = BTreeMap::new();
        if let Some(open) = self.message {
            self.end_part(open, out);
            let Draft { text, refusal, .. } = &self.said;
            output.insert(open.output, message(text, refusal, status, &self.caller));
        }
        for (at, place) in self.outputs.clone() {
            let Some(call) = self.said.calls.get(&at).cloned() else { continue };
            let item = function_call(&call, at, "completed", &self.caller);
            let done = json!({
                "item_id": item["id"], "output_index": place, "name": call.name,
                "arguments": call.arguments,
            });
            self.event("response.function_call_arguments.done", done, out);
            output.insert(place, item);
        }
        for (place, item) in &output {
            let done = json!({"output_index": place, "item": item});
            self.event("response.output_item.done", done, out);
        }
        let mut response = self.response(status);
        response["incomplete_details"] = why;
        response["output"] = output.into_values().collect();
        add_usage(&mut response, self.said.usage.as_ref());
        self.event(&format!("response.{status}"), json!({ "response": response }), out);
        self.ended = true;
    }

    fn response(&self, status: &str) -> Value {
        head(&self.caller, self.said.id.as_deref(), self.said.model.as_deref(), status)
    }
}

fn place(caller: &Caller, message: Message) -> Value {
    json!({
        "item_id": caller.id(None, "msg_"),
        "output_index": message.output,
        "content_index": message.part,
    })
}
