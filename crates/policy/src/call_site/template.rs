use super::words::{self, Label};
use std::collections::HashMap;

/// A template is cut behind the word that makes it longer than this. What is filled in does not
/// count, so two calls of one template are cut at the same word.
const TEMPLATE_BYTES_MAX: usize = 16 << 10;

/// What was masked may show more to be masked, once or twice; a template is what no look changes.
const PASSES_MAX: usize = 8;

/// What stands in a template for what varies.
const FILLED: char = '…';

/// What retrieved text is put between.
const FENCES: [&str; 3] = ["```", "~~~", "\"\"\""];

/// Longer words of Latin letters are no words.
const WORD_BYTES_MAX: usize = 40;

/// A label of what stands on the lines below it has no more words, unless it says what they are.
const LABEL_WORDS_MAX: usize = 3;

/// A heading has no more words.
const HEADING_WORDS_MAX: usize = 4;

/// A system prompt with what varies from call to call masked: dates, times, numbers, ids, addresses,
/// names, quoted words and retrieved text, each run of them as one `…`, and spacing made even.
///
/// Names are told by their capital letters: in the middle of a sentence, and at its start before a
/// verb. Retrieved text is told by its fence, its tags, or the label before it (`Context:`, `##
/// Documents`), and has no end before the closing tag, the closing fence, or a heading that speaks
/// to the model again (`Instructions:`). A name in small letters or in a script without capitals is not
/// told, nor is text that stands in the middle of a sentence without a mark.
///
/// Pure, linear in the prompt's length, and its own template: `template(template(x)) == template(x)`.
#[must_use]
pub fn template(prompt: &str) -> String {
    let mut masked = masked_once(prompt);
    for _ in 1..PASSES_MAX {
        let again = masked_once(&masked);
        if again == masked {
            break;
        }
        masked = again;
    }
    masked
}

/// What one look at every word masks.
pub(super) fn masked_once(prompt: &str) -> String {
    let mut mask = Mask::new(prompt);
    while mask.out.len() < TEMPLATE_BYTES_MAX && mask.step() {}
    mask.out
}

/// Where the scan stands between words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
    Paragraph,
}

struct Mask<'p> {
    text: &'p str,
    at: usize,
    out: String,
    gap: Gap,
    /// Whether the next word begins a sentence, where capital letters say nothing.
    begins: bool,
    /// Whether the next word begins a line.
    begins_line: bool,
    /// The end in `out` of what was last masked, while nothing but the small words of names and
    /// separators have followed it.
    joins: Option<usize>,
    /// Whether the sentence asks for what its label names.
    asks: bool,
    /// What is known of the sentence, and of the one before.
    sentence: Sentence,
    ended: Sentence,
    /// Whether the word before ended in a colon.
    behind_label: bool,
    /// The word before.
    before: &'p str,
    /// Whether a fence or a quotation was just closed.
    behind_fence: bool,
    /// Whether the line is a heading.
    in_heading: bool,
    /// Whether nothing but what was filled in stands on the line so far.
    all_filled: bool,
    /// Quotation marks that are known not to be closed any more.
    unclosed: [bool; 2],
    /// The last closing tag of each name, once somebody asked.
    closing: Option<HashMap<&'p str, usize>>,
}

/// What is known of a sentence so far.
#[derive(Clone, Copy, Default)]
struct Sentence {
    /// Whether it speaks of instructions, and so does its label.
    instructs: bool,
    /// How many words of the template it has.
    words: usize,
}

/// A word and the marks around it.
#[derive(Clone, Copy)]
struct Word<'p> {
    lead: &'p str,
    core: &'p str,
    trail: &'p str,
}

impl<'p> Mask<'p> {
    fn new(text: &'p str) -> Self {
        Self {
            text,
            at: 0,
            out: String::with_capacity(text.len().min(TEMPLATE_BYTES_MAX)),
            gap: Gap::None,
            begins: true,
            begins_line: true,
            joins: None,
            asks: false,
            sentence: Sentence::default(),
            ended: Sentence::default(),
            behind_label: false,
            before: "",
            behind_fence: false,
            in_heading: false,
            all_filled: true,
            unclosed: [false; 2],
            closing: None,
        }
    }

    /// Masks or copies the next word, or all of a block; false at the end.
    fn step(&mut self) -> bool {
        self.skip_space();
        if self.at >= self.text.len() {
            return false;
        }
        let starts_block = self.heading() || self.fence() || self.element() || self.quotation();
        if !starts_block {
            self.word();
        }
        true
    }

