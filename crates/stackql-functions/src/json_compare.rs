//! Compares two JSON documents: by value, or as policies, in which some lists have no order.

use std::cmp::Ordering;

use crate::error::Error;
use crate::function::Function;
use crate::json::node::Node;
use crate::value::{Type, Value};

pub(crate) const ALL: &[Function] = &[
    Function::new(
        "json_equal",
        (2, 2),
        Type::Answer,
        json_equal,
        (
            "json_equal(x, y)",
            "1 if x and y are the same JSON but for the order of keys and blanks, else 0",
            r#"json_equal('{"a":1,"b":2}', '{"b": 2, "a": 1}')"#,
        ),
    ),
    Function::new(
        "aws_policy_equal",
        (2, 2),
        Type::Answer,
        policy_equal,
        (
            "aws_policy_equal(x, y)",
            "1 if x and y are the same policy: lists of actions, resources, principals and tags in any order, one item \
             as good as a list of it, else 0",
            r#"aws_policy_equal('{"Action":["a:B","a:C"]}', '{"Action":["a:C","a:B"]}')"#,
        ),
    ),
];

/// The members of policies whose lists have no order, and whose single element may be written without a list.
const UNORDERED: [&str; 8] =
    ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "AWS", "Service"];

/// Parses both documents; NULL is an error.
fn both<'a>(row: &'a [Value<'_>]) -> Result<(Node<'a>, Node<'a>), Error> {
    let one = |value: &'a Value<'_>| match value {
        Value::Text(text) | Value::Json(text) => Node::parse(text),
        Value::Null => Err(Error::MalformedJson("it is NULL".to_owned())),
        other => Node::from_value(other),
    };
    Ok((one(&row[0])?, one(&row[1])?))
}

fn json_equal<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (a, b) = both(row)?;
    Ok(Value::Integer(i64::from(a.is_same(&b))))
}

fn policy_equal<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    let (a, b) = both(row)?;
    Ok(Value::Integer(i64::from(Meaning::from_node(&a, None) == Meaning::from_node(&b, None))))
}

impl Node<'_> {
    /// Whether both have the same value, whatever the order of members and the notation of numbers and strings.
    pub(crate) fn is_same(&self, other: &Node<'_>) -> bool {
        Meaning::plain(self) == Meaning::plain(other)
    }
}

/// A normalized JSON value for comparison. Members, and lists without an order, are sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Word(&'static str),
    Number(Number),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// A number by its value; an integer is exact.
#[derive(Debug, Clone)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn parse(text: &str) -> Self {
        if let Ok(whole) = text.parse() {
            return Self::Whole(whole);
        }
        let float: f64 = text.parse().unwrap_or(f64::NAN);
        // 1.0 and 1e0 equal 1. Above 2^53, floats cannot represent every integer.
        match float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
            true => Self::Whole(float as i128),
            false => Self::Float(float),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Whole(_), Self::Float(_)) => Ordering::Less,
            (Self::Float(_), Self::Whole(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl Meaning {
    fn plain(node: &Node<'_>) -> Self {
        match node {
            Node::Array(items) => Self::List(items.iter().map(Self::plain).collect()),
            Node::Object(members) => {
                Self::object(members.iter().map(|(key, value)| (key.name().into_owned(), Self::plain(value))))
            }
            Node::Scalar(text) => Self::scalar(node, text),
        }
    }

    /// Normalizes a value of a policy, which is in the member `name`.
    fn from_node(node: &Node<'_>, name: Option<&str>) -> Self {
        let unordered = name.is_some_and(|name| UNORDERED.contains(&name));
        match node {
            Node::Object(members) => Self::object(members.iter().map(|(key, value)| {
                let key = key.name();
                (key.to_string(), Self::from_node(value, Some(&key)))
            })),
            Node::Array(items) => {
                // The name is passed on to the elements, so that ARNs in the list are recognized.
                let mut items: Vec<_> = items.iter().map(|item| Self::from_node(item, name)).collect();
                if unordered || name == Some("Tags") || !items.is_empty() && items.iter().all(Self::is_tag) {
                    items.sort();
                }
                Self::List(items)
            }
            Node::Scalar(text) => match Self::scalar(node, text) {
                Self::Text(text) if unordered => {
                    let is_arn = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("arn:"));
                    Self::Text(if is_arn { text.to_lowercase() } else { text })
                }
                other => other,
            },
        }
        .without_list(unordered)
    }

    /// Replaces a list without an order that has one element by that element.
    fn without_list(self, unordered: bool) -> Self {
        match self {
            Self::List(mut items) if unordered && items.len() == 1 => items.swap_remove(0),
            other => other,
        }
    }

    fn is_tag(&self) -> bool {
        matches!(self, Self::Object(members)
            if matches!(members.as_slice(), [(key, _), (value, _)] if key == "Key" && value == "Value"))
    }

    fn scalar(node: &Node<'_>, text: &str) -> Self {
        match node.kind() {
            word @ ("null" | "true" | "false") => Self::Word(word),
            "text" => Self::Text(node.to_cell().as_text().unwrap_or_default().into_owned()),
            _ => Self::Number(Number::parse(text)),
        }
    }

    /// Of duplicate members the last one counts, as in most JSON parsers.
    fn object(members: impl Iterator<Item = (String, Self)>) -> Self {
        let members: std::collections::BTreeMap<_, _> = members.collect();
        Self::Object(members.into_iter().collect())
    }
}
