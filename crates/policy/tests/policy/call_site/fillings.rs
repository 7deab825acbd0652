//! What programs fill into prompts: names, dates, ids, numbers, addresses, and retrieved documents of
//! any length. The same seed fills alike.

use policy::{Chance, chance::Purpose};

const FIRST: [&str; 16] = [
    "Alice",
    "Bob",
    "María",
    "Jean-Luc",
    "Zoë",
    "Wei",
    "Oluwaseun",
    "Priya",
    "Lars",
    "Fatima",
    "John",
    "Siobhán",
    "Will",
    "Mark",
    "Grace",
    "Hunter",
];
const LAST: [&str; 16] = [
    "Johnson",
    "de la Cruz",
    "O'Brien",
    "van der Berg",
    "Müller",
    "Nguyen",
    "Okafor",
    "McDonald",
    "F. Kennedy",
    "Sharma",
    "Øverland",
    "al Rashid",
    "Young",
    "Price",
    "Smith-Jones",
    "Li",
];
const COMPANIES: [&str; 12] = [
    "Acme",
    "Globex Corporation",
    "IBM",
    "Bank of America",
    "Stripe",
    "Umbrella Inc.",
    "SAP",
    "Marks & Spencer",
    "Initech",
    "3M",
    "Deutsche Bahn",
    "Wayne Enterprises",
];
const CITIES: [&str; 8] =
    ["Berlin", "New York", "Rio de Janeiro", "São Paulo", "Tokyo", "Paris", "The Hague", "Lagos"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SENTENCES: [&str; 14] = [
    "The parcel left our warehouse on 12 March and has not arrived since.",
    "Refunds are granted within 30 days of purchase, if the seal is unbroken.",
    "You must never open the case yourself; call a technician.",
    "Dr. Weber examined the patient (aged 54) and noted a mild fever.",
    "Is it possible to change the address of an order that was already sent?",
    "ACHTUNG: the valve must be closed before the pump is started!",
    "Revenue grew by 4.2 % to $1,234,567, while costs fell.",
    "\"I was told that somebody would call me back,\" she wrote, \"but nobody did.\"",
    "See https://help.example.com/articles/42?lang=en for the whole procedure.",
    "Shipping is free from 50 EUR; express costs 9.90 EUR more.",
    "The tenant shall give notice in writing no later than three months before.",
    "## Opening hours",
    "- Monday to Friday: 9:00 to 17:30",
    "| Model | Weight | Price |",
];

/// One call's worth of values.
pub(super) struct Filling {
    seed: u64,
}

impl Filling {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A template with every `{place}` filled, each place anew.
    pub(super) fn of(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        let mut place = 0;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, behind) = behind.split_once('}').unwrap();
            out.push_str(before);
            place += 1;
            out.push_str(&self.value(name, place));
            rest = behind;
        }
        out + rest
    }

    fn value(&self, name: &str, place: u64) -> String {
        let one = |of: &[&str], salt: &str| of[self.draw(salt, place) % of.len()].to_owned();
        let number = |salt: &str, most: usize| self.draw(salt, place) % most;
        match name {
            "first" => one(&FIRST, "first"),
            "name" => match number("how", 3) {
                0 => one(&FIRST, "first"),
                _ => format!("{} {}", one(&FIRST, "first"), one(&LAST, "last")),
            },
            "company" => one(&COMPANIES, "company"),
            "city" => one(&CITIES, "city"),
            "date" => format!("2026-{:02}-{:02}", number("m", 12) + 1, number("d", 28) + 1),
            "long_date" => format!(
                "{}, {} {}, 2026",
                one(&DAYS, "day"),
                one(&MONTHS, "m"),
                number("d", 28) + 1
            ),
            "time" => format!("{:02}:{:02}", number("h", 24), number("min", 60)),
            "number" => format!("{}", number("n", 100_000)),
            "money" => format!("${}.{:02}", number("usd", 5000), number("cent", 100)),
            "id" => format!("ord_{:x}{}", self.draw("id", place) | 0xF000, number("i", 10)),
            "uuid" => format!(
                "{:08x}-{:04x}-7abc-8def-{:012x}",
                number("a", 1 << 32),
                number("b", 1 << 16),
                number("c", 1 << 48)
            ),
            "email" => format!("{}{}@example.com", one(&FIRST, "first"), number("n", 99)),
            "url" => format!("https://example.com/{}/{:x}", one(&CITIES, "c"), number("n", 9999)),
            "words" => self.documents(place, 1, 1),
            "docs" => self.documents(place, 1 + number("docs", 40), 6),
            "tagged" => self.tagged(place, 1 + number("docs", 12)),
            other => panic!("there is no filling {other}"),
        }
    }

    /// So many paragraphs of up to so many sentences, each on the next line or behind the last one.
    fn documents(&self, place: u64, paragraphs: usize, sentences: usize) -> String {
        let mut out = String::new();
        for paragraph in 0..paragraphs {
            let of = |salt: &str, most: usize| {
                self.draw(&format!("{salt}{paragraph}"), place) % most.max(1)
            };
            for sentence in 0..=of("sentences", sentences) {
                let at = of(
                    &format!("which{sentence}"),
                    SENTENCES.len() - 3 * usize::from(sentences == 1),
                );
                if !out.is_empty() {
                    out.push_str(["\n", " ", "\n\n"][of(&format!("gap{sentence}"), 3)]);
                }
                out.push_str(SENTENCES[at]);
            }
        }
        out
    }

    fn tagged(&self, place: u64, documents: usize) -> String {
        let one = |index: usize| {
            let text = self.documents(place * 100 + index as u64, 2, 4);
            format!("<document index=\"{index}\">\n{text}\n</document>")
        };
        (0..documents).map(one).collect::<Vec<_>>().join("\n")
    }

    fn draw(&self, salt: &str, place: u64) -> usize {
        let ids = [salt, &place.to_string(), &self.seed.to_string()];
        (Chance::of("fillings", Purpose::Plan, &ids).value() * 2_f64.powi(53)) as usize
    }
}
