//! Row discovery: locates the rows and markers of an XML document whose definition has the type of a row but no path to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use stackql_provider::ResponseShape;

use super::page_builder::{MARKS, ResponseLayout};
use crate::response::sniff::{MAX_DEPTH, ParseError};
use crate::response::xml::{Document, Next};

/// The names that protocols give to the elements of a list.
const ELEMENTS: [&str; 2] = ["member", "item"];

/// The discovered paths of a document.
pub(super) struct DiscoveredLayout {
    /// The path of the elements that have the most members of a row; `None` if no element has any.
    pub(super) rows: Option<Vec<String>>,
    pub(super) marks: [Vec<String>; MARKS],
}

/// Searches a document for the rows, and for the markers whose path begins with [`ResponseShape::ANYWHERE`].
pub(super) fn places(body: &[u8], wanted: &ResponseLayout<'_>) -> Result<DiscoveredLayout, ParseError> {
    let mut document = Document::open(body)?;
    let mut path: Vec<String> = Vec::new();
    let mut found: BTreeMap<Vec<String>, BTreeSet<usize>> = BTreeMap::new();
    let mut marks = wanted.markers.map(|path| match path {
        [step, ..] if step == ResponseShape::ANYWHERE => Vec::new(),
        path => path.to_vec(),
    });
    loop {
        match document.next()? {
            Next::End => {
                if path.pop().is_none() {
                    break;
                }
            }
            Next::Child => {
                let name = document.name().to_owned();
                if let Some(member) = wanted.members.iter().position(|m| *m == name) {
                    found.entry(path.clone()).or_default().insert(member);
                }
                path.push(name);
                if path.len() > MAX_DEPTH {
                    return Err(document.broken("nested too deeply"));
                }
                for (mark, wanted) in marks.iter_mut().zip(wanted.markers) {
                    let is_here =
                        matches!(wanted, [step, rest @ ..] if step == ResponseShape::ANYWHERE && path.ends_with(rest));
                    if is_here && mark.is_empty() {
                        mark.clone_from(&path);
                    }
                }
            }
        }
    }
    let rows = found.into_iter().max_by_key(|(path, members)| (members.len(), usize::MAX - path.len()));
    Ok(DiscoveredLayout { rows: rows.map(|(path, _)| path), marks })
}

/// Rewrites the JSON of an element that is nested though its definition has text: an object with nothing but elements of a list
/// becomes that list.
pub(super) fn unwrap_single_lists(json: &str) -> String {
    serde_json::from_str(json).map_or_else(|_| json.to_owned(), |value: Json| lists(value).to_string())
}

fn lists(value: Json) -> Json {
    match value {
        Json::Array(items) => items.into_iter().map(lists).collect(),
        Json::Object(mut members) => match only_elements(&mut members) {
            Some(Json::Array(items)) => items.into_iter().map(lists).collect(),
            Some(one) => Json::Array(vec![lists(one)]),
            None => members.into_iter().map(|(name, value)| (name, lists(value))).collect(),
        },
        other => other,
    }
}

/// Removes and returns the only member of an object, if its name is one of a list's elements.
fn only_elements(members: &mut Map<String, Json>) -> Option<Json> {
    let is_alone = members.len() == 1;
    ELEMENTS.iter().filter(|_| is_alone).find_map(|name| members.remove(*name))
}
