//! Scorers on recorded calls and answers of real models, where those are beside the project.

use crate::support::{said, say, scorers};
use exchange::{Call, Reply, ToolCall};
use flate2::read::GzDecoder;
use regex::Regex;
use score::Scorers;
use serde_json::{Map, Value, json};
use std::{
    env,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

/// The rows of a recorded file, or `None` where there is none.
fn rows(name: &str) -> Option<Vec<Value>> {
    let told = env::var_os("FORESHADOW_SHARED").map(Into::into);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = told.unwrap_or(beside).join(name);
    let Ok(open) = File::open(&file) else {
        say(&format!("skipped: no recorded answers at {}", file.display()));
        return None;
    };
    let lines = BufReader::new(GzDecoder::new(open)).lines();
    Some(lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect())
}

/// One call with one accepted set of values; what may be left out is.
fn accepted(row: &Value) -> Vec<ToolCall> {
    // The empty text says that the argument may be left out.
    let value = |values: &Value| {
        let all = values.as_array()?;
        all.iter().find(|value| **value != json!("")).or_else(|| all.first()).cloned()
    };
    let call = |call: &Value| {
        let (name, arguments) = call.as_object().unwrap().iter().next().unwrap();
        let members = arguments.as_object().unwrap().iter();
        let said =
            members.filter_map(|(name, values)| Some((name.clone(), plain(&value(values)?))));
        let said: Map<String, Value> = said.filter(|(_, value)| *value != json!("")).collect();
        ToolCall { name: name.clone(), arguments: Value::Object(said).to_string() }
    };
    row["accepted"].as_array().unwrap().iter().map(call).collect()
}

/// Accepted values inside objects and lists are lists of accepted values again.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let first = |values: &Value| values.as_array().and_then(|all| all.first()).map(plain);
            let member = |(name, values): (&String, &Value)| {
                Some((name.clone(), first(values).filter(|value| *value != json!(""))?))
            };
            Value::Object(members.iter().filter_map(member).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

/// A call that offers the row's functions. Their schemas are written in Python's words.
fn offer(row: &Value) -> Call {
    let functions = row["functions"].as_array().unwrap();
    let name = |function: &Value| function["name"].as_str().unwrap().to_owned();
    let schema = |function: &Value| (name(function), schema(&function["parameters"]));
    Call {
        tools: functions.iter().map(name).collect(),
        tool_schemas: functions.iter().map(schema).collect(),
        ..Call::default()
    }
}

fn schema(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let value = match (name.as_str(), value.as_str()) {
                    ("type", Some("dict")) => json!("object"),
                    ("type", Some("float")) => json!("number"),
                    ("type", Some("tuple")) => json!("array"),
                    ("type", Some("any")) => {
                        json!(["string", "number", "boolean", "array", "object", "null"])
                    }
                    _ => schema(value),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(schema).collect()),
        other => other.clone(),
    }
}

fn calling(tool_calls: Vec<ToolCall>) -> Reply {
    Reply { tool_calls, complete: true, ..Reply::default() }
}

/// Each call with another name, each argument with another value or type, or left out.
fn mutations(calls: &[ToolCall]) -> Vec<(&'static str, Vec<ToolCall>)> {
    let mut all = Vec::new();
    let with = |at: usize, call: ToolCall| {
        let mut calls = calls.to_vec();
        calls[at] = call;
        calls
    };
    for (at, call) in calls.iter().enumerate() {
        all.push(("name", with(at, ToolCall { name: format!("{}_", call.name), ..call.clone() })));
        let arguments: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap();
        for (name, value) in &arguments {
            for (kind, other) in others(value) {
                let mut arguments = arguments.clone();
                match other {
                    Some(other) => drop(arguments.insert(name.clone(), other)),
                    None => drop(arguments.remove(name)),
                }
                let arguments = Value::Object(arguments).to_string();
                all.push((kind, with(at, ToolCall { arguments, ..call.clone() })));
            }
        }
    }
    all
}

fn others(value: &Value) -> Vec<(&'static str, Option<Value>)> {
    let argument = match value {
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(number) => json!(number.as_f64().unwrap() + 1.0),
        Value::Bool(is) => json!(!is),
        Value::Array(items) => json!([&items[..], &[json!("more")]].concat()),
        Value::Object(_) | Value::Null => json!({"more": 1}),
    };
    let kind = match value {
        Value::String(_) => json!(7),
        _ => json!(value.to_string()),
    };
    vec![("argument", Some(argument)), ("type", Some(kind)), ("left out", None)]
}

fn equal(scorers: &Scorers, ours: &[ToolCall], theirs: &[ToolCall]) -> Option<f64> {
    let (ours, theirs) = (calling(ours.to_vec()), calling(theirs.to_vec()));
    scorers.score_agreement(&Call::default(), &ours, &theirs)[0].value
}

#[test]
fn recorded_tool_calls_are_accepted_and_no_mutation_is() {
    let Some(rows) = rows("tool_calls.jsonl.gz") else { return };
    let [any, same] = ["any", "same"]
        .map(|order| scorers(&[json!({"kind": "tool_calls_equal", "order": order})]));
    let (mut refused, mut orders) = (0, 0);
    for row in &rows {
        let calls = accepted(row);
        assert_eq!(equal(&any, &calls, &calls), Some(1.0), "{row}");
        assert_eq!(equal(&same, &calls, &calls), Some(1.0), "{row}");
        for (kind, mutation) in mutations(&calls) {
            assert_eq!(equal(&any, &mutation, &calls), Some(0.0), "{kind}: {mutation:?} {row}");
            refused += 1;
        }
        let turned: Vec<ToolCall> = calls.iter().rev().cloned().collect();
        assert_eq!(equal(&any, &turned, &calls), Some(1.0), "{row}");
        if turned != calls {
            assert_eq!(equal(&same, &turned, &calls), Some(0.0), "{row}");
            orders += 1;
        }
    }
    assert!(rows.len() >= 800 && refused > 5_000 && orders > 100, "{refused} {orders}");
    say(&format!("{} rows accepted, {refused} mutations and {orders} orders refused", rows.len()));
}

#[test]
fn recorded_tool_calls_satisfy_the_schemas_of_their_tools_and_other_types_do_not() {
    let Some(rows) = rows("tool_calls.jsonl.gz") else { return };
    let scorers = scorers(&[json!({"kind": "tool_arguments", "calls": "required"})]);
    let (mut refused, mut unlike) = (0, Vec::new());
    for row in &rows {
        let call = offer(row);
        let check = |calls: Vec<ToolCall>| scorers.score_absolute(&call, &calling(calls)).remove(0);
        let calls = accepted(row);
        if calls.is_empty() {
            continue;
        }
        let score = check(calls.clone());
        if score.value != Some(1.0) {
            unlike.push(format!("{}: {}", row["id"], score.reason));
            continue;
        }
        for (kind, mutation) in mutations(&calls) {
            if kind == "name" || kind == "type" && !takes_anything(&call, &calls, &mutation) {
                assert_eq!(check(mutation.clone()).value, Some(0.0), "{kind} {mutation:?} {row}");
                refused += 1;
            }
        }
    }
    say(&format!("{} of {} rows do not satisfy their own schemas:", unlike.len(), rows.len()));
    unlike.iter().for_each(|line| say(line));
    say(&format!("{refused} other names and types refused"));
    // Two rows accept a value that their own schema does not: `true` and null for texts and numbers.
    assert!(unlike.len() <= 2 && refused >= 4_000, "{refused}");
}

/// Whether the argument that was given another type has none in its schema.
fn takes_anything(call: &Call, calls: &[ToolCall], mutation: &[ToolCall]) -> bool {
    let Some((ours, theirs)) = mutation.iter().zip(calls).find(|(ours, theirs)| ours != theirs)
    else {
        return true;
    };
    let read =
        |call: &ToolCall| -> Map<String, Value> { serde_json::from_str(&call.arguments).unwrap() };
    let (ours, wanted) = (read(ours), read(theirs));
    let name = wanted.keys().find(|name| ours.get(*name) != wanted.get(*name)).unwrap();
    !call.tool_schemas[&theirs.name]["properties"][name]["type"].is_string()
}

/// What a rule says of a recorded answer.
struct Judged<'a> {
    /// Whether the rule takes it for right.
    is_right: bool,
    /// Whether the record says the same.
    as_recorded: bool,
    expected: &'a str,
    text: &'a str,
}

