//! Compiles how the next page of a method is requested: by the configuration, or else by the usual parameters.

use stackql_provider::{Location, NextPage, Paging, Parameter, ResponseLocation, ResponseShape, Types};

use super::config::Config;
use super::document_set::NodeRef;
use super::operation::{Operation, text};
use super::response::steps;

/// Default pairs of a request parameter and the response member that holds its next value.
const USUAL_TOKENS: [(&str, &str); 9] = [
    ("pageToken", "nextPageToken"),
    ("NextToken", "NextToken"),
    ("NextToken", "nextToken"),
    ("nextToken", "nextToken"),
    ("nextToken", "NextToken"),
    ("Marker", "Marker"),
    ("Marker", "NextMarker"),
    ("marker", "NextMarker"),
    ("continuation-token", "NextContinuationToken"),
];
/// Response members that hold the URL of the next page.
const USUAL_ADDRESSES: [&str; 2] = ["nextLink", "@odata.nextLink"];
const LINK: &str = "Link";

pub(super) fn compile(
    config: &Config<'_>,
    operation: &Operation<'_>,
    response: &ResponseShape,
    parameters: &mut Vec<Parameter>,
    types: &mut Types,
) -> Option<Paging> {
    let next = match config.get("pagination") {
        Some(configured) => anywhere(self::configured(configured, parameters, types)?, response),
        None => usual(operation, response, parameters)?,
    };
    Some(Paging { next, size: None })
}

fn configured(at: NodeRef<'_>, parameters: &mut Vec<Parameter>, types: &mut Types) -> Option<NextPage> {
    let part = |token: &str, key: &str| at.get(token).and_then(|t| t.text(key)).unwrap_or_default();
    let (key, location) = (part("requestToken", "key"), part("requestToken", "location"));
    let answer = match (part("responseToken", "location"), part("responseToken", "key")) {
        ("header", header) => Some(ResponseLocation::Header(header.to_owned())),
        (_, "") => None,
        (_, body) => Some(ResponseLocation::Body(steps(body))),
    };
    let is_link = matches!(&answer, Some(ResponseLocation::Header(name)) if name.eq_ignore_ascii_case(LINK));
    match at.text("algorithm").unwrap_or_default() {
        "odata_next_link" => {
            let usual = || ResponseLocation::Body(vec![USUAL_ADDRESSES[1].to_owned()]);
            return Some(NextPage::Address { answer: answer.unwrap_or_else(usual), guessed: false });
        }
        "page_number" => {
            let parameter = parameter(if key.is_empty() { "page" } else { key }, location, parameters, types);
            let terminator = at.get("responseTerminator").and_then(|t| t.text("key"));
            let last = terminator.map(|key| ResponseLocation::Body(steps(key))).or(answer);
            return Some(NextPage::Number { parameter, first: 1, last });
        }
        _ => {}
    }
    if location == "request" || is_link {
        return Some(NextPage::Address { answer: answer?, guessed: false });
    }
    Some(NextPage::Token { parameter: parameter(key, location, parameters, types), answer: answer? })
}

/// If the rows are located by discovery, the token is, too.
fn anywhere(mut next: NextPage, response: &ResponseShape) -> NextPage {
    if let NextPage::Token { answer: ResponseLocation::Body(path), .. } = &mut next
        && response.rows == [ResponseShape::ANYWHERE]
    {
        path.insert(0, ResponseShape::ANYWHERE.to_owned());
    }
    next
}

/// The parameter with the wire name `key`; it is added if the operation does not list it.
fn parameter(key: &str, location: &str, parameters: &mut Vec<Parameter>, types: &mut Types) -> String {
    let stated = match location {
        "body" => Some(Location::Body),
        "header" => Some(Location::Header),
        "query" => Some(Location::Query),
        _ => None,
    };
    let mut known = parameters.iter().filter(|p| p.wire == key);
    if let Some(known) = known.clone().find(|p| stated.is_none_or(|location| p.location == location)) {
        return known.name.clone();
    }
    // A parameter of the same name at another location is a different one.
    let name = if known.next().is_some() { format!("{key} of the page") } else { key.to_owned() };
    let parameter = text(key, stated.unwrap_or(Location::Query), types);
    parameters.push(Parameter { name: name.clone(), implied: true, ..parameter });
    name
}

fn usual(operation: &Operation<'_>, response: &ResponseShape, parameters: &[Parameter]) -> Option<NextPage> {
    let is_anywhere = response.rows == [ResponseShape::ANYWHERE];
    let answers = |name: &str| response.siblings.iter().any(|s| s == name);
    for (token, answer) in USUAL_TOKENS {
        if let Some(parameter) = parameters.iter().find(|p| p.wire == token)
            && (answers(answer) || is_anywhere)
        {
            let (parameter, answer) = (parameter.name.clone(), ResponseLocation::Body(vec![answer.to_owned()]));
            return Some(anywhere(NextPage::Token { parameter, answer }, response));
        }
    }
    if let Some(address) = USUAL_ADDRESSES.iter().find(|a| answers(a)) {
        return Some(NextPage::Address { answer: ResponseLocation::Body(vec![(*address).to_owned()]), guessed: true });
    }
    operation.is("get").then(|| NextPage::Address { answer: ResponseLocation::Header(LINK.to_owned()), guessed: true })
}
