//! Finds the secrets of an operation: values that its schemas mark, in requests and responses.

use std::collections::{BTreeSet, HashSet};

use stackql_provider::Secret;

use super::document_set::NodeRef;
use super::operation::Operation;
use super::response;
use super::schema::{MergedSchema, merged};

/// Keywords that mark a secret: OpenAPI 3.0's format `password`, and Azure's extension for values in responses.
pub(super) const MARKS: [(&str, &str); 2] = [("format", "password"), ("x-ms-secret", "true")];
/// Maximum nesting depth that is searched.
const MAX_DEPTH: usize = 24;

/// The secrets of a method's operation.
pub(super) fn schema_secrets<'a>(method: NodeRef<'a>, operation: &Operation<'a>) -> Vec<Secret> {
    if !operation.document.marks_secrets() && !method.marks_secrets() {
        return Vec::new();
    }
    let mut found = SecretCollector::default();
    let lists = [operation.at, operation.item, method].map(|at| at.get("parameters"));
    for at in lists.into_iter().flatten().flat_map(NodeRef::items).filter_map(|at| at.target().ok()) {
        if let Some((name, schema)) = at.text("name").zip(at.get("schema")) {
            found.value(name, schema, None, 0);
        }
    }
    let body = operation.at.follow("requestBody").and_then(|body| body.get("content"));
    let described = body.into_iter().flat_map(NodeRef::entries).filter_map(|(_, media)| media.get("schema"));
    let stated = method.get("request").and_then(|request| request.get("schema_override"));
    let stated = stated.map(|schema| operation.stated(schema));
    for schema in described.chain(stated).chain(response::schemas(method, operation)) {
        found.collect(&merged(schema), None, is_marked(schema), 0);
    }
    found.secrets.into_iter().collect()
}

#[derive(Default)]
struct SecretCollector {
    secrets: BTreeSet<Secret>,
    seen: HashSet<((usize, u32), Option<String>)>,
}

impl SecretCollector {
    /// Collects secrets within a schema: all properties if `is_secret`, otherwise the marked ones.
    fn collect(&mut self, schema: &MergedSchema<'_>, parent: Option<&str>, is_secret: bool, depth: usize) {
        for (name, property) in &schema.properties {
            let of_xml = merged(*property).xml_name;
            for name in BTreeSet::from([*name, of_xml.unwrap_or(name)]) {
                if is_secret {
                    self.secrets.insert(Secret { parent: parent.map(str::to_owned), name: name.to_owned() });
                } else {
                    self.value(name, *property, parent, depth);
                }
            }
        }
        for inside in schema.items.into_iter().chain(schema.additional) {
            self.inside(inside, parent, is_secret, depth);
        }
    }

    fn inside(&mut self, schema: NodeRef<'_>, parent: Option<&str>, is_secret: bool, depth: usize) {
        let key = schema.target().map_or(schema.key(), NodeRef::key);
        if depth < MAX_DEPTH && self.seen.insert((key, parent.map(str::to_owned))) {
            self.collect(&merged(schema), parent, is_secret, depth + 1);
        }
    }

    /// Collects a value with this name.
    fn value(&mut self, name: &str, schema: NodeRef<'_>, parent: Option<&str>, depth: usize) {
        let elements = merged(schema);
        if is_marked(schema) || elements.items.into_iter().chain(elements.additional).any(is_marked) {
            self.secrets.insert(Secret { parent: parent.map(str::to_owned), name: name.to_owned() });
        } else {
            self.inside(schema, Some(name), false, depth);
        }
    }
}

/// Whether a schema is marked, at its reference or its definition.
fn is_marked(schema: NodeRef<'_>) -> bool {
    schema.places().any(|at| MARKS.iter().any(|(key, text)| at.text(key) == Some(text)))
}
