use serde_json::{Value, json};

/// A family of calls: what one place in the application's code sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Classify,
    Extract,
    Summarize,
    Rewrite,
    Assist,
    Translate,
    Math,
    LegalReview,
    Faq,
    Qa,
}

impl Category {
    pub(crate) const ALL: [Self; 10] = [
        Self::Classify,
        Self::Extract,
        Self::Summarize,
        Self::Rewrite,
        Self::Assist,
        Self::Translate,
        Self::Math,
        Self::LegalReview,
        Self::Faq,
        Self::Qa,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classify => "classify",
            Self::Extract => "extract",
            Self::Summarize => "summarize",
            Self::Rewrite => "rewrite",
            Self::Assist => "assist",
            Self::Translate => "translate",
            Self::Math => "math",
            Self::LegalReview => "legal-review",
            Self::Faq => "faq",
            Self::Qa => "qa",
        }
    }

    /// The category that a call with this system prompt belongs to.
    pub(crate) fn of(system: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.system() == system)
    }

    pub(crate) fn system(self) -> &'static str {
        match self {
            Self::Classify => {
                "You sort support tickets. Answer with exactly one of: billing, shipping, returns, \
                 account, technical."
            }
            Self::Extract => "You read invoices. Answer with the invoice's fields as JSON.",
            Self::Summarize => {
                "You summarise support cases for the next shift in one sentence that begins with \
                 `In short:`."
            }
            Self::Rewrite => {
                "You rewrite agents' notes as polite messages to customers. Keep the order number."
            }
            Self::Assist => "You book appointments with the tool that you are given.",
            Self::Translate => "You translate shipping notices from English into German.",
            Self::Math => "You do sums. Answer with the number alone.",
            Self::LegalReview => {
                "You review contract clauses. Answer with exactly one of: sign, renegotiate."
            }
            Self::Faq => {
                "You answer shoppers' questions from the policy. Answer with the number alone."
            }
            Self::Qa => {
                "You answer staff questions from the handbook. Answer with the number alone."
            }
        }
    }

    /// Conversations on one day, where a full category has `size`.
    pub(crate) fn conversations(self, size: usize) -> usize {
        // In twenty-fourths of a full category: as much as its outcome needs, and little more.
        let share = match self {
            Self::Classify => 24,
            Self::Extract | Self::Rewrite | Self::Assist | Self::Qa => 30,
            Self::Summarize => 36,
            Self::Translate => 18,
            Self::Math => 8,
            // Too little traffic is what this one is for, whatever the size.
            Self::LegalReview => return 2,
            Self::Faq => 20,
        };
        (size * share / 24).max(1)
    }

    /// How many turns the `number`th conversation of a day has.
    pub(crate) fn turns(self, number: usize) -> usize {
        match self {
            Self::Translate => [1, 3, 1, 2][number % 4],
            Self::Rewrite | Self::Math => [1, 1, 1, 2][number % 4],
            Self::Classify
            | Self::Extract
            | Self::Summarize
            | Self::Assist
            | Self::LegalReview
            | Self::Faq
            | Self::Qa => 1,
        }
    }

    /// Whether the `number`th conversation of a day is streamed.
    pub(crate) fn streams(self, number: usize) -> bool {
        match self {
            Self::Summarize | Self::Rewrite | Self::Assist | Self::Translate => {
                number.is_multiple_of(3)
            }
            Self::Classify
            | Self::Extract
            | Self::Math
            | Self::LegalReview
            | Self::Faq
            | Self::Qa => false,
        }
    }

    /// Whether the application names the category in a header. The others are found by rules.
    pub(crate) fn is_declared(self) -> bool {
        matches!(self, Self::Classify | Self::LegalReview | Self::Faq)
    }

    pub(crate) fn response_format(self) -> Option<Value> {
        if self != Self::Extract {
            return None;
        }
        let schema = json!({
            "type": "object",
            "properties": {
                "currency": {"type": "string", "enum": ["EUR", "USD", "GBP"]},
                "number": {"type": "string", "pattern": "^INV-[0-9]+$"},
                "total": {"type": "number", "minimum": 0},
                "vendor": {"type": "string"},
            },
            "required": ["currency", "number", "total", "vendor"],
            "additionalProperties": false,
        });
        let named = json!({"name": "invoice", "strict": true, "schema": schema});
        Some(json!({"type": "json_schema", "json_schema": named}))
    }

    pub(crate) fn tools(self) -> Option<Value> {
        if self != Self::Assist {
            return None;
        }
        let parameters = json!({
            "type": "object",
            "properties": {
                "customer": {"type": "string"},
                "day": {"type": "string"},
                "time": {"type": "string"},
            },
            "required": ["customer", "day", "time"],
        });
        let function = json!({
            "name": "book_appointment",
            "description": "Books an appointment.",
            "parameters": parameters,
        });
        Some(json!([{"type": "function", "function": function}]))
    }
}
