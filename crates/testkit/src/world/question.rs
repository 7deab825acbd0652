//! What the application asks.

use super::{category::Category, truth};
use crate::chance;
use exchange::ToolCall;
use serde_json::json;

/// A prompt of at least so many bytes is a long one. Short ones stay under 900, long ones lie over
/// 2,500, which no tokenizer confuses.
pub(crate) const LONG_BYTES_MIN: usize = 1500;

/// One question.
pub(crate) struct Question {
    /// What the user says.
    pub(crate) text: String,
    /// What a right reply says, as a later turn's history shows it.
    pub(crate) right: String,
    /// What a rule holds the reply against; `None` where no rule does.
    pub(crate) expected: Option<String>,
}

/// What stands before the outcome in a case's file, and in a summary of it.
pub(crate) const ON_FILE: &str = "On file: case ";
pub(crate) const IN_SHORT: &str = "In short: case ";
/// What stands between a case's number and its outcome.
pub(crate) const CLOSED_WITH: &str = " closed with ";

const LABELS: [&str; 5] = ["billing", "shipping", "returns", "account", "technical"];
const NAMES: [&str; 8] = ["Ada", "Bo", "Cleo", "Dag", "Esme", "Finn", "Greta", "Hugo"];
const GOODS: [(&str, &str); 6] = [
    ("boxes", "Kisten"),
    ("pallets", "Paletten"),
    ("crates", "Kästen"),
    ("drums", "Fässer"),
    ("sacks", "Säcke"),
    ("rolls", "Rollen"),
];
const DAYS: [(&str, &str); 5] = [
    ("Monday", "Montag"),
    ("Tuesday", "Dienstag"),
    ("Wednesday", "Mittwoch"),
    ("Thursday", "Donnerstag"),
    ("Friday", "Freitag"),
];
const FILLER: [&str; 8] = [
    "Shelves are counted on the last working day of each month, and differences go to the manager.",
    "Visitors sign in at the front desk and wear a badge for as long as they are in the building.",
    "Parcels that arrive damaged are photographed before they are opened, and the photo is kept.",
    "Keys to the cold store are handed over in person, never left on a desk or in a drawer.",
    "Deliveries before seven in the morning need the consent of the site lead in writing.",
    "Returned items are inspected within one shift and labelled with the reason of the return.",
    "The forklift is charged overnight, and only trained staff may move it out of its bay.",
    "Complaints are answered in the language in which they were made, if anybody speaks it.",
];
/// Sentences before and after the one that matters, in a long prompt.
const FILLER_SENTENCES: usize = 16;

/// Whether a prompt is a long one.
pub(crate) fn is_long(prompt: &str) -> bool {
    prompt.len() >= LONG_BYTES_MIN
}

/// The two free times of a request for an appointment: the usual choice first.
pub(crate) const FREE_TIMES: [&str; 2] = ["14:00", "15:30"];

impl Question {
    /// The question of one turn of a conversation, the `count`th of its category over all days.
    pub(crate) fn new(seed: u64, category: Category, count: usize, turn: usize) -> Self {
        let dice = Dice { seed, occasion: format!("{} {count}/{turn}", category.name()) };
        match category {
            Category::Classify => classify(&dice),
            Category::Extract => extract(&dice),
            Category::Summarize => summarize(&dice),
            Category::Rewrite => rewrite(&dice),
            Category::Assist => assist(&dice),
            Category::Translate => translate(&dice),
            Category::Math => math(&dice),
            Category::LegalReview => legal_review(&dice),
            Category::Faq | Category::Qa => handbook(&dice, count),
        }
    }
}

/// Draws for one question.
struct Dice {
    seed: u64,
    occasion: String,
}

impl Dice {
    fn below(&self, what: &str, count: usize) -> usize {
        chance::below(self.seed, &[what, &self.occasion], count)
    }

    fn pick<'a>(&self, what: &str, choices: &[&'a str]) -> &'a str {
        chance::pick(self.seed, &[what, &self.occasion], choices)
    }

    fn pair(&self, choices: &[(&'static str, &'static str)]) -> (&'static str, &'static str) {
        let english = choices.iter().map(|(english, _)| *english).collect::<Vec<_>>();
        let english = self.pick("pair", &english);
        choices.iter().copied().find(|(of, _)| *of == english).unwrap_or(("", ""))
    }

    /// A number that no other question has: the same question twice would be the same luck twice.
    fn serial(&self) -> String {
        let mut serial = chance::hex(self.seed, &["serial", &self.occasion]);
        serial.truncate(10);
        u64::from_str_radix(&serial, 16).unwrap_or(0).to_string()
    }
}

fn ruled(text: String, expected: String) -> Question {
    Question { text, right: expected.clone(), expected: Some(expected) }
}

