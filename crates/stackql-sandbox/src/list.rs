//! Lists in the manner of EC2: filtered by `Filter`, in order of creation, in pages of `MaxResults`. Works on any
//! response whose rows are `item` elements. The simulated services only support exact filters on a state, by which some
//! of them include deleted resources.

pub(crate) mod filter;
mod page;

use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::resource_kind;
use crate::resource_kind::Kind;
use filter::Filter;

/// Parameters that are handled here and not passed on.
const NARROWING: [&str; 3] = ["Filter", "MaxResults", "NextToken"];

/// The request to the simulated service, which returns the unfiltered list; exact filters on the state are passed on.
pub(crate) fn whole(form: &Form) -> Form {
    let mut whole = NARROWING.into_iter().fold(form.clone(), Form::without);
    let states = filter::filters_from_form(form).into_iter().filter(|f| f.name == "state" && f.is_exact());
    for (n, state) in states.enumerate() {
        whole = whole.with(&format!("Filter.{}.Name", n + 1), state.name);
        for (m, value) in state.values.into_iter().enumerate() {
            whole = whole.with(&format!("Filter.{}.Value.{}", n + 1, m + 1), value);
        }
    }
    whole
}

/// The element that contains the rows of a response.
pub(crate) fn rows(answer: &mut Element) -> Option<&mut Element> {
    answer.children.iter_mut().find(|c| !c.children.is_empty() && c.children.iter().all(|i| i.name == "item"))
}

/// Checks the filter names of a list request before the list is read.
pub(crate) fn check(kind: &Kind, form: &Form) -> Result<(), ApiError> {
    let known = |f: &Filter| kind.filters.is_empty() || f.name.starts_with("tag") || kind.filters.contains(&&*f.name);
    match filter::filters_from_form(form).into_iter().find(|f| !known(f)) {
        Some(Filter { name, .. }) => {
            Err(ApiError::new("InvalidParameterValue", format!("The filter '{name}' is invalid")))
        }
        None => Ok(()),
    }
}

/// Filters the complete list in a response and cuts it to the requested page.
pub(crate) fn narrow(action: &str, form: &Form, answer: &mut Element) -> Result<(), ApiError> {
    let filters = filter::filters_from_form(form);
    let wanted = page::PageRequest::from_form(action, form)?;
    answer.children.retain(|c| c.name != "nextToken");
    let list = rows(answer);
    if let Some(kind) = resource_kind::listed_by(action) {
        known(kind, form, list.as_ref().map_or(&[], |list| &list.children))?;
    }
    let Some(list) = list else { return Ok(()) };
    list.children.retain(|row| filters.iter().all(|f| f.passes(row)));
    if let Some(next) = wanted.cut(list) {
        answer.set("nextToken", next);
    }
    Ok(())
}

/// Rejects ids that are not in the list.
fn known(kind: &Kind, form: &Form, rows: &[Element]) -> Result<(), ApiError> {
    let listed = |id: &String| {
        let by_id = Filter { name: kind.id.to_owned(), values: vec![id.clone()] };
        rows.iter().any(|row| by_id.passes(row))
    };
    match form.list(kind.parameter).into_iter().find(|id| !listed(id)) {
        Some(id) => Err(unknown(kind, &id)),
        None => Ok(()),
    }
}

/// The error for an unknown id.
pub(crate) fn unknown(kind: &Kind, id: &str) -> ApiError {
    ApiError::new(kind.unknown, format!("The {} ID '{id}' does not exist", kind.noun))
}

/// A token for a page after the one in the response, even if there are no more rows.
pub(crate) fn token_after(action: &str, answer: &mut Element) -> String {
    let last = rows(answer).and_then(|list| list.children.last().map(|row| page::place(&list.name, row)));
    page::token(action, &last.unwrap_or_default())
}

/// The id of a row within a container element, such as `vpcId` in `vpcSet`.
pub(crate) fn own_id<'a>(container: &str, row: &'a Element) -> Option<&'a str> {
    let stem = container.strip_suffix("Set").unwrap_or(container);
    let name = match stem {
        "addresses" => "allocationId",
        "egressFilterRule" | "ingressFilterRule" => "trafficMirrorFilterRuleId",
        "key" => "keyPairId",
        "reservation" => return row.child("instancesSet")?.children.first().and_then(|i| own_id("instancesSet", i)),
        "securityGroupInfo" => "groupId",
        _ => &format!("{}Id", stem.strip_suffix('s').filter(|s| !s.ends_with("dhcpOption")).unwrap_or(stem)),
    };
    row.child(name).map(|id| id.text.as_str()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests;
