//! Reads single fields of a JSON response, such as the cursor and whether there is more, from the whole document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use stackql_provider::{Member, ResponseLocation};

use super::in_header;
use crate::Response;
use crate::response::sniff::strip_bom;

/// The fields of a response.
pub(super) struct ResponseFields<'a> {
    response: &'a Response,
    document: Json,
}

impl<'a> ResponseFields<'a> {
    /// Reads the fields of a response; a body that is not JSON has none.
    pub(super) fn read(response: &'a Response) -> Self {
        Self { response, document: serde_json::from_slice(strip_bom(&response.body)).unwrap_or_default() }
    }

    /// The scalar at a location, as text.
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

    /// Whether the field at a location is set and neither empty, `0` nor `false`.
    pub(super) fn says(&self, carrier: &ResponseLocation) -> bool {
        self.text(carrier).is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false"))
    }
}

/// Whether the response to a GraphQL query is an object without data, so that decoding it as zero rows would be a guess.
pub(super) fn is_without_data(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        data: Option<IgnoredAny>,
    }
    serde_json::from_slice::<Answer>(strip_bom(body)).is_ok_and(|answer| answer.data.is_none())
}

/// The names of the members of the outermost object, for a message, if it has none of `members` and would decode as a row of
/// NULLs.
pub(super) fn unknown_members(body: &[u8], members: &[Member]) -> Option<String> {
    let document: BTreeMap<String, IgnoredAny> = serde_json::from_slice(strip_bom(body)).ok()?;
    let known = document.is_empty() || members.iter().any(|member| document.contains_key(&member.wire));
    let names = || document.keys().take(8).map(|name| format!("'{}'", name.chars().take(40).collect::<String>()));
    (!known).then(|| names().collect::<Vec<_>>().join(", "))
}

/// The member of an object, or the element of a list by its index, which counts from the end if it is negative.
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
