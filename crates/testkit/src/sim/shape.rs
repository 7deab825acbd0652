//! What a request has to look like, as data: a table of fields for each endpoint, and one walk that
//! finds the first thing which does not fit. How a provider says so is the provider's affair.

use serde_json::Value;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Whatever.
    Any,
    Text,
    Flag,
    /// A whole number from .. to.
    Whole(i64, i64),
    /// A number from .. to.
    Number(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list.
    Each(&'static Shape),
    /// An object whose fields have any names.
    Named(&'static Shape),
    /// An object of these fields and no others.
    Fields(&'static [Field]),
    /// An object of the fields that belong to the word in its field of this name.
    Tagged(&'static str, &'static [Tag]),
    /// Text, or else that.
    TextOr(&'static Shape),
    /// That, which may hold itself.
    Of(&'static Shape),
}

/// The fields of the objects whose tag is this word.
pub(crate) type Tag = (&'static str, &'static [Field]);

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    need: Need,
    shape: Shape,
}

#[derive(Clone, Copy, Debug)]
enum Need {
    Must,
    May,
}

/// A field that must be there.
pub(crate) const fn must(name: &'static str, shape: Shape) -> Field {
    Field { name, need: Need::Must, shape }
}

/// A field that may be missing, or null.
pub(crate) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, need: Need::May, shape }
}

/// The first thing that does not fit, and where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) at: Vec<Step>,
    pub(crate) wrong: Wrong,
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Place(usize),
    /// No step in the document: by this tag the object was read.
    Tag(&'static str),
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wrong {
    Missing,
    Unknown,
    /// It should be of this kind.
    Kind {
        wanted: &'static str,
        got: Value,
    },
    /// It should be one of these words.
    Word {
        wanted: Vec<&'static str>,
        got: String,
    },
    /// It should not be less.
    Below {
        least: f64,
        got: Value,
    },
    /// It should not be more.
    Above {
        most: f64,
        got: Value,
    },
}

/// The first problem of `value`; problems of fields come in the order of the table, unknown ones last.
pub(crate) fn check(shape: Shape, value: &Value) -> Result<(), Problem> {
    walk(shape, value, &mut Vec::new())
}

fn walk(shape: Shape, value: &Value, at: &mut Vec<Step>) -> Result<(), Problem> {
    let kind = |wanted: &'static str, at: &[Step]| Problem {
        at: at.to_vec(),
        wrong: Wrong::Kind { wanted, got: value.clone() },
    };
    match (shape, value) {
        (Shape::Any, _)
        | (Shape::Text | Shape::TextOr(_), Value::String(_))
        | (Shape::Flag, Value::Bool(_)) => Ok(()),
        (Shape::Text, _) => Err(kind("string", at)),
        (Shape::Flag, _) => Err(kind("boolean", at)),
        (Shape::Whole(least, most), Value::Number(number)) if !number.is_f64() => {
            ranged(number.as_f64(), value, [least as f64, most as f64], at)
        }
        (Shape::Whole(..), _) => Err(kind("integer", at)),
        (Shape::Number(least, most), Value::Number(number)) => {
            ranged(number.as_f64(), value, [least, most], at)
        }
        (Shape::Number(..), _) => Err(kind("number", at)),
        (Shape::Word(words), Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
        (Shape::Word(words), Value::String(word)) => {
            let wrong = Wrong::Word { wanted: words.to_vec(), got: word.clone() };
            Err(Problem { at: at.clone(), wrong })
        }
        (Shape::Word(_), _) => Err(kind("string", at)),
        (Shape::Each(inner), Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                inside(Step::Place(place), at, |at| walk(*inner, item, at))?;
            }
            Ok(())
        }
        (Shape::Each(_), _) => Err(kind("array", at)),
        (Shape::Named(inner), Value::Object(fields)) => {
            for (name, item) in fields {
                inside(Step::Name(name.clone()), at, |at| walk(*inner, item, at))?;
            }
            Ok(())
        }
        (Shape::Fields(fields), Value::Object(_)) => object(fields, &[], value, at),
        (Shape::Tagged(tag, tags), Value::Object(_)) => tagged(tag, tags, value, at),
        (Shape::Named(_) | Shape::Fields(_) | Shape::Tagged(..), _) => Err(kind("object", at)),
        (Shape::TextOr(other) | Shape::Of(other), _) => walk(*other, value, at),
    }
}

fn inside(
    step: Step,
    at: &mut Vec<Step>,
    look: impl FnOnce(&mut Vec<Step>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    at.push(step);
    look(at)?;
    at.pop();
    Ok(())
}

fn ranged(
    number: Option<f64>,
    value: &Value,
    [least, most]: [f64; 2],
    at: &[Step],
) -> Result<(), Problem> {
    let got = value.clone();
    let wrong = match number {
        Some(number) if number < least => Wrong::Below { least, got },
        Some(number) if number > most => Wrong::Above { most, got },
        Some(_) | None => return Ok(()),
    };
    Err(Problem { at: at.to_vec(), wrong })
}

fn tagged(
    tag_name: &'static str,
    tags: &'static [Tag],
    value: &Value,
    at: &mut Vec<Step>,
) -> Result<(), Problem> {
    let given = value.get(tag_name).and_then(Value::as_str);
    let Some((tag, fields)) = tags.iter().find(|(tag, _)| Some(*tag) == given) else {
        let wrong = match given {
            None => Wrong::Missing,
            Some(given) => Wrong::Word {
                wanted: tags.iter().map(|(tag, _)| *tag).collect(),
                got: given.to_owned(),
            },
        };
        at.push(Step::Name(tag_name.to_owned()));
        return Err(Problem { at: at.clone(), wrong });
    };
    inside(Step::Tag(tag), at, |at| object(fields, &[tag_name], value, at))
}

fn object(
    fields: &'static [Field],
    known: &[&str],
    value: &Value,
    at: &mut Vec<Step>,
) -> Result<(), Problem> {
    for Field { name, need, shape } in fields {
        inside(Step::Name((*name).to_owned()), at, |at| match (value.get(name), need) {
            (None, Need::Must) => Err(Problem { at: at.clone(), wrong: Wrong::Missing }),
            (None | Some(Value::Null), Need::May) => Ok(()),
            (Some(item), Need::Must | Need::May) => walk(*shape, item, at),
        })?;
    }
    let mut names = value.as_object().into_iter().flat_map(|object| object.keys());
    let unknown = names
        .find(|name| !known.contains(&name.as_str()) && fields.iter().all(|f| f.name != **name));
    match unknown {
        None => Ok(()),
        Some(name) => {
            at.push(Step::Name(name.clone()));
            Err(Problem { at: at.clone(), wrong: Wrong::Unknown })
        }
    }
}