/// What a rule says of each recorded answer.
fn judged<'a>(rows: &'a [Value], how: &Value) -> Vec<Judged<'a>> {
    let scorers = scorers(&[json!({"kind": "expected", "how": how})]);
    let answers = |row: &'a Value| {
        let expected = row["expected"].as_str().unwrap();
        let metadata = [("expected".to_owned(), expected.to_owned())];
        let call = Call { metadata: metadata.into(), ..Call::default() };
        let judged = |answer: &'a Value| {
            let text = answer["response"].as_str().unwrap();
            let is_right = scorers.score_absolute(&call, &said(text))[0].value == Some(1.0);
            let as_recorded = is_right == answer["correct"].as_bool().unwrap();
            Judged { is_right, as_recorded, expected, text }
        };
        row["answers"].as_array().unwrap().iter().map(judged).collect::<Vec<_>>()
    };
    rows.iter().flat_map(answers).collect()
}

impl Judged<'_> {
    /// What the digits that the record went by, the last of the text, are in it.
    fn are(&self) -> &'static str {
        let is_digit = |mark: char| mark.is_ascii_digit();
        let end = self.text.rfind(is_digit).map_or(0, |at| at + 1);
        let start = self.text[..end].trim_end_matches(|mark| is_digit(mark) || mark == ',').len();
        let mut before = self.text[..start].chars().rev();
        match (before.next(), before.next()) {
            (Some('.'), Some(mark)) if is_digit(mark) => "the places of a longer number",
            (Some('/'), Some(mark)) if is_digit(mark) => "the lower part of a fraction",
            (Some('-' | '\u{2212}'), _) => "a number without its sign",
            _ => "a whole number",
        }
    }

    /// The last number as it is written, read without the scorer's code.
    fn written(&self) -> f64 {
        let number = Regex::new(r"-?\$?(\d+)/(\d+)|-?\$?\d[\d,]*(?:\.\d+)?").unwrap();
        let found = number.captures_iter(self.text).last().unwrap();
        match (found.get(1), found.get(2)) {
            (Some(above), Some(below)) => {
                above.as_str().parse::<f64>().unwrap() / below.as_str().parse::<f64>().unwrap()
            }
            (_, _) => found[0].replace(['$', ','], "").parse().unwrap(),
        }
    }

    fn line(&self) -> String {
        let last = self.text.trim().lines().last().unwrap_or_default();
        let tail: Vec<char> = last.chars().rev().take(60).collect();
        let tail: String = tail.into_iter().rev().collect();
        let word = if self.is_right { "right" } else { "wrong" };
        format!("{}; rule: {word}; expected {}; …{tail}", self.are(), self.expected)
    }
}

