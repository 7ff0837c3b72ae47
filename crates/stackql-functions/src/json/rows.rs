//! The JSON table functions: they return elements, members, or all values of a tree.

use std::borrow::Cow;

use super::node::Node;
use super::path::Step;
use super::read::{as_text, document, steps};
use crate::error::Error;
use crate::function::FunctionDoc;
use crate::table::{Rows, TableFunction};
use crate::value::{Type, Value};

/// The columns of `json_each` and `json_tree`.
const WALK: &[(&str, Type)] = &[
    ("key", Type::Text),
    ("value", Type::Text),
    ("type", Type::Text),
    ("atom", Type::Text),
    ("id", Type::Integer),
    ("parent", Type::Integer),
    ("fullkey", Type::Text),
    ("path", Type::Text),
];

pub(crate) const ALL: &[TableFunction] = &[
    TableFunction {
        name: "json_each",
        other_names: &[],
        arguments: (1, 2),
        columns: WALK,
        rows: |row| walk(row, 1),
        doc: FunctionDoc {
            usage: "json_each(x[, path])",
            says: "a row for each item or member: key, value, type, atom, id, parent, fullkey, path",
            example: "SELECT key, value FROM json_each('{\"a\":1}')",
        },
    },
    TableFunction {
        name: "json_tree",
        other_names: &[],
        arguments: (1, 2),
        columns: WALK,
        rows: |row| walk(row, usize::MAX),
        doc: FunctionDoc {
            usage: "json_tree(x[, path])",
            says: "a row for each value, at every depth, with the columns of json_each",
            example: "SELECT fullkey, atom FROM json_tree('{\"a\":[1]}')",
        },
    },
    TableFunction {
        name: "json_array_elements",
        other_names: &["jsonb_array_elements"],
        arguments: (1, 1),
        columns: &[("value", Type::Json)],
        rows: |row| items(row, |node| node.to_json()),
        doc: FunctionDoc {
            usage: "json_array_elements(x)",
            says: "a row for each item of an array, as JSON",
            example: "SELECT value FROM json_array_elements('[{\"a\": 1}]')",
        },
    },
    TableFunction {
        name: "json_array_elements_text",
        other_names: &["jsonb_array_elements_text"],
        arguments: (1, 1),
        columns: &[("value", Type::Text)],
        rows: |row| items(row, as_text),
        doc: FunctionDoc {
            usage: "json_array_elements_text(x)",
            says: "a row for each item of an array, as text",
            example: "SELECT value FROM json_array_elements_text('[\"a\"]')",
        },
    },
    TableFunction {
        name: "json_object_keys",
        other_names: &["jsonb_object_keys"],
        arguments: (1, 1),
        columns: &[("json_object_keys", Type::Text)],
        rows: keys,
        doc: FunctionDoc {
            usage: "json_object_keys(x)",
            says: "a row for each key of an object",
            example: "SELECT * FROM json_object_keys('{\"a\":1}')",
        },
    },
];

fn items<'a>(row: &[Value<'a>], make: fn(&Node<'_>) -> Value<'static>) -> Result<Rows<'a>, Error> {
    match document(&row[0])? {
        Some(Node::Array(items)) => Ok(items.iter().map(|item| vec![make(item)]).collect()),
        None => Ok(Vec::new()),
        Some(other) => Err(not_a("an array", &other)),
    }
}

fn keys<'a>(row: &[Value<'a>]) -> Result<Rows<'a>, Error> {
    match document(&row[0])? {
        Some(Node::Object(members)) => {
            Ok(members.iter().map(|(key, _)| vec![Value::text(key.name().into_owned())]).collect())
        }
        None => Ok(Vec::new()),
        Some(other) => Err(not_a("an object", &other)),
    }
}

fn not_a(wanted: &'static str, found: &Node<'_>) -> Error {
    Error::WrongKind { wanted, found: found.kind() }
}

/// The values of a document, or of the value at a path in it, down to this many levels.
fn walk<'a>(row: &[Value<'a>], levels: usize) -> Result<Rows<'a>, Error> {
    let Some(node) = document(&row[0])? else { return Ok(Vec::new()) };
    let steps = match row.get(1) {
        None => Vec::new(),
        Some(path) => match steps(path)? {
            Some(steps) => steps,
            None => return Ok(Vec::new()),
        },
    };
    let Some(root) = node.at(&steps) else { return Ok(Vec::new()) };
    let mut walk = Walk { rows: Vec::new(), levels };
    let mut place = Place { path: "$".to_owned(), key: Value::Null, full: "$".to_owned(), parent: None };
    let mut above = &node;
    for step in &steps {
        place = place.below(step, above);
        above = above.at(std::slice::from_ref(step)).unwrap_or(root);
        place.parent = None;
    }
    if levels == 1 && !matches!(root, Node::Scalar(_)) {
        walk.children(root, &place, None, 0);
    } else {
        walk.value(root, &place, 0);
    }
    Ok(walk.rows)
}

/// The position of a value in the document.
struct Place {
    /// The path of the containing value.
    path: String,
    key: Value<'static>,
    full: String,
    parent: Option<i64>,
}

impl Place {
    fn below(&self, step: &Step<'_>, within: &Node<'_>) -> Self {
        let (key, last) = match step {
            Step::Key(name) => (Value::text(name.clone().into_owned()), member(name)),
            index => {
                let length = if let Node::Array(items) = within { items.len() } else { 0 };
                let index = index.index(length).unwrap_or_default();
                (Value::text(index.to_string()), format!("[{index}]"))
            }
        };
        Self { path: self.full.clone(), key, full: format!("{}{last}", self.full), parent: None }
    }
}

/// The path step of a member; its name is quoted unless it has only ASCII letters and digits and begins with a letter.
fn member(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    if plain { format!(".{name}") } else { format!(".\"{name}\"") }
}

struct Walk<'a> {
    rows: Rows<'a>,
    levels: usize,
}

impl Walk<'_> {
    fn value(&mut self, node: &Node<'_>, place: &Place, depth: usize) {
        let id = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        let value = match node.to_cell() {
            Value::Json(text) => Value::Text(text),
            cell => cell,
        };
        let atom = if matches!(node, Node::Scalar(_)) { value.clone() } else { Value::Null };
        self.rows.push(vec![
            place.key.clone(),
            value,
            Value::Text(Cow::Borrowed(node.kind())),
            atom,
            Value::Integer(id),
            place.parent.map_or(Value::Null, Value::Integer),
            Value::text(place.full.clone()),
            Value::text(place.path.clone()),
        ]);
        if depth < self.levels {
            self.children(node, place, Some(id), depth);
        }
    }

    fn children(&mut self, node: &Node<'_>, place: &Place, parent: Option<i64>, depth: usize) {
        // With one level, as in `json_each`, the listed values are not descended into.
        let below = if self.levels == 1 { self.levels } else { depth + 1 };
        match node {
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let place = Place { parent, ..place.below(&Step::Index(index), node) };
                    self.value(item, &place, below);
                }
            }
            Node::Object(members) => {
                for (key, item) in members {
                    let place = Place { parent, ..place.below(&Step::Key(key.name()), node) };
                    self.value(item, &place, below);
                }
            }
            Node::Scalar(_) => {}
        }
    }
}
