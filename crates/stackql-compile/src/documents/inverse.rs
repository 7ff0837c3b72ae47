//! Compiles the inverse of a method, by which it is compensated: `inverse{sqlVerb.$ref, tokens}`.

use stackql_provider::{Inverse, ResponseLocation};

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::response::steps;
use super::service::RESOURCES;

/// The method that undoes the one at `method`, if the document names one.
pub(super) fn compile(method: NodeRef<'_>, problems: &mut Vec<Diagnostic>) -> Option<Inverse> {
    let at = method.get("inverse")?;
    let Some((resource, name)) = at.get("sqlVerb").and_then(target) else {
        let advice = "name one under inverse.sqlVerb.$ref, '#/components/x-stackQL-resources/things/methods/delete'";
        problems.push(Diagnostic::new(at.place(), "the inverse is no method of a resource", advice));
        return None;
    };
    let tokens = at.get("tokens").into_iter().flat_map(NodeRef::entries);
    let tokens = tokens.filter_map(|(name, token)| Some((name.to_owned(), carrier(token)?))).collect();
    Some(Inverse { resource: resource.to_owned(), method: name.to_owned(), tokens })
}

/// The resource and method that a reference names. A reference to an entry of a verb's list is followed to its method.
fn target(verb: NodeRef<'_>) -> Option<(&str, &str)> {
    let reference = verb.text("$ref")?;
    verb.target().ok()?;
    let behind = verb.referred(reference).ok()?.text("$ref");
    let mut steps = behind.unwrap_or(reference).split('/').skip_while(|step| *step != RESOURCES).skip(1);
    let (resource, kind, name) = (steps.next()?, steps.next()?, steps.next()?);
    (kind == "methods").then_some((resource, name))
}

/// The location of a token in the response: a path alone, or `{key, location}`.
fn carrier(token: NodeRef<'_>) -> Option<ResponseLocation> {
    let key = token.scalar().or(token.text("key"))?;
    Some(match token.text("location") {
        Some("header") => ResponseLocation::Header(key.to_owned()),
        _ => ResponseLocation::Body(steps(key)),
    })
}