fn classify(dice: &Dice) -> Question {
    let label = dice.pick("label", &LABELS);
    let complaint = match label {
        "billing" => "I was charged twice for the same month",
        "shipping" => "my parcel has not moved for a week",
        "returns" => "I want to send the blue jacket back",
        "account" => "I cannot change the address of my login",
        _ => "the app closes whenever I open the camera",
    };
    let name = dice.pick("name", &NAMES);
    let text = format!("Ticket {} from {name}: {complaint}. Please help.", dice.serial());
    ruled(text, label.to_owned())
}

fn extract(dice: &Dice) -> Question {
    let vendor = format!("{} & Sons", dice.pick("vendor", &NAMES));
    let currency = dice.pick("currency", &["EUR", "USD", "GBP"]);
    let number = format!("INV-{}", dice.serial());
    let total = 10 + dice.below("total", 9000);
    let text = format!(
        "{vendor}, Quay 4\nInvoice {number}\nThree items, delivered free.\nTotal due: {currency} {total}"
    );
    let fields = json!({"currency": currency, "number": number, "total": total, "vendor": vendor});
    ruled(text, fields.to_string())
}

fn summarize(dice: &Dice) -> Question {
    let (name, case) = (dice.pick("name", &NAMES), dice.serial());
    let amount = 20 + dice.below("amount", 900);
    let outcome = dice.pick("outcome", &["a refund of", "a voucher for", "a credit of"]);
    let text = format!(
        "{name} wrote twice this week because a parcel came late and one item was missing. The agent \
         asked the depot, which found the item on the wrong shelf, and offered to send it again. \
         {name} declined. {ON_FILE}{case}{CLOSED_WITH}{outcome} {amount} dollars. {name} was thanked \
         for the patience shown, and the depot was asked to check its labels."
    );
    let right = format!("{IN_SHORT}{case}{CLOSED_WITH}{outcome} {amount} dollars.");
    Question { text, right, expected: None }
}

fn rewrite(dice: &Dice) -> Question {
    let (name, order) = (dice.pick("name", &NAMES), dice.serial());
    let note = dice.pick("note", &["lost by carrier, resend", "back in stock, ships soon"]);
    let text = format!("Note for {name}: order {order} {note}. No apology given yet.");
    let expected = format!("order {order}");
    let right = format!("Dear {name}, thank you for your patience with {expected}.");
    Question { text, right, expected: Some(expected) }
}

fn assist(dice: &Dice) -> Question {
    let (name, (day, _)) = (dice.pick("name", &NAMES), dice.pair(&DAYS));
    let customer = format!("{name} {}", dice.serial());
    let [first, second] = FREE_TIMES;
    let text = format!(
        "Customer: {customer}. Wants: {day}, some time in the afternoon. Free: {first} and {second}."
    );
    Question { text, right: format!("Booked for {day}."), expected: None }
}

/// The booking that a reply to `text` makes at `time`.
pub(crate) fn booking(text: &str, time: &str) -> ToolCall {
    let between = |from: &str, to: &str| {
        let rest = text.split_once(from).map_or("", |(_, rest)| rest);
        rest.split_once(to).map_or("", |(part, _)| part).to_owned()
    };
    let (customer, day) = (between("Customer: ", "."), between("Wants: ", ","));
    let arguments = json!({"customer": customer, "day": day, "time": time});
    ToolCall { name: "book_appointment".to_owned(), arguments: arguments.to_string() }
}

fn translate(dice: &Dice) -> Question {
    let ((goods, waren), (day, tag)) = (dice.pair(&GOODS), dice.pair(&DAYS));
    let (count, order) = (2 + dice.below("count", 90), dice.serial());
    let text = format!("Order {order}: {count} {goods} will arrive on {day}.");
    ruled(text, format!("Auftrag {order}: {count} {waren} kommen am {tag} an."))
}

fn math(dice: &Dice) -> Question {
    let (one, other) = (11 + dice.below("one", 80), 11 + dice.below("other", 80));
    let text = format!(
        "Slip {}: {one} racks hold {other} jars each, and 7 jars are broken. How many are whole?",
        dice.serial()
    );
    ruled(text, (one * other - 7).to_string())
}

fn legal_review(dice: &Dice) -> Question {
    let days = 10 + dice.below("days", 90);
    let text = format!(
        "Clause {}: either party may end this agreement with {days} days' notice. House rule: no less \
         than 30 days.",
        dice.serial()
    );
    ruled(text, if days < 30 { "renegotiate" } else { "sign" }.to_owned())
}

/// A question about a handbook: a paragraph of it, or the whole.
fn handbook(dice: &Dice, count: usize) -> Question {
    let days = 2 + dice.below("days", 96);
    let rule = format!("Items of form {} may be returned within {days} days.", dice.serial());
    let sentences = if count % truth::LONG_OF >= truth::LONG_FROM { FILLER_SENTENCES } else { 1 };
    let filler = |part: &str| {
        let sentence = |index| dice.pick(&format!("{part}{index}"), &FILLER);
        (0..sentences).map(sentence).collect::<Vec<_>>().join(" ")
    };
    let (before, after) = (filler("before"), filler("after"));
    let text = format!("{before} {rule} {after}\n\nWithin how many days may those be returned?");
    ruled(text, days.to_string())
}
