//! What the models say: right or wrong as the declared truth has it.

use super::{JUDGE, MINI, SECOND, World, category::Category, judge, question, truth};
use crate::{
    chance,
    sim::{Answers, Asked, Said},
};
use serde_json::Value;

/// What a model says to a call that the world never sent.
const UNKNOWN: &str = "I am a simulated model, and I do not know this task.";

impl Answers for World {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        if asked.model == JUDGE {
            return Said::Text(judge::judge(self.seed, asked.last("user")));
        }
        let Some(category) = Category::of(asked.first("system")) else {
            return Said::Text(UNKNOWN.to_owned());
        };
        let right = self.is_right(category, asked);
        let prompt = asked.last("user");
        let expected = asked.metadata("expected").unwrap_or("");
        Said::Text(match category {
            Category::Assist => return Said::Tools(vec![self.booking(asked)]),
            Category::Summarize => summary(asked.model, prompt, right),
            Category::Rewrite => rewritten(asked.model, expected, right),
            _ if right => expected.to_owned(),
            Category::Extract => wrong_invoice(self.seed, asked, expected),
            Category::Classify => other_label(expected),
            Category::LegalReview => other(expected, "sign", "renegotiate"),
            // A wrong day, count or sum: every digit moved on by one.
            Category::Translate | Category::Math | Category::Faq | Category::Qa => {
                shifted(expected)
            }
        })
    }
}

impl World {
    /// Whether the model gets the question right. Its luck is mostly the question's: what is hard
    /// for one model is hard for another.
    fn is_right(self, category: Category, asked: &Asked<'_>) -> bool {
        let identity = asked.identity.as_str();
        let shared = chance::unit(self.seed, &["shared", identity]) < truth::SHARED_LUCK;
        let luck = if shared {
            chance::unit(self.seed, &["luck", identity])
        } else {
            chance::unit(self.seed, &["own luck", asked.model, identity])
        };
        let quality = match asked.metadata("release") {
            Some(SECOND) if asked.model == MINI => truth::TURNED_QUALITY,
            Some(_) | None => truth::quality(category, asked.model, asked.last("user")),
        };
        luck < quality
    }

    /// One of two equally good bookings; asked again under another key, perhaps the other.
    fn booking(self, asked: &Asked<'_>) -> exchange::ToolCall {
        let occasion = ["time", asked.model, asked.key, &asked.identity];
        let [first, second] = question::FREE_TIMES;
        let usual = chance::unit(self.seed, &occasion) < truth::FIRST_TIME;
        question::booking(asked.last("user"), if usual { first } else { second })
    }
}

fn summary(model: &str, prompt: &str, right: bool) -> String {
    let filed = prompt.split_once(question::ON_FILE).map_or("", |(_, rest)| rest);
    let filed = filed.split_once('.').map_or("", |(outcome, _)| outcome);
    let (case, outcome) = filed.split_once(question::CLOSED_WITH).unwrap_or((filed, ""));
    let outcome = if right { outcome.to_owned() } else { shifted(outcome) };
    let (short, closed) = (question::IN_SHORT, question::CLOSED_WITH);
    // Models differ in words as well as in truth.
    let tail = if model == super::REFERENCE { " The parcel had come late." } else { "" };
    format!("{short}{case}{closed}{outcome}.{tail}")
}

fn rewritten(model: &str, order: &str, right: bool) -> String {
    let order = if right { order.to_owned() } else { shifted(order) };
    let thanks =
        if model == super::REFERENCE { "We are sorry for the wait" } else { "Sorry about this" };
    format!("Hello! {thanks}; we are looking after {order} and will write again tomorrow.")
}

/// Half the wrong invoices break the schema, half are well-formed and untrue.
fn wrong_invoice(seed: u64, asked: &Asked<'_>, expected: &str) -> String {
    let mut fields = serde_json::from_str::<Value>(expected).unwrap_or_default();
    let breaks = chance::unit(seed, &["breaks", asked.model, &asked.identity]) < 0.5;
    if let Some(fields) = fields.as_object_mut() {
        if breaks {
            fields.remove("number");
        } else {
            let total = fields.get("total").and_then(Value::as_u64).unwrap_or(0);
            fields.insert("total".to_owned(), Value::from(total + 1));
        }
    }
    fields.to_string()
}

fn other_label(expected: &str) -> String {
    other(expected, "technical", "billing")
}

fn other(expected: &str, usual: &str, instead: &str) -> String {
    if expected == usual { instead } else { usual }.to_owned()
}

/// The text with every digit moved on by one.
fn shifted(text: &str) -> String {
    let shift = |letter: char| match letter.to_digit(10) {
        Some(digit) => char::from_digit((digit + 1) % 10, 10).unwrap_or(letter),
        None => letter,
    };
    text.chars().map(shift).collect()
}
