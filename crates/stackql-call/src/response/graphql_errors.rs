//! Errors of GraphQL, which come with HTTP's 200 and beside what could be had nonetheless. Owns where they say what
//! they are.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::error_fields::{ErrorFields, text};
use super::fault::FaultKind;
use crate::response::sniff::strip_bom;

/// The code of an error that has none.
const UNNAMED: &str = "GraphQLError";
const CODES: [&[&str]; 3] = [&["type"], &["extensions", "code"], &["extensions", "type"]];
/// What the usual codes mean.
const KINDS: [(&str, FaultKind); 7] = [
    ("NOT_FOUND", FaultKind::NotFound),
    ("RATE_LIMITED", FaultKind::Throttled),
    ("THROTTLED", FaultKind::Throttled),
    ("UNAUTHENTICATED", FaultKind::Unauthorized),
    ("FORBIDDEN", FaultKind::Unauthorized),
    ("INSUFFICIENT_SCOPES", FaultKind::Unauthorized),
    ("INTERNAL_SERVER_ERROR", FaultKind::Server),
];

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

/// The first error of an answer, whatever else there is: rows beside an error are not all rows.
pub(crate) fn first_error(body: &[u8]) -> Option<ErrorFields> {
    let errors = serde_json::from_slice::<Answer<'_>>(strip_bom(body)).ok()?.errors?;
    let errors: Json = serde_json::from_str(errors.get()).ok()?;
    let first = match &errors {
        Json::Array(items) => items.first()?,
        Json::Null => return None,
        other => other,
    };
    let code = CODES.iter().find_map(|path| text(first, path)).unwrap_or_else(|| UNNAMED.to_owned());
    let message = text(first, &["message"]).or_else(|| text::<&str>(first, &[]));
    Some(ErrorFields { code: Some(code), message, request_id: None })
}

/// What a code means, where it is a usual one.
pub(crate) fn kind(code: &str) -> Option<FaultKind> {
    KINDS.iter().find(|(name, _)| *name == code).map(|(_, kind)| *kind)
}
