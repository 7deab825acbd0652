//! JSON as text that is the same whatever order its members came in.

use super::template::masked_once;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Number, Value};
use std::{borrow::Cow, fmt};

/// A value with its members in the order of their names, whatever order they came in, and its
/// descriptions masked in one look, because programs write dates and names into them too.
pub(super) fn of_value(value: &Value) -> String {
    Node::deserialize(value).map(|node| node.canonical()).unwrap_or_default()
}

/// The items of a list, or what else it is, each as [`of_value`] has it; a text that is not JSON is
/// itself.
pub(super) fn of_list(text: &str) -> Vec<String> {
    match serde_json::from_str(text) {
        Ok(Node::List(items)) => items.iter().map(Node::canonical).collect(),
        Ok(node @ (Node::Plain(_) | Node::Text(_) | Node::Object(_))) => vec![node.canonical()],
        Err(_) => vec![text.to_owned()],
    }
}

/// A value as it lies in its text: of a call with many tools most of the time would go into maps and
/// copies that nobody keeps.
enum Node<'a> {
    /// Null, truth and numbers, as they are written.
    Plain(String),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Sorted by name, each name once.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// The depth is bounded by the parser.
    fn write(&self, out: &mut String) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::Text(text) => out.extend(["\"", text, "\""]),
            Self::List(items) => {
                out.push('[');
                for item in items {
                    item.write(out);
                    out.push(',');
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (name, value) in members {
                    out.extend([name, ":"]);
                    match (name.as_ref(), value) {
                        ("description", Self::Text(text)) => out.push_str(&masked_once(text)),
                        (_, value) => value.write(out),
                    }
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AsItLies)
    }
}

struct AsItLies;

impl<'de> Visitor<'de> for AsItLies {
    type Value = Node<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Plain("null".to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        let number = Number::from_f64(value).map(|number| number.to_string());
        Ok(Node::Plain(number.unwrap_or_else(|| "null".to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        // Of a name that comes twice the last holds: after it is turned round, the first.
        members.reverse();
        members.sort_by(|(one, _), (two, _)| one.cmp(two));
        members.dedup_by(|(later, _), (first, _)| later == first);
        Ok(Node::Object(members))
    }
}
