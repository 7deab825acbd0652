//! What a call asks, in no dialect's words: what every reader of a call makes, and every writer of one
//! takes.

use super::Impossible;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// A call, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prompt {
    /// What stands before the first turn.
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) tools: Vec<Tool>,
    /// None where the model chooses freely, as it does unless told otherwise.
    pub(crate) tool_choice: Option<ToolChoice>,
    /// Whether it may call one tool at a time only.
    pub(crate) one_call: bool,
    pub(crate) format: Format,
    pub(crate) sampling: Sampling,
    /// How much the model shall reason, in the words that the two forms of one dialect share.
    pub(crate) effort: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) called: CallsMade,
}

/// The calls of tools in the turns so far, found without looking through all of them: a call of many turns
/// would be looked through for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CallsMade {
    calls: usize,
    /// The tool's name by the call's id, and the call's id by the tool's name: the last counts.
    names: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    /// The ids of the assistant's last turn by the tool's name, in their order.
    latest: BTreeMap<String, Vec<String>>,
}

impl CallsMade {
    fn take(&mut self, part: &Part) {
        let Part::Call(ToolCall { id, name, .. }) = part else { return };
        self.calls += 1;
        self.names.insert(id.clone(), name.clone());
        self.ids.insert(name.clone(), id.clone());
        self.latest.entry(name.clone()).or_default().push(id.clone());
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) voice: Voice,
    pub(crate) text: String,
}

/// Who gives an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    System,
    Developer,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part>,
}

/// Who speaks a turn. Results of tools are parts of the user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
    /// An instruction between the turns.
    Instructor(Voice),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Refusal(String),
    Image { source: Source, detail: Option<String> },
    File { source: Source, name: Option<String> },
    Audio { source: Source },
    Call(ToolCall),
    Result(ToolResult),
}

impl Part {
    /// Its text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Refusal(_)
            | Self::Image { .. }
            | Self::File { .. }
            | Self::Audio { .. }
            | Self::Call(_)
            | Self::Result(_) => None,
        }
    }
}

/// Where media lie.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// In the call itself, in base64.
    Inline {
        media_type: String,
        data: String,
    },
    Link(String),
    /// A document that is text.
    Text(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    /// As the model wrote them: JSON text, perhaps broken.
    pub(crate) arguments: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolResult {
    /// The call that it answers.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) is_error: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// JSON Schema of its arguments; none where it takes none.
    pub(crate) schema: Option<Value>,
    /// Whether arguments are held to the schema.
    pub(crate) is_strict: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    None,
    Required,
    Named(String),
}

/// The form of the reply.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Text,
    JsonObject,
    Schema(Held),
}

/// A schema that the reply is held to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) schema: Value,
    /// Whether it is held to it in earnest.
    pub(crate) is_strict: bool,
}

/// How the reply is drawn, and where it ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sampling {
    pub(crate) output_tokens_max: Option<u64>,
    pub(crate) temperature: Option<Number>,
    pub(crate) top_p: Option<Number>,
    pub(crate) top_k: Option<Number>,
    pub(crate) seed: Option<Number>,
    pub(crate) presence_penalty: Option<Number>,
    pub(crate) frequency_penalty: Option<Number>,
    pub(crate) stop: Vec<String>,
}

impl Prompt {
    /// Adds an instruction, where it stands: before the first turn, or between the turns.
    pub(crate) fn instruct(&mut self, voice: Voice, texts: impl Iterator<Item = String>) {
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        if self.turns.is_empty() {
            self.instructions.extend(texts.into_iter().map(|text| Instruction { voice, text }));
        } else {
            let parts = texts.into_iter().map(Part::Text).collect();
            self.say(Role::Instructor(voice), parts);
        }
    }

    /// Adds a turn, unless it says nothing.
    pub(crate) fn say(&mut self, role: Role, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        if role == Role::Assistant {
            self.called.latest.clear();
        }
        parts.iter().for_each(|part| self.called.take(part));
        self.turns.push(Turn { role, parts });
    }

