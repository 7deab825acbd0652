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

/// A fraction with a longer part is read as two numbers.
const FRACTION_DIGITS_MAX: usize = 6;

/// How LaTeX begins a fraction.
const TYPESET: [&str; 3] = ["\\frac{", "\\dfrac{", "\\tfrac{"];

/// A number in lowest terms: `digits` (no zeros at either end) times ten to `exponent`, over `over`,
/// which has neither two nor five in it: what those divide is a decimal number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
    over: u128,
}

impl Number {
    /// The last number in `text`, which is where a model that reasons aloud puts its answer.
    pub(crate) fn last_in(text: &str) -> Option<Self> {
        let (mut at, mut last) = (0, None);
        while let Some(span) = Span::next(text, at) {
            at = span.end;
            last = Some(span);
        }
        last.map(|span| span.read(text))
    }

    /// The number that `text` is, with nothing beside it but a sign and a currency.
    pub(crate) fn whole(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.trim_start_matches(['-', '\u{2212}', '+', '$', '€', '£']);
        let begins = |mark: char| mark.is_ascii_digit() || matches!(mark, '.' | '\\');
        let starts = unsigned.starts_with(begins);
        let start = text.len() - unsigned.len();
        // Most items of a list are no numbers, and are not searched for one.
        let span = if starts { Span::next(text, start) } else { None }?;
        (span.start == start && span.end == text.len()).then(|| span.read(text))
    }

    /// For comparison within a tolerance only.
    pub(crate) fn approximate(&self) -> f64 {
        self.decimal().parse().unwrap_or(f64::NAN) / self.over as f64
    }

    fn decimal(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}0{}e{}", self.digits, self.exponent)
    }

    fn decimal_of(negative: bool, text: &str) -> Self {
        let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let beyond = if power.starts_with('-') { i64::MIN } else { i64::MAX };
        let power = power.parse::<i64>().unwrap_or(beyond);
        let mut digits = [whole, fraction].concat();
        digits.retain(|mark| mark.is_ascii_digit());
        let significant = digits.trim_end_matches('0');
        let places = (digits.len() - significant.len()) as i64 - fraction.len() as i64;
        let digits = significant.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0, over: 1 };
        }
        Self { negative, digits, exponent: power.saturating_add(places), over: 1 }
    }

    /// `1/2` is `0.5`; `1/3` is a third and no decimal number.
    fn fraction_of(negative: bool, above: u128, below: u128) -> Self {
        let common = greatest_divisor(above, below);
        let (mut above, mut over, mut places) = (above / common, below / common, 0);
        for (factor, other) in [(2, 5), (5, 2)] {
            while over.is_multiple_of(factor) {
                (above, over, places) = (above * other, over / factor, places + 1);
            }
        }
        let decimal = Self::decimal_of(negative, &format!("{above}e-{places}"));
        Self { over, ..decimal }
    }
}

/// A text that is the same for every spelling of the number.
impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.decimal())?;
        if self.over > 1 { write!(out, "/{}", self.over) } else { Ok(()) }
    }
}

fn greatest_divisor(one: u128, two: u128) -> u128 {
    let (mut one, mut two) = (one, two);
    while two > 0 {
        (one, two) = (two, one % two);
    }
    one
}

/// Where a number stands in a text, its sign left out.
struct Span {
    start: usize,
    end: usize,
    form: Form,
}

enum Form {
    Decimal,
    /// `3/4`, or `\frac{3}{4}`.
    Fraction,
    /// `2 3/4`, or `2\frac{3}{4}`.
    Mixed,
}

impl Span {
    /// The first number that begins at `from` or later.
    fn next(text: &str, from: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let digit = from + bytes.get(from..)?.iter().position(u8::is_ascii_digit)?;
        if digit > from && is_bare_point(text, digit - 1) {
            return Some(Self {
                start: digit - 1,
                end: places_end(text, digit - 1),
                form: Form::Decimal,
            });
        }
        let (start, whole) = (digit, digits_end(bytes, digit));
        if let Some((start, end)) = typeset(text, start, whole) {
            return Some(Self { start, end, form: Form::Fraction });
        }
        if let Some(end) = typeset_behind(text, whole).filter(|_| is_short(start, whole)) {
            return Some(Self { start, end, form: Form::Mixed });
        }
        if let Some(end) = below_end(bytes, start, whole) {
            return Some(Self { start, end, form: Form::Fraction });
        }
        if is_short(start, whole) && bytes.get(whole) == Some(&b' ') {
            let above = digits_end(bytes, whole + 1);
            if let Some(end) = below_end(bytes, whole + 1, above) {
                return Some(Self { start, end, form: Form::Mixed });
            }
        }
        Some(Self {
            start,
            end: places_end(text, groups_end(text, start, whole)),
            form: Form::Decimal,
        })
    }

