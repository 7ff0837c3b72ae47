//! Where an answer in JSON says how far it came. Owns the reading of such places out of a whole document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use stackql_provider::{Member, ResponseLocation};

use super::in_header;
use crate::Response;
use crate::response::sniff::strip_bom;

/// What an answer says about the rows behind it.
pub(super) struct ResponseFields<'a> {
    response: &'a Response,
    document: Json,
}

impl<'a> ResponseFields<'a> {
    /// Of an answer that was read before: what is no JSON says nothing.
    pub(super) fn read(response: &'a Response) -> Self {
        Self { response, document: serde_json::from_slice(strip_bom(&response.body)).unwrap_or_default() }
    }

    /// The scalar at a place.
    pub(super) fn text(&self, carrier: &ResponseLocation) -> Option<String> {
        let path = match carrier {
            ResponseLocation::Header(name) => return in_header(self.response, name),
            ResponseLocation::Body(path) => path,
        };
        match path.iter().try_fold(&self.document, |here, step| below(here, step))? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(truth) => Some(truth.to_string()),
            Json::Null | Json::Array(_) | Json::Object(_) => None,
        }
    }

    /// Whether there is something at a place, and not a way to say no.
    pub(super) fn says(&self, carrier: &ResponseLocation) -> bool {
        self.text(carrier).is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false"))
    }
}

/// Whether an answer to a GraphQL query is an object without data, so that zero rows would be a guess.
pub(super) fn is_without_data(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        data: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Answer>(strip_bom(body)).is_ok_and(|answer| answer.data.is_none())
}

/// The members of the outermost value, as a message names them, if it is an object that has none of `members`, so that
/// it would be a row of nothing but NULL.
pub(super) fn unknown_members(body: &[u8], members: &[Member]) -> Option<String> {
    let document: BTreeMap<String, IgnoredAny> = serde_json::from_slice(strip_bom(body)).ok()?;
    let known = document.is_empty() || members.iter().any(|member| document.contains_key(&member.wire));
    let names = || document.keys().take(8).map(|name| format!("'{}'", name.chars().take(40).collect::<String>()));
    (!known).then(|| names().collect::<Vec<_>>().join(", "))
}

/// The member of an object, or the element of a list, from its end where the step is negative.
pub(crate) fn below<'d>(here: &'d Json, step: &str) -> Option<&'d Json> {
    match here {
        Json::Object(members) => members.get(step),
        Json::Array(items) => match step.strip_prefix('-') {
            Some(back) => items.get(items.len().checked_sub(back.parse().ok()?)?),
            None => items.get(step.parse::<usize>().ok()?),
        },
        _ => None,
    }
}