    /// Adds to the last turn if it is of the same role: the items of some forms are parts of turns.
    pub(crate) fn say_on(&mut self, role: Role, part: Part) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => {
                self.called.take(&part);
                turn.parts.push(part);
            }
            Some(_) | None => self.say(role, vec![part]),
        }
    }

    /// Takes out what is said in white space alone, and turns that say nothing else; whether there was any.
    pub(crate) fn take_blanks(&mut self) -> bool {
        let mut any = false;
        self.instructions.retain(|it| !is_blank(&it.text, &mut any));
        self.turns.retain_mut(|turn| {
            turn.parts.retain_mut(|part| match part {
                Part::Text(text) | Part::Refusal(text) => !is_blank(text, &mut any),
                Part::Result(result) => {
                    result
                        .parts
                        .retain(|part| !part.text().is_some_and(|it| is_blank(it, &mut any)));
                    true
                }
                Part::Image { .. } | Part::File { .. } | Part::Audio { .. } | Part::Call(_) => true,
            });
            !turn.parts.is_empty()
        });
        any
    }

    /// The number of the next call: what a call without an id is named by.
    pub(crate) fn next_call(&self) -> usize {
        self.called.calls + 1
    }

    /// The name of the tool that a result comes from.
    pub(crate) fn called(&self, id: &str) -> Result<String, Impossible> {
        let name = self.called.names.get(id).cloned();
        name.ok_or_else(|| Impossible::new("messages", "a tool's result answers no call"))
    }

    /// The last call of a tool.
    pub(crate) fn last_call_of(&self, name: &str) -> Option<&str> {
        self.called.ids.get(name).map(String::as_str)
    }

    /// The nth call of a tool, from zero, in the assistant's last turn.
    pub(crate) fn latest_call_of(&self, name: &str, nth: usize) -> Option<&str> {
        self.called.latest.get(name)?.get(nth).map(String::as_str)
    }

    /// Takes back what decides nothing: a choice without tools, and how many are called of none.
    pub(crate) fn settle(&mut self) {
        if self.tools.is_empty() {
            self.tool_choice = None;
        }
        if self.tools.is_empty() || self.tool_choice == Some(ToolChoice::None) {
            self.one_call = false;
        }
    }

    /// Calls are told apart by their ids, whatever the form.
    pub(crate) fn check_ids(&self) -> Result<(), Impossible> {
        if self.called.names.len() == self.called.calls {
            Ok(())
        } else {
            Err(Impossible::new("messages", "two tool calls have the same id"))
        }
    }

    /// Takes the turns, those of one role that follow each other as one, and none of an instructor.
    pub(crate) fn take_alternating(&mut self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for turn in std::mem::take(&mut self.turns) {
            match turns.last_mut() {
                Some(last) if last.role == turn.role => last.parts.extend(turn.parts),
                Some(_) | None if matches!(turn.role, Role::Instructor(_)) => {}
                Some(_) | None => turns.push(turn),
            }
        }
        turns
    }

    /// Instructions wherever they stand, in their order.
    pub(crate) fn all_instructions(&self) -> Vec<Instruction> {
        let between = self.turns.iter().flat_map(|turn| {
            let voice = match turn.role {
                Role::Instructor(voice) => Some(voice),
                Role::User | Role::Assistant => None,
            };
            turn.parts.iter().filter_map(move |part| match (voice, part) {
                (Some(voice), Part::Text(text)) => Some(Instruction { voice, text: text.clone() }),
                _ => None,
            })
        });
        self.instructions.iter().cloned().chain(between).collect()
    }
}

/// Whether a text is white space alone, which `any` then remembers.
fn is_blank(text: &str, any: &mut bool) -> bool {
    let is_blank = text.trim().is_empty();
    *any |= is_blank;
    is_blank
}

impl Turn {
    /// The texts of its parts.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.parts.iter().filter_map(Part::text).map(str::to_owned).collect()
    }
}
