//! Errors of responses that count as no rows where statements behave as in the Go program: faults, which the observer of calls
//! has reported, and responses that cannot be decoded, which are reported here.

use serde_json::Value as Json;
use stackql_call::{Call, ResponseError};
use stackql_provider::{BodyFormat, ResponseShape};

use crate::call::context::Context;
use crate::error::Error;
use crate::{Failure, FailureKind};

/// The lowest HTTP status of a fault that is tolerated.
const REFUSED: u16 = 400;

/// The prefix of messages about responses that cannot be decoded.
const PROCESSING: &str = "error processing response:";

/// Whether an error of a response counts as no rows. It is logged then; if the response cannot be decoded, a failure is
/// recorded, too.
pub(crate) fn tolerates(context: &Context, call: &Call, error: &Error, body: &[u8]) -> bool {
    if !context.tolerant {
        return false;
    }
    let unread = match error {
        Error::Response(ResponseError::Fault(fault)) if fault.status >= REFUSED => {
            context.log.fail(error.into());
            return true;
        }
        Error::Response(ResponseError::Malformed { reason, .. }) => unread(call, reason, body),
        Error::Response(ResponseError::Template { source, .. }) => unread(call, &source.to_string(), body),
        _ => return false,
    };
    context.record_failure(Failure { compat: Some(format!("{PROCESSING} {unread}")), ..error.into() });
    true
}

/// Records a failure if a JSON response does not have the member that contains the rows by its definition.
pub(crate) fn note_absent(context: &Context, call: &Call, body: &[u8]) {
    let shape = &call.operation().method().response;
    if shape.format != BodyFormat::Json || shape.transform.is_some() {
        return;
    }
    let Ok(document) = serde_json::from_slice::<Json>(body) else { return };
    let mut inside = &document;
    for step in shape.rows.iter().take_while(|step| *step != ResponseShape::ANYWHERE) {
        let Json::Object(members) = inside else { return };
        match members.get(step) {
            Some(member) => inside = member,
            None => {
                let message = format!("{PROCESSING} unknown key {step}");
                let failure =
                    Failure::new(FailureKind::Api, format!("{}: {message}", call.operation().qualified_name()));
                return context.record_failure(Failure { compat: Some(message), ..failure });
            }
        }
    }
}

/// The Go program's message for a response that cannot be decoded; `reason` is this program's.
fn unread(call: &Call, reason: &str, body: &[u8]) -> String {
    if let Some(key) = reason.strip_prefix("unknown key ") {
        let end = key.find([';', ' ']).unwrap_or(key.len());
        return format!("unknown key {}", &key[..end]);
    }
    let begins = body.trim_ascii_start().first().copied().map(char::from);
    match begins {
        Some(begins)
            if call.operation().method().response.format == BodyFormat::Json
                && !(begins.is_ascii_digit() || "{[\"-tfn".contains(begins)) =>
        {
            format!("invalid character '{begins}' looking for beginning of value")
        }
        _ => reason.to_owned(),
    }
}
