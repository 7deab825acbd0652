//! Labels as a sheet: out with the pairs that wait, in with what people wrote beside them.
//!
//! A sheet is as blind as the screen: a pair has a name that does not say whose replies it holds. One
//! bad line refuses the whole sheet, with every bad line named, so that nobody has to find out which
//! half of it counts.

use super::{
    given::{Given, NOTE_BYTES_MAX, record, said},
    queue::{self, TEXTS_MAX, Texts},
};
use crate::{
    cli::{Format, Global, LabelChoice},
    clock::WallClock,
    commands::check,
    outcome::{Outcome, print},
    warehouse::look,
    who,
};
use anyhow::{Context, Result, bail};
use exchange::Clock;
use policy::label::Unlabelled;
use report::Limits;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::File,
    io::{Read, Write},
    path::Path,
};

/// A sheet is not longer than this.
const SHEET_BYTES_MAX: u64 = 64 << 20;
/// Mistakes that are told one by one.
const MISTAKES_MAX: usize = 100;

/// The columns of a sheet, in the order of [`Out`]'s fields.
const COLUMNS: [&str; 9] =
    ["pair", "category", "drawn", "call", "a", "b", "a_acceptable", "b_acceptable", "note"];

/// A line of a sheet that goes out.
#[derive(Debug, Serialize)]
struct Out<'a> {
    pair: String,
    category: &'a str,
    drawn: bool,
    call: String,
    a: String,
    b: String,
    a_acceptable: &'a str,
    b_acceptable: &'a str,
    note: &'a str,
}

/// A line of a sheet that comes in; other columns are for people.
#[derive(Debug, Deserialize)]
struct In {
    pair: String,
    #[serde(default)]
    a_acceptable: String,
    #[serde(default)]
    b_acceptable: String,
    #[serde(default)]
    note: String,
}

pub(super) async fn export(global: &Global, choice: &LabelChoice) -> Result<Outcome> {
    let form = form(global.format)?;
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let look = look(&place, WallClock.now(), Limits::default()).await?;
    let pairs = queue::waiting(&look.warehouse, choice).await?;
    let mut sheet = csv::WriterBuilder::new().has_headers(false).from_writer(std::io::stdout());
    if let Form::Csv = form {
        sheet.write_record(COLUMNS)?;
    }
    for some in pairs.chunks(TEXTS_MAX) {
        for (pair, texts) in some.iter().zip(queue::texts(&look.warehouse, some).await?) {
            let Some(texts) = texts else { continue };
            match form {
                Form::Csv => sheet.serialize(out(pair, &texts.plain()).for_a_sheet())?,
                Form::Lines => {
                    print(&format!("{}\n", serde_json::to_string(&out(pair, &texts))?));
                }
            }
        }
    }
    // A reader that went away (`| head`) is no failure.
    let _ = sheet.flush();
    Ok(Outcome::Done)
}

pub(super) async fn import(global: &Global, file: &Path, by: Option<&str>) -> Result<Outcome> {
    let form = match (global.format, file.extension().and_then(|ending| ending.to_str())) {
        (None, Some("ndjson" | "jsonl" | "json")) => Form::Lines,
        (format, _) => self::form(format)?,
    };
    let text = sheet(file)?;
    let place = match check::place(global)? {
        Ok(place) => place,
        Err(outcome) => return Ok(outcome),
    };
    let look = look(&place, WallClock.now(), Limits::default()).await?;
    let every = LabelChoice { category: None, limit: usize::MAX, by: None };
    let waiting = queue::waiting(&look.warehouse, &every).await?;
    let waiting: HashMap<String, Unlabelled> =
        waiting.into_iter().map(|pair| (pair.name(), pair)).collect();
    let mut mistakes = Vec::new();
    let given = match form {
        Form::Csv => taken(csv_lines(&text), waiting, &mut mistakes),
        Form::Lines => taken(json_lines(&text), waiting, &mut mistakes),
    };
    if !mistakes.is_empty() {
        refuse(file, &mistakes);
        return Ok(Outcome::Wrong);
    }
    record(&place.lake(), &who::name(by), &given).await?;
    print(&format!("{} pairs labelled\n", given.len()));
    Ok(Outcome::Done)
}

/// The form of a sheet.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    Lines,
}

fn form(format: Option<Format>) -> Result<Form> {
    match format {
        None | Some(Format::Csv) => Ok(Form::Csv),
        Some(Format::Json | Format::Ndjson) => Ok(Form::Lines),
        Some(Format::Table | Format::Markdown | Format::Html | Format::Parquet) => {
            bail!("a sheet of labels is csv or json (an object a line): choose one with --format")
        }
    }
}

fn out<'a>(pair: &'a Unlabelled, texts: &Texts) -> Out<'a> {
    let [a, b] = texts.replies.clone();
    let (call, drawn) = (texts.call.clone(), pair.audit_prob.is_some());
    let (pair, category) = (pair.name(), pair.category.as_str());
    Out { pair, category, drawn, call, a, b, a_acceptable: "", b_acceptable: "", note: "" }
}

