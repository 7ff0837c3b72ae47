//! Documents in the oldest style: `x-stackQL` annotations of an operation name its resource and SQL verb.

use std::collections::BTreeMap;

use stackql_provider::Verb;

use super::document_set::NodeRef;
use super::operation::Operation;
use super::service::{Source, VERBS};

const HTTP_METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The resources named by the operations of a document, with their methods in the order in which they are tried.
pub(super) fn resources(document: NodeRef<'_>) -> BTreeMap<&str, Vec<Source<'_>>> {
    let mut out: BTreeMap<&str, Vec<Source<'_>>> = BTreeMap::new();
    for (path, item) in document.get("paths").into_iter().flat_map(NodeRef::entries) {
        let Ok(item) = item.target() else { continue };
        for (http_method, at) in item.entries().filter(|(verb, _)| HTTP_METHODS.contains(verb)) {
            let Some(resource) = at.text("x-stackQL-resource") else { continue };
            let Some(name) = at.text("x-stackQL-method").or(at.text("operationId")) else { continue };
            let said = at.text("x-stackQL-verb").unwrap_or_default();
            let verb = VERBS.iter().find(|(key, _)| key.eq_ignore_ascii_case(said)).map_or(Verb::Exec, |(_, v)| *v);
            let operation = Some(Operation { http_method, path, item, at, document });
            out.entry(resource).or_default().push(Source { name, verb, at, operation });
        }
    }
    for methods in out.values_mut() {
        methods.sort_by_key(|m| VERBS.iter().position(|(_, v)| *v == m.verb).unwrap_or(VERBS.len()));
    }
    out
}
