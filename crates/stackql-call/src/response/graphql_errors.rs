//! Decodes GraphQL errors, which come with HTTP status 200 and possibly next to data. Owns the usual paths and codes of such
//! errors.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::error_fields::{ErrorFields, text};
use super::fault::FaultKind;
use crate::response::sniff::strip_bom;

/// The code of an error that has none.
const UNNAMED: &str = "GraphQLError";
const CODES: [&[&str]; 3] = [&["type"], &["extensions", "code"], &["extensions", "type"]];
/// The fault kinds of the usual codes.
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

/// The first error of a response, also next to data: with an error, the rows are not complete.
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

/// The fault kind of a code; `None` if it is not a usual one.
pub(crate) fn kind(code: &str) -> Option<FaultKind> {
    KINDS.iter().find(|(name, _)| *name == code).map(|(_, kind)| *kind)
}
