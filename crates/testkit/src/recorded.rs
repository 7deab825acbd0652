//! Traffic and answers from recorded replies of real models.
//!
//! Content and correctness are real; the fortnight's schedule is synthetic, and so are the texts
//! where only the correctness was recorded: there a right answer is the token that the request
//! carries in `metadata.expected`, and a wrong one is another.
//!
//! It never scores: [`Recorded::counts`] counts the recorded `correct` flags.

mod stage;

use crate::{
    Error, LiveCall, chance,
    sim::{Answers, Asked, Said},
};
use bytes::Bytes;
use exchange::{SECOND_US, Timestamp};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

pub use stage::{CANDIDATE, Demand, REFERENCE};

/// What [`Answers`] says to a prompt that was never recorded.
pub const UNRECORDED: &str = "No answer to this prompt was recorded.";

/// A set of recorded answers.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The recorded prompts in order of time.
    pub items: Vec<Item>,
    by_prompt: BTreeMap<String, usize>,
    /// Whether replies were recorded as texts, or only whether they were right.
    has_texts: bool,
}

/// One prompt with what each model made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Line number in the file, from 0. The recorded ids are digests of the prompt, and some prompts
    /// occur twice with different outcomes, so they do not identify.
    pub row: usize,
    /// The recorded id.
    pub id: String,
    /// Microseconds from the start of the fortnight.
    pub offset_us: i64,
    /// The category.
    pub category: String,
    /// The prompt.
    pub prompt: String,
    /// What `metadata.expected` carries: the right answer, or the token that stands for it.
    pub expected: String,
    /// By model.
    pub answers: BTreeMap<String, RecordedAnswer>,
}

/// What one model made of one prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAnswer {
    /// Whether it was right, as recorded.
    pub correct: bool,
    /// What it said.
    pub text: String,
}

/// How often a model was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Answers.
    pub answers: u64,
    /// Right ones, as recorded.
    pub correct: u64,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    t_s: f64,
    category: String,
    prompt: String,
    expected: Option<String>,
    answers: Vec<RowAnswer>,
}

#[derive(Deserialize)]
struct RowAnswer {
    model: String,
    correct: bool,
    response: Option<String>,
}

impl Recorded {
    /// Reads a file of gzipped JSON lines.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Record`] for a line of another shape.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(Error::io(&name))?;
        let (mut items, mut has_texts) = (Vec::new(), false);
        for (row, line) in BufReader::new(GzDecoder::new(file)).lines().enumerate() {
            let line = line.map_err(Error::io(&name))?;
            let read = serde_json::from_str::<Row>(&line).map_err(|source| Error::Record {
                file: name.clone(),
                line: row + 1,
                source,
            })?;
            has_texts |= read.answers.iter().any(|answer| answer.response.is_some());
            items.push(item(row, read));
        }
        items.sort_by_key(|item| (item.offset_us, item.row));
        let by_prompt =
            items.iter().enumerate().map(|(index, item)| (item.prompt.clone(), index)).collect();
        Ok(Self { items, by_prompt, has_texts })
    }

    /// The first `count` items alone, for tests that want a part.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.items.truncate(count);
        self.by_prompt.retain(|_, index| *index < count);
        self
    }

    /// The set as live calls to `model` under the bearer `key`, from `start` on.
    #[must_use]
    pub fn calls(&self, start: Timestamp, model: &str, key: &str) -> Vec<LiveCall> {
        self.items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let metadata = json!({"expected": item.expected, "item": index.to_string()});
                let message = json!({"role": "user", "content": item.prompt});
                let body = json!({"model": model, "messages": [message], "metadata": metadata});
                LiveCall {
                    at: start.plus(item.offset_us),
                    path: "/v1/chat/completions".to_owned(),
                    headers: vec![
                        ("content-type".to_owned(), "application/json".to_owned()),
                        ("authorization".to_owned(), format!("Bearer {key}")),
                        ("x-foreshadow-category".to_owned(), item.category.clone()),
                    ],
                    body: Bytes::from(body.to_string()),
                    category: item.category.clone(),
                    conversation: format!("recorded-{index}"),
                    tenant: String::new(),
                }
            })
            .collect()
    }

    /// Category → model → how often it was right: a direct count over the file.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, BTreeMap<String, Count>> {
        let mut counts = BTreeMap::<String, BTreeMap<String, Count>>::new();
        for item in &self.items {
            let category = counts.entry(item.category.clone()).or_default();
            for (model, answer) in &item.answers {
                let count = category.entry(model.clone()).or_default();
                count.answers += 1;
                count.correct += u64::from(answer.correct);
            }
        }
        counts
    }

    /// The models that were recorded.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        let models = self.items.iter().flat_map(|item| item.answers.keys().cloned());
        models.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    fn asked(&self, asked: &Asked<'_>) -> Option<&Item> {
        let prompt = asked.last("user");
        let named = asked.metadata("item").and_then(|item| item.parse::<usize>().ok());
        let named = named.and_then(|index| self.items.get(index));
        named
            .filter(|item| item.prompt == prompt)
            .or_else(|| self.items.get(*self.by_prompt.get(prompt)?))
    }
}

impl Answers for Recorded {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let answer = self.asked(asked).and_then(|item| item.answers.get(asked.model));
        Said::Text(answer.map_or(UNRECORDED, |answer| answer.text.as_str()).to_owned())
    }
}

fn item(row: usize, read: Row) -> Item {
    let expected = read.expected.unwrap_or_else(|| token(row, "right"));
    let answers = read.answers.into_iter().map(|answer| {
        let text = answer.response.unwrap_or_else(|| {
            if answer.correct { expected.clone() } else { token(row, &answer.model) }
        });
        (answer.model, RecordedAnswer { correct: answer.correct, text })
    });
    let answers = answers.collect();
    Item {
        row,
        id: read.id,
        // The schedule's resolution is a millisecond; its seconds fit a float exactly.
        offset_us: (read.t_s * SECOND_US as f64).round() as i64,
        category: read.category,
        prompt: read.prompt,
        expected,
        answers,
    }
}

/// A token that no other (row, part) shares.
fn token(row: usize, part: &str) -> String {
    let mut token = chance::hex(0, &["token", &row.to_string(), part]);
    token.truncate(12);
    token
}