    fn read(&self, text: &str) -> Number {
        let negative = is_negative(&text[..self.start]);
        let number = &text[self.start..self.end];
        let mut parts = number.split(|mark: char| !mark.is_ascii_digit());
        let mut part = || -> u128 {
            let digits = parts.find(|part| !part.is_empty());
            digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
        };
        match self.form {
            Form::Decimal => Number::decimal_of(negative, number),
            Form::Fraction => Number::fraction_of(negative, part(), part()),
            Form::Mixed => {
                let (whole, above, below) = (part(), part(), part());
                Number::fraction_of(negative, whole * below + above, below)
            }
        }
    }
}

/// Whether a number begins with the point: `.5`, unless something stands before it that it may end.
fn is_bare_point(text: &str, at: usize) -> bool {
    let ends = |mark: char| mark.is_alphanumeric() || matches!(mark, '.' | ')' | '…');
    text.as_bytes()[at] == b'.' && !text[..at].chars().next_back().is_some_and(ends)
}

fn is_short(start: usize, end: usize) -> bool {
    (1..=FRACTION_DIGITS_MAX).contains(&(end - start))
}

/// Where a fraction ends whose upper part is all digits: behind the digits below the bar, which are
/// not zero, where neither a third part (a date, a path) nor places behind a point follow.
fn below_end(bytes: &[u8], start: usize, bar: usize) -> Option<usize> {
    let end = digits_end(bytes, bar + 1);
    let is_fraction = bytes.get(bar) == Some(&b'/')
        && is_short(start, bar)
        && is_short(bar + 1, end)
        && bytes[bar + 1..end].iter().any(|digit| *digit != b'0');
    let before = start.checked_sub(1).map(|at| bytes[at]);
    let goes_on = bytes.get(end) == Some(&b'/') || before == Some(b'/') || has_places(bytes, end);
    (is_fraction && !goes_on).then_some(end)
}

/// The fraction that LaTeX sets, where its upper part is these digits: from the backslash to behind
/// the last brace.
fn typeset(text: &str, start: usize, bar: usize) -> Option<(usize, usize)> {
    let mark = TYPESET.into_iter().find(|mark| text[..start].ends_with(mark))?;
    let below = bar + text[bar..].starts_with("}{").then_some(2)?;
    let end = digits_end(text.as_bytes(), below);
    let is_fraction = is_short(start, bar)
        && is_short(below, end)
        && text[end..].starts_with('}')
        && text[below..end].bytes().any(|digit| digit != b'0');
    is_fraction.then_some((start - mark.len(), end + 1))
}

/// Where a fraction ends that LaTeX sets right behind a whole number.
fn typeset_behind(text: &str, whole: usize) -> Option<usize> {
    let mark = TYPESET.into_iter().find(|mark| text[whole..].starts_with(mark))?;
    let start = whole + mark.len();
    typeset(text, start, digits_end(text.as_bytes(), start)).map(|(_, end)| end)
}

fn has_places(bytes: &[u8], point: usize) -> bool {
    bytes.get(point) == Some(&b'.') && digits_end(bytes, point + 1) > point + 1
}

fn digits_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Behind the groups of thousands of a whole number: by commas, by spaces that do not break, or by
/// either as LaTeX writes it.
fn groups_end(text: &str, start: usize, whole: usize) -> usize {
    let rest = &text[whole..];
    let marks = [",", "\u{a0}", "\u{202f}", "{,}", "\\,"];
    let Some(mark) = marks.into_iter().find(|mark| rest.starts_with(mark)) else { return whole };
    let (bytes, mut end) = (text.as_bytes(), whole);
    while whole - start <= 3 && text[end..].starts_with(mark) {
        let group = end + mark.len();
        if digits_end(bytes, group) != group + 3 {
            break;
        }
        end = group + 3;
    }
    end
}

/// Behind the places after a point and the power of ten of a number.
fn places_end(text: &str, whole: usize) -> usize {
    let bytes = text.as_bytes();
    let end = if has_places(bytes, whole) { digits_end(bytes, whole + 1) } else { whole };
    let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
    let power = end + 1 + sign;
    let is_power = matches!(bytes.get(end), Some(b'e' | b'E')) && digits_end(bytes, power) > power;
    if is_power { digits_end(bytes, power) } else { end }
}

/// A minus before a number is its sign, unless something stands before it to be subtracted from.
fn is_negative(before: &str) -> bool {
    let before = before.trim_end_matches(['$', '€', '£']);
    let Some(rest) = before.strip_suffix(['-', '\u{2212}']) else { return false };
    !rest.chars().next_back().is_some_and(|mark| mark.is_alphanumeric() || mark == ')')
}
