//! Finds the secrets of an operation: the shapes that a service model marks as `sensitive` (Smithy 2.0, "sensitive
//! trait").

use std::collections::BTreeSet;

use serde_json::Value;
use stackql_provider::Secret;

use crate::shapes::{request_wire, text, wire};

/// Maximum nesting depth that is searched.
const MAX_DEPTH: usize = 64;

/// The secret members in the input and output shapes of an operation.
pub(crate) fn shape_secrets(model: &Value, query: bool, input: &str, output: &str) -> Vec<Secret> {
    let mut found = SecretCollector { model, query, secrets: BTreeSet::new(), seen: BTreeSet::new() };
    for shape in [input, output] {
        found.collect(shape, None, is_sensitive(model, shape, 0), 0);
    }
    found.secrets.into_iter().collect()
}

struct SecretCollector<'a> {
    model: &'a Value,
    query: bool,
    secrets: BTreeSet<Secret>,
    seen: BTreeSet<(String, Option<String>)>,
}

impl SecretCollector<'_> {
    /// Collects secrets within a shape: all members if `is_secret`, otherwise the marked ones.
    fn collect(&mut self, shape: &str, parent: Option<&str>, is_secret: bool, depth: usize) {
        if depth > MAX_DEPTH || !self.seen.insert((shape.to_owned(), parent.map(str::to_owned))) {
            return;
        }
        let described = &self.model["shapes"][shape];
        match text(&described["type"]) {
            "list" => self.collect(text(&described["member"]["shape"]), parent, is_secret, depth + 1),
            "map" => self.collect(text(&described["value"]["shape"]), parent, is_secret, depth + 1),
            _ => {}
        }
        for (name, member) in described["members"].as_object().into_iter().flatten() {
            let shape = text(&member["shape"]);
            for name in BTreeSet::from([wire(name, member), request_wire(name, member, self.query)]) {
                if is_secret || is_sensitive(self.model, shape, depth) {
                    self.secrets.insert(Secret { parent: parent.map(str::to_owned), name });
                } else {
                    self.collect(shape, Some(&name), false, depth + 1);
                }
            }
        }
    }
}

/// Whether a shape is marked as sensitive, or the elements of a list or the values of a map are.
fn is_sensitive(model: &Value, shape: &str, depth: usize) -> bool {
    let described = &model["shapes"][shape];
    let inside = |name: &str| {
        let shape = text(&described[name]["shape"]);
        depth < MAX_DEPTH && !shape.is_empty() && is_sensitive(model, shape, depth + 1)
    };
    described["sensitive"] == true || inside("member") || inside("value")
}

#[cfg(test)]
mod tests;