impl Out<'_> {
    /// A text that begins like a formula would be run by whatever opens the sheet.
    fn for_a_sheet(self) -> Self {
        let tame = |text: String| {
            if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
        };
        Self { call: tame(self.call), a: tame(self.a), b: tame(self.b), ..self }
    }
}

/// The whole text of a sheet, or why not.
fn sheet(file: &Path) -> Result<String> {
    let named = || format!("the sheet {}", file.display());
    let mut bytes = Vec::new();
    let opened = File::open(file).with_context(named)?;
    opened.take(SHEET_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(named)?;
    if bytes.len() as u64 > SHEET_BYTES_MAX {
        bail!("{} is longer than {SHEET_BYTES_MAX} bytes: cut it into several", named());
    }
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", named()))
}

/// A line of a sheet with its number, or what is wrong with it.
type Line = (u64, Result<In, String>);

fn csv_lines(text: &str) -> Vec<Line> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let missing = match reader.headers() {
        Ok(headers) => ["pair", "a_acceptable", "b_acceptable"]
            .into_iter()
            .find(|name| !headers.iter().any(|header| header == *name)),
        Err(_) => Some("pair"),
    };
    if let Some(missing) = missing {
        return vec![(
            1,
            Err(format!("there is no column `{missing}`: keep the header as it was")),
        )];
    }
    let headers = reader.headers().cloned().unwrap_or_default();
    let line = |record: Result<csv::StringRecord, csv::Error>| match record {
        Ok(record) => {
            let number = record.position().map_or(0, csv::Position::line);
            (number, record.deserialize(Some(&headers)).map_err(|error| error.to_string()))
        }
        Err(error) => {
            let number = error.position().map_or(0, csv::Position::line);
            (number, Err(error.to_string()))
        }
    };
    reader.records().map(line).collect()
}

fn json_lines(text: &str) -> Vec<Line> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| (at, serde_json::from_str(line).map_err(|it| it.to_string()))).collect()
}

/// What the lines say; each pair leaves `waiting` with its first line.
fn taken(
    lines: Vec<Line>,
    mut waiting: HashMap<String, Unlabelled>,
    mistakes: &mut Vec<String>,
) -> Vec<Given> {
    let (mut given, start) = (Vec::new(), WallClock.now());
    for (number, line) in lines {
        match line.and_then(|line| one(line, &mut waiting)) {
            Ok(None) => {}
            Ok(Some((pair, acceptable, note))) => {
                // One microsecond apart, in the order of the sheet.
                let at = start.plus(i64::try_from(given.len()).unwrap_or(i64::MAX));
                given.push(Given { pair, acceptable, note, at });
            }
            Err(why) => mistakes.push(format!("{number}: {why}")),
        }
    }
    given
}

type Said = (Unlabelled, [Option<bool>; 2], Option<String>);

/// `None` where the line was left blank.
fn one(line: In, waiting: &mut HashMap<String, Unlabelled>) -> Result<Option<Said>, String> {
    let In { pair: name, a_acceptable, b_acceptable, note } = line;
    let [a, b] = [&a_acceptable, &b_acceptable].map(|word| word.trim().to_ascii_lowercase());
    if a.is_empty() && b.is_empty() {
        return Ok(None);
    }
    let word = |column: &str, word: &str| {
        let first = match word {
            "yes" | "true" | "1" => Some('y'),
            "no" | "false" | "0" => Some('n'),
            _ => word.chars().next().filter(|_| word.chars().count() == 1),
        };
        let remedy = "write y, n or ?, or leave both blank";
        let shown = crate::plain::one_line(&word.chars().take(40).collect::<String>());
        first.and_then(said).ok_or_else(|| format!("`{column}` is `{shown}`: {remedy}"))
    };
    let acceptable =
        [word("a_acceptable", &a)?.acceptable(), word("b_acceptable", &b)?.acceptable()];
    if note.len() > NOTE_BYTES_MAX {
        return Err(format!("the note is longer than {NOTE_BYTES_MAX} bytes"));
    }
    let Some(pair) = waiting.remove(name.trim()) else {
        let shown = crate::plain::one_line(&name.chars().take(60).collect::<String>());
        return Err(format!(
            "`{shown}` is no pair that waits for a label: it has one, or stands in the sheet twice, \
             or is of another lake"
        ));
    };
    let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
    Ok(Some((pair, acceptable, note)))
}

/// Every bad line at its place; nothing was taken.
fn refuse(file: &Path, mistakes: &[String]) {
    let mut text = String::new();
    for mistake in mistakes.iter().take(MISTAKES_MAX) {
        text += &format!("{}:{mistake}\n", file.display());
    }
    if mistakes.len() > MISTAKES_MAX {
        text += &format!("and {} more\n", mistakes.len() - MISTAKES_MAX);
    }
    text += "nothing was taken from the sheet\n";
    // Whoever closed our standard error does not want to know.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
