//! Locates the rows in the output of an operation.

use serde_json::Value;

use crate::shapes::{text, wire};

/// Path to the rows within an output, and their shape. An empty path means that the output itself is the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowLocation {
    pub(crate) path: Vec<String>,
    pub(crate) shape: String,
    /// Name of the only column if rows are scalar values.
    pub(crate) scalar: Option<String>,
    /// The shape whose fields classic documentation pages list, if it differs from that of the rows.
    pub(crate) classic: Option<String>,
}

/// Rows of a method that serves SELECT: the elements of the only list, else the only structure, else the output.
pub(crate) fn select(
    model: &Value,
    output: &str,
    resource: &str,
    choice: Option<&str>,
    item_name: &str,
) -> RowLocation {
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
            return RowLocation { classic: Some(output.to_owned()), ..enter(shapes, name, only, item_name) };
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

/// Rows of a method that makes a change: the only structure in its output, or the elements of its only list, provided
/// that the remaining members are only flags or tokens; otherwise the output.
pub(crate) fn change(model: &Value, output: &str, item_name: &str) -> RowLocation {
    let shapes = &model["shapes"];
    let kind = |m: &Value| text(&shapes[text(&m["shape"])]["type"]);
    let nested = |m: &Value| kind(m) == "structure" || element(shapes, m) == "structure";
    let members = shapes[output]["members"].as_object().into_iter().flatten();
    let (found, beside): (Vec<_>, Vec<_>) = members.partition(|(_, m)| nested(m));
    let says_nothing = |name: &str, m: &Value| kind(m) == "boolean" || name.ends_with("Token");
    match found.as_slice() {
        [(name, member)] if beside.iter().all(|(n, m)| says_nothing(n, m)) => enter(shapes, name, member, item_name),
        _ => root(output),
    }
}

fn root(output: &str) -> RowLocation {
    RowLocation { path: Vec::new(), shape: output.to_owned(), scalar: None, classic: None }
}

/// The type of a list's elements; empty if the member is no list.
fn element<'a>(shapes: &'a Value, member: &Value) -> &'a str {
    let shape = &shapes[text(&member["shape"])];
    if text(&shape["type"]) == "list" { text(&shapes[text(&shape["member"]["shape"])]["type"]) } else { "" }
}

fn enter(shapes: &Value, name: &str, member: &Value, item_name: &str) -> RowLocation {
    let shape = text(&member["shape"]);
    let mut path = vec![wire(name, member)];
    if text(&shapes[shape]["type"]) != "list" {
        return RowLocation { path, shape: shape.to_owned(), scalar: None, classic: None };
    }
    let item = &shapes[shape]["member"];
    if shapes[shape]["flattened"] != true {
        path.push(item["locationName"].as_str().unwrap_or(item_name).to_owned());
    }
    let scalar = (element(shapes, member) != "structure").then(|| wire(name, member));
    RowLocation { path, shape: text(&item["shape"]).to_owned(), scalar, classic: None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The path to the rows of a change whose response has these members.
    fn path(members: &Value) -> Vec<String> {
        let model = json!({"shapes": {
            "Output": {"type": "structure", "members": members},
            "Text": {"type": "string"},
            "Truth": {"type": "boolean"},
            "Thing": {"type": "structure", "members": {"ThingId": {"shape": "Text"}}},
            "Things": {"type": "list", "member": {"shape": "Thing", "locationName": "item"}},
        }});
        change(&model, "Output", "item").path
    }

    #[test]
    fn what_was_made_is_the_row() {
        let thing = json!({"shape": "Thing", "locationName": "thing"});
        let things = json!({"shape": "Things", "locationName": "thingSet"});
        assert_eq!(path(&json!({"Thing": thing, "ClientToken": {"shape": "Text"}})), ["thing"]);
        assert_eq!(path(&json!({"Things": things, "Return": {"shape": "Truth"}})), ["thingSet", "item"]);
        assert!(path(&json!({"Return": {"shape": "Truth"}})).is_empty());
    }

    #[test]
    fn an_id_beside_a_detail_is_in_the_row() {
        let tags = json!({"shape": "Things", "locationName": "tagSet"});
        let state = json!({"shape": "Thing", "locationName": "state"});
        assert!(path(&json!({"GroupId": {"shape": "Text"}, "Tags": tags})).is_empty());
        assert!(path(&json!({"AssociationId": {"shape": "Text"}, "State": state})).is_empty());
    }
}