    fn skip_space(&mut self) {
        let (mut lines, start) = (0_usize, self.at);
        let rest = &self.text[start..];
        let end = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        for byte in rest[..end].bytes() {
            lines += usize::from(byte == b'\n');
        }
        self.at = start + end;
        self.gap = match lines {
            _ if self.out.is_empty() => Gap::None,
            0 if end == 0 && !self.behind_fence => Gap::None,
            0 => Gap::Space,
            1 => Gap::Line,
            _ => Gap::Paragraph,
        };
        self.behind_fence = false;
        if lines > 0 {
            self.begins_line = true;
            self.joins = None;
        }
        // Most lines may be wrapped anywhere; a heading, a label, a paragraph and a block end there.
        let ends = self.all_filled || self.behind_label || self.in_heading;
        if lines > 1 || (lines == 1 && ends) {
            self.begin_sentence();
        }
        self.all_filled |= lines > 0;
        self.in_heading &= lines == 0;
    }

    fn begin_sentence(&mut self) {
        self.begins = true;
        self.asks = false;
        self.ended = std::mem::take(&mut self.sentence);
        self.joins = None;
    }

    /// `## Retrieved documents`: all that follows was filled in.
    fn heading(&mut self) -> bool {
        if !self.begins_line || !self.rest().starts_with('#') {
            return false;
        }
        let line = line(self.rest());
        let is_mark = |c: char| !c.is_alphanumeric();
        let title = line.trim_end_matches(is_mark).rsplit(is_mark).next().unwrap_or_default();
        if line.contains(FILLED) || words::label(title) == Label::Unknown {
            return false;
        }
        self.separate();
        self.out.push_str("# ");
        self.out.push_str(&title.to_lowercase());
        self.joins = None;
        self.at += line.len();
        self.gap = Gap::Line;
        self.hold("", "");
        self.skip_to_instruction();
        true
    }

    /// Three backticks, tildes or quotation marks, to their like.
    fn fence(&mut self) -> bool {
        let rest = self.rest();
        let Some(mark) = FENCES.into_iter().find(|mark| rest.starts_with(mark)) else {
            return false;
        };
        let close = rest[mark.len()..].find(mark).map(|at| at + 2 * mark.len());
        self.hold("", "");
        self.at += close.unwrap_or(rest.len());
        self.begins = false;
        self.begins_line = false;
        self.behind_fence = true;
        true
    }

    /// `<document>`, to the last `</document>` of the prompt, or as far as a label's block.
    fn element(&mut self) -> bool {
        let Some(behind) = self.rest().strip_prefix('<') else { return false };
        let name = tag_name(behind);
        if name.is_empty() || words::label(name) == Label::Unknown {
            return false;
        }
        let close = self.closing_tag(name);
        self.separate();
        self.out.extend(["<", name, ">"]);
        (self.gap, self.joins) = (Gap::None, None);
        self.hold("", "");
        match close {
            Some(close) => {
                self.out.extend(["</", name, ">"]);
                self.at = close + name.len() + "</>".len();
                self.joins = None;
            }
            None => self.skip_to_instruction(),
        }
        self.begin_sentence();
        true
    }

    /// Where the last closing tag of that name begins, if that is further on.
    fn closing_tag(&mut self, name: &str) -> Option<usize> {
        let text = self.text;
        let closing = self.closing.get_or_insert_with(|| {
            let tags = text.match_indices("</").map(|(at, _)| (tag_name(&text[at + 2..]), at));
            tags.filter(|(name, at)| text[at + 2 + name.len()..].starts_with('>')).collect()
        });
        closing.get(name).copied().filter(|at| *at > self.at)
    }

    /// What is quoted behind a label.
    fn quotation(&mut self) -> bool {
        let marks = [("\"", "\"", 0), ("“", "”", 1)];
        let rest = self.rest();
        let found =
            marks.into_iter().find(|(open, ..)| self.behind_label && rest.starts_with(open));
        let Some((open, close, kind)) = found else { return false };
        if self.unclosed[kind] {
            return false;
        }
        let behind = &rest[open.len()..];
        let end = line(behind).rfind(close).or_else(|| behind.find(close));
        let Some(end) = end else {
            self.unclosed[kind] = true;
            return false;
        };
        self.hold("", "");
        self.at += open.len() + end + close.len();
        self.behind_label = false;
        self.begins = false;
        self.begins_line = false;
        self.behind_fence = true;
        true
    }

