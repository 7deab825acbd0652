use serde::{Deserialize, Serialize};

/// What a pipeline sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Beginnings of a refusal; the usual English ones if none are set.
    #[serde(default = "default_phrases")]
    pub phrases: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { phrases: default_phrases() }
    }
}

fn default_phrases() -> Vec<String> {
    let phrases = [
        "as an ai",
        "i am not able to",
        "i am sorry, but i can",
        "i am unable to",
        "i apologize, but i can",
        "i can't assist",
        "i can't help",
        "i can't provide",
        "i cannot assist",
        "i cannot help",
        "i cannot provide",
        "i'm not able to",
        "i'm sorry, but i can",
        "i'm unable to",
        "sorry, but i can",
        "sorry, i can",
    ];
    phrases.map(str::to_owned).to_vec()
}
