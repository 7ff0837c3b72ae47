//! Which part of an answer is a row.

use serde_json::Value;

use crate::shapes::{text, wire};

/// Where rows stand below an output, and their shape. An empty path is the output itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) path: Vec<String>,
    pub(crate) shape: String,
    /// What the only column is called where a row is a single value.
    pub(crate) scalar: Option<String>,
    /// Some where pages of the classic style list the output's own fields.
    pub(crate) classic: Option<String>,
}

/// Rows of a method that answers SELECT: the elements of the only list, else the only structure, else the output.
pub(crate) fn select(model: &Value, output: &str, resource: &str, choice: Option<&str>, item_name: &str) -> Rows {
    let shapes = &model["shapes"];
    let members: Vec<(&String, &Value)> =
        shapes[output]["members"].as_object().into_iter().flatten().filter(|(n, _)| *n != "NextToken").collect();
    if let Some(name) = choice.filter(|c| *c != "root") {
        let found = members.iter().find(|(n, m)| wire(n, m) == name);
        return found.map_or_else(|| root(output), |(n, m)| enter(shapes, n, m, item_name));
    }
    if let [(name, only)] = members.as_slice() {
        let kind = text(&shapes[text(&only["shape"])]["type"]);
        if kind == "structure" || kind == "list" && element(shapes, only) != "structure" {
            return Rows { classic: Some(output.to_owned()), ..enter(shapes, name, only, item_name) };
        }
    }
    let (lists, others): (Vec<_>, Vec<_>) = members.iter().partition(|(_, m)| element(shapes, m) == "structure");
    let ([(name, list)], true) = (lists.as_slice(), others.len() <= 2) else { return root(output) };
    if resource.ends_with("_attribute") && !others.is_empty() {
        return root(output);
    }
    let mut rows = enter(shapes, name, list, item_name);
    let nested = format!("{resource}Set");
    let inner = shapes[&rows.shape]["members"].as_object().into_iter().flatten().find(|(n, m)| wire(n, m) == nested);
    if let Some((name, member)) = inner {
        let deeper = enter(shapes, name, member, item_name);
        rows.path.extend(deeper.path);
        rows.shape = deeper.shape;
    }
    rows.classic = (choice == Some("root")).then(|| output.to_owned());
    rows
}

/// Rows of a method that changes something: the only structure in its output, else the output.
pub(crate) fn change(model: &Value, output: &str, item_name: &str) -> Rows {
    let shapes = &model["shapes"];
    let nested =
        |m: &Value| text(&shapes[text(&m["shape"])]["type"]) == "structure" || element(shapes, m) == "structure";
    let mut found = shapes[output]["members"].as_object().into_iter().flatten().filter(|(_, m)| nested(m));
    match (found.next(), found.next()) {
        (Some((name, member)), None) => enter(shapes, name, member, item_name),
        _ => root(output),
    }
}

fn root(output: &str) -> Rows {
    Rows { path: Vec::new(), shape: output.to_owned(), scalar: None, classic: None }
}

/// The kind of a list's elements; empty for what is no list.
fn element<'a>(shapes: &'a Value, member: &Value) -> &'a str {
    let shape = &shapes[text(&member["shape"])];
    if text(&shape["type"]) == "list" { text(&shapes[text(&shape["member"]["shape"])]["type"]) } else { "" }
}

fn enter(shapes: &Value, name: &str, member: &Value, item_name: &str) -> Rows {
    let shape = text(&member["shape"]);
    let mut path = vec![wire(name, member)];
    if text(&shapes[shape]["type"]) != "list" {
        return Rows { path, shape: shape.to_owned(), scalar: None, classic: None };
    }
    let item = &shapes[shape]["member"];
    if shapes[shape]["flattened"] != true {
        path.push(item["locationName"].as_str().unwrap_or(item_name).to_owned());
    }
    let scalar = (element(shapes, member) != "structure").then(|| wire(name, member));
    Rows { path, shape: text(&item["shape"]).to_owned(), scalar, classic: None }
}
