/// What a wrong reply would do: it sets a category's bar, margin and threshold where the category
/// does not write them itself.
///
/// | risk | bar | margin | threshold | a wrong reply |
/// | --- | --- | --- | --- | --- |
/// | low | 0.85 | 0.08 | 0.90 | is noticed and costs a second try |
/// | medium | 0.90 | 0.05 | 0.95 | costs somebody time or trust |
/// | high | 0.97 | 0.02 | 0.99 | costs money, or cannot be taken back |
///
/// The figures are choices, not findings: medium is what holds without a tier, low accepts about half
/// as much again of bad replies and twice its chance of a wrong promotion, high less than a half and
/// a fifth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Risk {
    /// A wrong reply is noticed and costs a second try.
    Low,
    /// It costs somebody time or trust.
    Medium,
    /// It costs money, or cannot be taken back.
    High,
}

impl Risk {
    /// Every tier, from the least.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The tier's name in pipelines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The least acceptable quality, in absolute modes.
    #[must_use]
    pub fn bar(self) -> f64 {
        match self {
            Self::Low => 0.85,
            Self::Medium => 0.90,
            Self::High => 0.97,
        }
    }

    /// How much worse than the reference a candidate may be, in paired modes.
    #[must_use]
    pub fn margin(self) -> f64 {
        match self {
            Self::Low => 0.08,
            Self::Medium => 0.05,
            Self::High => 0.02,
        }
    }

    /// The adjusted confidence that a promotion needs.
    #[must_use]
    pub fn threshold(self) -> f64 {
        match self {
            Self::Low => 0.90,
            Self::Medium => 0.95,
            Self::High => 0.99,
        }
    }
}
