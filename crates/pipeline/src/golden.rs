use std::collections::BTreeMap;

/// Cases that every model of a category is asked now and again, so that one notices when a model, or
/// what answers under its name, is another than before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Golden {
    /// How often `up` asks them; `None` leaves it to the command.
    pub every_hours: Option<u32>,
    /// The cases.
    pub cases: Vec<GoldenCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldenCase {
    /// Its name, unique in its category.
    pub name: String,
    /// The category whose candidates and scorers it is for.
    pub category: String,
    /// The reference: the model that is asked beside the candidates.
    pub model: String,
    /// What is asked.
    pub call: GoldenCall,
    /// What scorers read as the call's metadata, the expected answer among it. It is sent to nobody.
    pub metadata: BTreeMap<String, String>,
    /// An answer that is good, to compare with instead of what the reference says each time.
    pub answer: Option<String>,
}

/// What a case asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoldenCall {
    /// Words alone.
    Prompt {
        /// The system prompt.
        system: Option<String>,
        /// The user's message.
        prompt: String,
    },
    /// The body of a call, as the reference's provider takes it: a JSON object.
    Body(String),
}
