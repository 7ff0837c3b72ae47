//! Compiles the permissions that a method requires: OAuth scopes of its operation, or actions listed in the resource's
//! schema.

use stackql_provider::{Permissions, Verb};

use super::document_set::NodeRef;

/// The permissions by kind of change in the schema with the same type name as the resource at `at`.
pub(super) fn of_resource<'a>(document: NodeRef<'a>, at: NodeRef<'a>) -> Option<NodeRef<'a>> {
    let name = at.text("x-cfn-type-name")?;
    let schemas = document.get("components")?.get("schemas")?;
    let (_, schema) = schemas.entries().find(|(_, schema)| schema.text("x-type-name") == Some(name))?;
    schema.get("x-required-permissions")
}

pub(super) fn compile(
    listed: Option<NodeRef<'_>>,
    document: NodeRef<'_>,
    operation: NodeRef<'_>,
    verb: Verb,
) -> Permissions {
    let texts = |at: NodeRef<'_>| at.items().filter_map(|item| item.scalar().map(str::to_owned)).collect::<Vec<_>>();
    let kind = match verb {
        Verb::Insert => Some("create"),
        Verb::Update | Verb::Replace => Some("update"),
        Verb::Delete => Some("delete"),
        Verb::Select if operation.text("operationId").is_some_and(|id| id.starts_with("List")) => Some("list"),
        Verb::Select => Some("read"),
        Verb::Exec => None,
    };
    if let Some(listed) = kind.and_then(|kind| listed?.get(kind)) {
        return Permissions { names: texts(listed), any: false };
    }
    // Requirements are alternatives; each may name several schemes with the same scopes.
    let requirements: Vec<NodeRef<'_>> =
        operation.get("security").or(document.get("security")).into_iter().flat_map(NodeRef::items).collect();
    let scopes = |requirement: &NodeRef<'_>| {
        let mut all: Vec<String> = requirement.entries().flat_map(|(_, scopes)| texts(scopes)).collect();
        all.sort();
        all.dedup();
        all
    };
    let each: Vec<Vec<String>> = requirements.iter().map(scopes).collect();
    match each.as_slice() {
        [] => Permissions::default(),
        [all] => Permissions { names: all.clone(), any: false },
        // A requirement without scopes only requires a credential.
        several if several.iter().all(|s| s.len() == 1) => Permissions { names: several.concat(), any: true },
        _ => Permissions::default(),
    }
}
