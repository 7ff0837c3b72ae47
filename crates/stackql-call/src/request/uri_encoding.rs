//! Encodes arguments as text of a query string, header or path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;
use stackql_provider::{FormStyle, Parameter, Types, ValueStyle};

use super::form::{self, scalar};
use super::json::to_wire_names;

/// Encodes everything but the unreserved characters of RFC 3986, section 2.3.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes everything that a path may not contain: all but `pchar` (RFC 3986, section 3.3) and the slash.
const SLASHED: &AsciiSet = &ENCODED
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// Appends the pairs of one argument to a query string.
pub(super) fn query(pairs: &mut Vec<(String, String)>, types: &Types, parameter: &Parameter, value: &Json) {
    if parameter.style == ValueStyle::Indexed {
        return form::append(pairs, types, FormStyle::Indexed, parameter, value);
    }
    let name = parameter.wire.clone();
    match (parameter.style, to_wire_names(types, parameter.ty, parameter.time_format, value)) {
        (ValueStyle::Deep, value @ Json::Object(_)) => deep(pairs, name, &value),
        (ValueStyle::Joined, Json::Array(items)) if items.is_empty() => {}
        (ValueStyle::Joined, value) => pairs.push((name, joined(&value))),
        (_, Json::Array(items)) => pairs.extend(items.iter().map(|item| (name.clone(), scalar(item)))),
        (_, value) => pairs.push((name, scalar(&value))),
    }
}

/// Encodes an object as `name[member]=value` pairs; a list repeats its name.
fn deep(pairs: &mut Vec<(String, String)>, name: String, value: &Json) {
    match value {
        Json::Null => {}
        Json::Object(members) => {
            for (member, value) in members {
                deep(pairs, format!("{name}[{member}]"), value);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| deep(pairs, name.clone(), item)),
        value => pairs.push((name, scalar(value))),
    }
}

/// The text of an argument in a header or, before percent-encoding, in a path.
pub(crate) fn text(types: &Types, parameter: &Parameter, value: &Json) -> String {
    joined(&to_wire_names(types, parameter.ty, parameter.time_format, value))
}

/// The percent-encoded text of an argument in a path.
pub(super) fn path(types: &Types, parameter: &Parameter, value: &Json) -> String {
    let text = text(types, parameter, value);
    if parameter.style == ValueStyle::Slashed {
        slashed(&text)
    } else {
        utf8_percent_encode(&text, ENCODED).to_string()
    }
}

/// Percent-encodes a text of several path segments; slashes stay.
pub(crate) fn slashed(text: &str) -> String {
    utf8_percent_encode(text, SLASHED).to_string()
}

/// The elements of a list, joined by commas; the text of anything else.
fn joined(value: &Json) -> String {
    match value {
        Json::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(","),
        value => scalar(value),
    }
}