    fn word(&mut self) {
        let raw = next_word(self.rest());
        let word = Word::of(raw);
        // Behind a point that ended no sentence: *Acme Inc. is*.
        if word.core.starts_with(char::is_lowercase) && self.out.ends_with("….") {
            self.out.pop();
            self.joins = (self.gap == Gap::Space).then_some(self.out.len());
            self.sentence = std::mem::take(&mut self.ended);
        }
        let begins = std::mem::take(&mut self.begins);
        let begins_line = std::mem::take(&mut self.begins_line);
        let is_heading = raw.bytes().all(|byte| byte == b'#');
        let is_tag = raw.starts_with('<') && raw.ends_with('>');
        self.in_heading |= begins_line && (is_heading || is_tag);
        self.behind_label = word.is_label();
        if self.behind_label && self.label(&word, raw) {
            return;
        }
        let is_filled = if begins && word.is_plain_name() {
            self.is_subject(&word, raw)
        } else {
            self.is_filled(&word)
        };
        self.before = word.core;
        self.at += raw.len();
        if word.core.is_empty() {
            let joins = self.joins.filter(|_| words::is_in_names(raw));
            self.copy(raw);
            // A bullet, a rule or a mark by itself leaves the sentence where it was.
            (self.joins, self.begins) = (joins, begins);
            self.begins_line = begins_line && !self.in_heading;
        } else if is_filled {
            let ends = word.ends_sentence();
            self.hold(word.lead_kept(), word.trail_kept(ends));
            if ends {
                self.begin_sentence();
            }
        } else {
            self.literal(&word, raw);
        }
    }

    /// A word that is part of the template.
    fn literal(&mut self, word: &Word<'_>, raw: &str) {
        let joins = self.joins.filter(|_| words::is_in_names(raw));
        self.asks = (self.asks || words::is_asking(word.core)) && !words::is_of_given(word.core);
        self.sentence.instructs |= words::is_instruction([word.core].into_iter());
        self.sentence.words += 1;
        self.copy(raw);
        self.joins = joins;
        if word.trail.contains(['.', '!', '?']) {
            self.begin_sentence();
        }
    }

    /// A label behind which stands what was filled in, to the end of the line or further.
    fn label(&mut self, word: &Word<'_>, raw: &str) -> bool {
        // *The context below:*
        let kind = match word.core {
            "below" | "following" | "here" => words::label(self.before),
            core => words::label(core),
        };
        let rest = line(&self.rest()[raw.len()..]).trim();
        let opens = rest.is_empty() || rest.starts_with(['{', '[', '<', '`']);
        // *Now think of what to tell the customer:*
        let is_prose = kind == Label::FilledLine && opens && self.sentence.words >= LABEL_WORDS_MAX;
        if kind == Label::Unknown || self.asks || self.sentence.instructs || is_prose {
            return false;
        }
        self.at += raw.len();
        self.copy(raw);
        self.gap = Gap::Space;
        self.hold("", "");
        if kind == Label::FilledBlock || opens {
            self.skip_to_instruction();
        } else {
            self.at += line(self.rest()).len();
        }
        self.behind_label = false;
        self.begin_sentence();
        true
    }

    /// Past what was filled in: to the next heading that speaks to the model, or to the end.
    fn skip_to_instruction(&mut self) {
        let rest = self.rest();
        let mut at = line(rest).len();
        while at < rest.len() {
            let next = line(&rest[at + 1..]);
            if is_instruction(next) {
                break;
            }
            at += 1 + next.len();
        }
        self.at += at;
        self.begins_line = true;
        self.begin_sentence();
    }

    /// Whether a word in the middle of a sentence was filled in.
    fn is_filled(&self, word: &Word<'_>) -> bool {
        word.is_volatile() || (self.joins == Some(self.out.len()) && words::is_unit(word.core))
    }

    /// Whether a capital at the start of a sentence begins a name: one of several words, the subject
    /// before a verb, the owner of something, one who is addressed, or a day.
    fn is_subject(&self, word: &Word<'_>, raw: &str) -> bool {
        if words::is_starter(owner(word.core).unwrap_or(word.core)) {
            return false;
        }
        if word.is_owner() || words::is_date(word.core) || word.trail.contains(',') {
            return true;
        }
        if !word.trail.is_empty() {
            return false;
        }
        let behind = &self.rest()[raw.len()..];
        let next = next_word(behind.trim_start_matches(|c: char| c.is_whitespace() && c != '\n'));
        let is_fence = FENCES.into_iter().any(|mark| next.starts_with(mark));
        let is_part = Word::of(next).is_volatile() || words::is_in_names(next);
        is_fence || is_part || words::is_of_subjects(Word::of(next).core)
    }

    fn rest(&self) -> &'p str {
        &self.text[self.at..]
    }

    fn separate(&mut self) {
        match self.gap {
            Gap::None => {}
            Gap::Space => self.out.push(' '),
            Gap::Line => self.out.push('\n'),
            Gap::Paragraph => self.out.push_str("\n\n"),
        }
    }

    fn copy(&mut self, raw: &str) {
        self.all_filled = false;
        self.separate();
        self.out.push_str(raw);
        self.joins = None;
    }

    /// Puts the mark of what was filled in, joined with the one before where nothing but separators
    /// and the small words of names lie between.
    fn hold(&mut self, lead: &str, trail: &str) {
        self.asks = false;
        match self.joins.filter(|_| lead.is_empty()) {
            Some(end) => self.out.truncate(end),
            None => {
                self.separate();
                self.out.push_str(lead);
                self.out.push(FILLED);
            }
        }
        self.joins = (trail.is_empty() || trail == ",").then_some(self.out.len());
        self.out.push_str(trail);
    }
}

