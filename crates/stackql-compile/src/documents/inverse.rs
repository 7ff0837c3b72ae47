//! What undoes a method: `inverse{sqlVerb.$ref, tokens}`.

use stackql_provider::{Carrier, Inverse};

use super::library::At;
use super::problem::Problem;
use super::response::steps;

const RESOURCES: &str = "x-stackQL-resources";

/// The method that undoes the one at `method`, if the document names one.
pub(super) fn compile(method: At<'_>) -> Result<Option<Inverse>, Problem> {
    let Some(at) = method.get("inverse") else { return Ok(None) };
    let wrong = |at: At<'_>, what: &str| {
        Problem::new(at.place(), what, "name a method, '#/components/x-stackQL-resources/things/methods/delete'")
    };
    let Some(verb) = at.get("sqlVerb") else { return Err(wrong(at, "the inverse names no method")) };
    verb.target()?;
    // A verb's list leads on to the method that serves it.
    let behind = verb.text("$ref").and_then(|reference| verb.referred(reference).ok()?.text("$ref"));
    let reference = behind.or(verb.text("$ref")).unwrap_or_default();
    let mut steps = reference.split('/').skip_while(|step| *step != RESOURCES).skip(1);
    let (Some(resource), Some("methods"), Some(name)) = (steps.next(), steps.next(), steps.next()) else {
        return Err(wrong(verb, "the inverse is no method of a resource"));
    };
    let tokens = at.get("tokens").into_iter().flat_map(At::entries);
    let tokens = tokens.filter_map(|(name, token)| Some((name.to_owned(), carrier(token)?))).collect();
    Ok(Some(Inverse { resource: resource.to_owned(), method: name.to_owned(), tokens }))
}

/// Where a token is: a path alone, or `{key, location}`.
fn carrier(token: At<'_>) -> Option<Carrier> {
    let key = token.scalar().or(token.text("key"))?;
    Some(match token.text("location") {
        Some("header") => Carrier::Header(key.to_owned()),
        _ => Carrier::Body(steps(key)),
    })
}
