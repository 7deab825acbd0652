//! Numbers in texts, compared exactly: `1,234.50` is `1234.5`, whatever its length. Floats would
//! lose digits of long numbers and make different ones equal.

use std::fmt;

/// How far apart two numbers may be and still be the same.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tolerance {
    /// As a share of the wanted number, from 0 to below 1.
    pub(crate) relative: f64,
    /// As a number.
    pub(crate) absolute: f64,
}

impl Tolerance {
    /// Refuses what would make every number the same, or none.
    pub(crate) fn new(relative: f64, absolute: f64) -> Result<Self, String> {
        if !(0.0..1.0).contains(&relative) {
            return Err(format!("`tolerance` is {relative}: write a share from 0 to below 1"));
        }
        if !(0.0..f64::INFINITY).contains(&absolute) {
            return Err(format!("`absolute` is {absolute}: write a number from 0"));
        }
        Ok(Self { relative, absolute })
    }

    /// Whether `found` is near enough. What is not finite is near nothing.
    pub(crate) fn allows(&self, found: f64, wanted: f64) -> bool {
        if !found.is_finite() || !wanted.is_finite() {
            return false;
        }
        let allowed = self.absolute.max(self.relative * wanted.abs());
        // What binary fractions lose must not turn 0.4 and 0.3 into more than 0.1 apart.
        let lost = 4.0 * f64::EPSILON * found.abs().max(wanted.abs());
        allowed > 0.0 && (found - wanted).abs() <= allowed + lost
    }
}

/// A decimal number in lowest terms: `digits` (no zeros at either end) times ten to `exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Number {
    /// The last number in `text`, which is where a model that reasons aloud puts its answer.
    pub(crate) fn last_in(text: &str) -> Option<Self> {
        let (mut at, mut last) = (0, None);
        while let Some(offset) = text.as_bytes()[at..].iter().position(u8::is_ascii_digit) {
            let start = at + offset;
            at = end_of_number(text.as_bytes(), start);
            last = Some((start, at));
        }
        last.map(|(start, end)| Self::read(is_negative(&text[..start]), &text[start..end]))
    }

    /// The number that `text` is, with nothing beside it but a sign and a currency.
    pub(crate) fn whole(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.trim_start_matches(['-', '\u{2212}', '+', '$', '€', '£']);
        let starts = unsigned.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let is_all = starts && end_of_number(unsigned.as_bytes(), 0) == unsigned.len();
        let sign = &text[..text.len() - unsigned.len()];
        is_all.then(|| Self::read(is_negative(sign), unsigned))
    }

    /// For comparison within a tolerance only.
    pub(crate) fn approximate(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    fn read(negative: bool, text: &str) -> Self {
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let beyond = if power.starts_with('-') { i64::MIN } else { i64::MAX };
        let power = power.parse::<i64>().unwrap_or(beyond);
        let digits = [whole, fraction].concat().replace(',', "");
        let significant = digits.trim_end_matches('0');
        let places = (digits.len() - significant.len()) as i64 - fraction.len() as i64;
        let digits = significant.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        Self { negative, digits, exponent: power.saturating_add(places) }
    }
}

/// A text that is the same for every spelling of the number.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(out, "{sign}0{}e{}", self.digits, self.exponent)
    }
}

/// Digits, thousands by commas, a fraction, a power of ten.
fn end_of_number(bytes: &[u8], start: usize) -> usize {
    let digits_from = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut end = digits_from(start);
    while bytes.get(end) == Some(&b',') && digits_from(end + 1) == end + 4 {
        end += 4;
    }
    if bytes.get(end) == Some(&b'.') {
        end = Some(digits_from(end + 1)).filter(|fraction| *fraction > end + 1).unwrap_or(end);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let power = end + 1 + sign;
        end = Some(digits_from(power)).filter(|digits| *digits > power).unwrap_or(end);
    }
    end
}

/// A minus before a number is its sign, unless something stands before it to be subtracted from.
fn is_negative(before: &str) -> bool {
    let before = before.trim_end_matches(['$', '€', '£']);
    let Some(rest) = before.strip_suffix(['-', '\u{2212}']) else { return false };
    !rest.chars().next_back().is_some_and(|mark| mark.is_alphanumeric() || mark == ')')
}