impl<'p> Word<'p> {
    fn of(raw: &'p str) -> Self {
        let core = raw.trim_matches(|c: char| !c.is_alphanumeric());
        let (at, len) = match raw.find(FILLED) {
            _ if !core.is_empty() => (core.as_ptr() as usize - raw.as_ptr() as usize, core.len()),
            Some(at) => (at, raw.rfind(FILLED).unwrap_or(at) + FILLED.len_utf8() - at),
            None => (0, 0),
        };
        Self { lead: &raw[..at], core: &raw[at..at + len], trail: &raw[at + len..] }
    }

    /// Whether it was filled in, if it does not begin a sentence.
    fn is_volatile(&self) -> bool {
        let Self { lead, core, .. } = *self;
        let is_mark = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'@' | b'=');
        let is_address =
            || core.contains("://") || core.starts_with("www.") || core.contains("\":");
        core.starts_with(FILLED)
            || core.as_bytes().iter().any(is_mark)
            || lead.ends_with('@')
            || is_address()
            || (core.len() > WORD_BYTES_MAX && core.is_ascii())
            || self.is_name()
    }

    /// Whether its capital letter makes it a name.
    fn is_name(&self) -> bool {
        let core = self.core;
        if !core.starts_with(|c: char| c.is_uppercase()) {
            return false;
        }
        let is_letter = core.chars().nth(1).is_none();
        if is_letter {
            return self.trail.starts_with('.') && core != "I";
        }
        !words::is_kept(core) && !words::is_kept(owner(core).unwrap_or(core))
    }

    /// Whether nothing but its capital letter makes it look filled in.
    fn is_plain_name(&self) -> bool {
        let owner = owner(self.core).unwrap_or(self.core);
        self.is_name() && owner.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
    }

    fn is_owner(&self) -> bool {
        owner(self.core).is_some()
    }

    /// Whether a sentence ends behind it, given that it was filled in.
    fn ends_sentence(&self) -> bool {
        let is_initial = self.core.chars().nth(1).is_none() && self.is_name();
        self.trail.ends_with(['!', '?'])
            || (self.trail.ends_with('.') && !is_initial && !words::is_title(self.core))
    }

    /// Whether it is a label.
    fn is_label(&self) -> bool {
        let marks = self.trail.trim_end_matches(['*', '_', '`', '"']);
        marks.ends_with(':') && !marks.contains(FILLED)
    }

    /// What is kept of the marks before it.
    fn lead_kept(&self) -> &'p str {
        let opens = |c: char| "([{'«*_<`".contains(c);
        self.lead.rfind(opens).map_or("", |at| first_char(&self.lead[at..]))
    }

    /// What is kept of the marks behind it.
    fn trail_kept(&self, ends: bool) -> &'p str {
        if self.is_label() {
            return ":";
        }
        let last = self.trail.char_indices().next_back();
        let Some((at, last)) = last else { return "" };
        match last {
            '.' if !ends => "",
            '\'' | '’' | '"' | '”' | FILLED => "",
            _ => &self.trail[at..],
        }
    }
}

/// The name in *Alice's*.
fn owner(core: &str) -> Option<&str> {
    core.strip_suffix("'s").or_else(|| core.strip_suffix("’s"))
}

fn line(text: &str) -> &str {
    text.split_once('\n').map_or(text, |(line, _)| line)
}

fn first_char(text: &str) -> &str {
    &text[..text.chars().next().map_or(0, char::len_utf8)]
}

/// The name of a tag, whose bracket was taken off.
fn tag_name(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    &text[..text.find(|c: char| !is_name(c)).unwrap_or(text.len())]
}

/// Whether a line is a heading, a label or a tag that speaks to the model.
fn is_instruction(line: &str) -> bool {
    let line = line.trim();
    let opens = line.starts_with(['#', '<', '*', '[']) || line.ends_with(':');
    let is_mark = |c: char| !c.is_alphanumeric();
    let words = || line.split(is_mark).filter(|word| !word.is_empty());
    opens
        && words().take(HEADING_WORDS_MAX + 1).count() <= HEADING_WORDS_MAX
        && words::is_instruction(words())
}

/// Up to the next white space, or to where letters that are written with spaces meet such as are
/// not: in those, a word is a run of them.
fn next_word(text: &str) -> &str {
    let first = text.chars().next().is_some_and(is_unspaced);
    let ends = |c: char| c.is_whitespace() || (!c.is_ascii() && is_unspaced(c)) != first;
    let end = text.char_indices().find(|(_, c)| ends(*c)).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Thai, Lao, Burmese, Khmer, Chinese and Japanese are written without spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}')
}