/// The record goes by the last digits of an answer, without sign and places, and so does a rule that
/// is told to: it says the same of every answer.
#[test]
fn recorded_sums_are_scored_as_recorded_by_the_records_own_rule() {
    let Some(rows) = rows("gsm8k.jsonl.gz") else { return };
    let all = judged(&rows, &json!({"regex": r"\d(?:[\d,]*\d)?"}));
    let differ: Vec<&Judged<'_>> = all.iter().filter(|it| !it.as_recorded).collect();
    say(&format!("last whole number: {} of {} not as recorded:", differ.len(), all.len()));
    differ.iter().for_each(|it| say(&it.line()));
    assert!(all.len() == 2 * rows.len() && differ.len() * 100 <= all.len(), "{}", differ.len());
}

/// The rule for numbers reads them whole: `$42.00` is 42, of which the record took `00`, `-54` is not 54,
/// and `1/3` is not 3. It says the same of every answer whose last number the record read whole; of the
/// others it says what is written there, and where the record says otherwise the record is in error.
#[test]
fn recorded_sums_are_scored_as_they_are_written() {
    let Some(rows) = rows("gsm8k.jsonl.gz") else { return };
    let all = judged(&rows, &json!("number"));
    let (whole, parts): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.are() == "a whole number");
    let (differ, same): (Vec<_>, Vec<_>) = parts.into_iter().partition(|it| !it.as_recorded);
    say(&format!(
        "number: of {} answers the record read {} whole; of the others {} as recorded, {} not:",
        all.len(),
        whole.len(),
        same.len(),
        differ.len()
    ));
    differ.iter().for_each(|it| say(&it.line()));
    let unlike: Vec<String> =
        whole.iter().filter(|it| !it.as_recorded).map(|it| it.line()).collect();
    assert!(unlike.is_empty(), "{unlike:#?}");
    for it in &differ {
        let expected: f64 = it.expected.replace(',', "").parse().unwrap();
        assert_eq!(it.is_right, it.written() == expected, "{}", it.line());
    }
    assert!(whole.len() * 100 >= all.len() * 94 && differ.len() * 100 <= all.len() * 2);
}
