//! Which part of an answer is a row.

use serde_json::Value;

use crate::shapes::{text, wire};

/// Where rows stand below an output, and their shape. An empty path is the output itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) path: Vec<String>,
    pub(crate) shape: String,
    /// Some where pages of the classic style list the output's own fields.
    pub(crate) classic: Option<String>,
}

/// Rows of a method that answers SELECT.
pub(crate) fn select(model: &Value, output: &str, resource: &str, choice: Option<&str>, item_name: &str) -> Rows {
    let shapes = &model["shapes"];
    let root = || Rows { path: Vec::new(), shape: output.to_owned(), classic: None };
    let kind = |m: &Value| text(&shapes[text(&m["shape"])]["type"]).to_owned();
    let members: Vec<(&String, &Value)> =
        shapes[output]["members"].as_object().into_iter().flatten().filter(|(n, _)| *n != "NextToken").collect();
    if let Some(name) = choice.filter(|c| *c != "root") {
        let found = members.iter().find(|(n, m)| wire(n, m) == name);
        return found.map_or_else(root, |(n, m)| enter(shapes, n, m, item_name));
    }
    let structures = |m: &Value| {
        kind(m) == "list" && text(&shapes[text(&shapes[text(&m["shape"])]["member"]["shape"])]["type"]) == "structure"
    };
    let (lists, others): (Vec<_>, Vec<_>) = members.iter().partition(|(_, m)| structures(m));
    let ([(name, list)], true) = (lists.as_slice(), others.len() <= 2) else { return root() };
    if resource.ends_with("_attribute") && !others.is_empty() {
        return root();
    }
    let mut rows = enter(shapes, name, list, item_name);
    let nested = format!("{resource}Set");
    let inner = shapes[&rows.shape]["members"].as_object().into_iter().flatten().find(|(n, m)| wire(n, m) == nested);
    if let Some((name, member)) = inner {
        let deeper = enter(shapes, name, member, item_name);
        rows.path.extend(deeper.path);
        rows.shape = deeper.shape;
    }
    if choice == Some("root") || shapes[&rows.shape]["members"].as_object().is_some_and(|m| m.len() < 2) {
        rows.classic = Some(output.to_owned());
    }
    rows
}

/// Rows of a method that changes something: the only structure in its output, else the output.
pub(crate) fn change(model: &Value, output: &str, item_name: &str) -> Rows {
    let shapes = &model["shapes"];
    let nested = |m: &Value| {
        let shape = &shapes[text(&m["shape"])];
        match text(&shape["type"]) {
            "structure" => true,
            "list" => text(&shapes[text(&shape["member"]["shape"])]["type"]) == "structure",
            _ => false,
        }
    };
    let mut found = shapes[output]["members"].as_object().into_iter().flatten().filter(|(_, m)| nested(m));
    match (found.next(), found.next()) {
        (Some((name, member)), None) => enter(shapes, name, member, item_name),
        _ => Rows { path: Vec::new(), shape: output.to_owned(), classic: None },
    }
}

fn enter(shapes: &Value, name: &str, member: &Value, item_name: &str) -> Rows {
    let shape = text(&member["shape"]);
    let mut path = vec![wire(name, member)];
    if text(&shapes[shape]["type"]) != "list" {
        return Rows { path, shape: shape.to_owned(), classic: None };
    }
    let item = &shapes[shape]["member"];
    if shapes[shape]["flattened"] != true {
        path.push(item["locationName"].as_str().unwrap_or(item_name).to_owned());
    }
    Rows { path, shape: text(&item["shape"]).to_owned(), classic: None }
}
