//! Extracts code, message and request id from the body of an error response. Owns the usual paths of these fields, for
//! definitions that have none.

use std::marker::PhantomData;

use serde_json::Value as Json;
use stackql_provider::ErrorShape;

use crate::response::json_stream::parse;
use crate::response::path_texts::find_texts;
use crate::response::sniff::{SniffedFormat, sniff};
use crate::response::xml::{Document, Next};

/// A path of names; in JSON, lists on it are traversed.
type FieldPath = &'static [&'static str];

const JSON_CODES: &[FieldPath] = &[
    &["__type"],
    &["code"],
    &["error", "code"],
    &["error", "status"],
    &["errorCode"],
    &["errors", "code"],
    &["reason"],
    &["error"],
];
const JSON_MESSAGES: &[FieldPath] = &[
    &["message"],
    &["error", "message"],
    &["errors", "message"],
    &["errorSummary"],
    &["Message"],
    &["error_description"],
    &["detail"],
    &["title"],
    &["error"],
    &["errors"],
];
/// Paths below the outermost element.
const XML_CODES: &[FieldPath] = &[&["Error", "Code"], &["Errors", "Error", "Code"], &["Code"]];
const XML_MESSAGES: &[FieldPath] = &[&["Error", "Message"], &["Errors", "Error", "Message"], &["Message"]];

/// The names of outermost elements that mark an error document.
const XML_ERRORS: [&str; 3] = ["Error", "Errors", "ErrorResponse"];
/// The name of an outermost element that may also wrap an error as its first child.
const XML_ANSWER: &str = "Response";
/// The outermost member that names the kind of an error.
const JSON_KIND: &str = "__type";

/// The fields of an error.
#[derive(Debug, Default)]
pub(crate) struct ErrorFields {
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl ErrorFields {
    /// Reads the fields of a response with this status: at the paths of its definition, else at the usual ones.
    pub(crate) fn parse(body: &[u8], shape: &ErrorShape, status: u16) -> Self {
        let said = match sniff(body) {
            SniffedFormat::Json => Self::json(body, shape, &status.to_string()),
            SniffedFormat::Xml => Self::xml(body, shape),
            SniffedFormat::Other => Self::default(),
        };
        Self { code: said.code.map(|code| bare(&code).to_owned()), ..said }
    }

    fn json(body: &[u8], shape: &ErrorShape, status: &str) -> Self {
        let Ok(document) = parse(body, PhantomData::<Json>) else { return Self::default() };
        let own = |path: &[String]| if path.is_empty() { None } else { text(&document, path) };
        let usual = |places: &'static [FieldPath]| places.iter().filter_map(|place| text(&document, place));
        let message = own(&shape.message).or_else(|| usual(JSON_MESSAGES).next());
        // The status number or the message repeated is no code.
        let tells = |code: &String| code != status && Some(code) != message.as_ref();
        let code = own(&shape.code).or_else(|| usual(JSON_CODES).find(tells));
        Self { code, message, request_id: own(&shape.request_id) }
    }

    fn xml(body: &[u8], shape: &ErrorShape) -> Self {
        let owned = |place: &FieldPath| place.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let usual: Vec<Vec<String>> = XML_CODES.iter().chain(XML_MESSAGES).map(owned).collect();
        let own = [shape.code.as_slice(), &shape.message, &shape.request_id];
        let paths: Vec<&[String]> = own.into_iter().chain(usual.iter().map(Vec::as_slice)).collect();
        let mut found = find_texts(body, &paths);
        let usual = found.split_off(own.len());
        let (codes, messages) = usual.split_at(XML_CODES.len());
        let first = |found: &[Option<String>]| found.iter().flatten().next().cloned();
        Self {
            code: found[0].take().or_else(|| first(codes)),
            message: found[1].take().or_else(|| first(messages)),
            request_id: found[2].take(),
        }
    }
}

/// Whether a body has the error code of its definition, with whatever status. In XML, only the first child is checked.
pub(crate) fn has_error_code(body: &[u8], shape: &ErrorShape) -> bool {
    let Some(first) = shape.code.first() else { return false };
    match sniff(body) {
        SniffedFormat::Json => find_texts(body, &[&shape.code]).iter().any(Option::is_some),
        SniffedFormat::Xml => {
            let Ok(mut document) = Document::open(body) else { return false };
            matches!(document.next(), Ok(Next::Child)) && document.name() == first
        }
        SniffedFormat::Other => false,
    }
}

/// Whether the body is an XML error document. `outermost` is the name of the element of a successful response.
pub(crate) fn is_error_document(body: &[u8], outermost: &str) -> bool {
    let SniffedFormat::Xml = sniff(body) else { return false };
    let Ok(mut document) = Document::open(body) else { return false };
    if document.name() == outermost {
        return false;
    }
    XML_ERRORS.contains(&document.name())
        || document.name() == XML_ANSWER
            && matches!(document.next(), Ok(Next::Child))
            && XML_ERRORS.contains(&document.name())
}

/// Whether the body of a response without rows is a JSON error, also one that the definition does not describe.
pub(crate) fn has_only_error(body: &[u8]) -> bool {
    let Ok(document) = parse(body, PhantomData::<Json>) else { return false };
    if document.get(JSON_KIND).and_then(Json::as_str).is_some_and(|kind| !kind.is_empty()) {
        return true;
    }
    ["error", "errors"].iter().filter_map(|name| document.get(name)).any(|said| match said {
        Json::Object(members) => !members.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::String(text) => !text.is_empty(),
        said => *said == Json::Bool(true),
    })
}

/// The scalar at a path; in a list, the first one.
pub(crate) fn text<S: AsRef<str>>(value: &Json, path: &[S]) -> Option<String> {
    match (value, path) {
        (Json::Array(items), _) => items.iter().find_map(|item| text(item, path)),
        (Json::Object(members), [name, rest @ ..]) => text(members.get(name.as_ref())?, rest),
        (Json::String(text), []) => Some(text.clone()).filter(|text| !text.is_empty()),
        (Json::Number(number), []) => Some(number.to_string()),
        _ => None,
    }
}

/// The error code without a namespace in front (`…#`) and a URL after it (`:http…`).
fn bare(code: &str) -> &str {
    let code = code.split_once(":http").map_or(code, |(code, _)| code);
    code.rsplit_once('#').map_or(code, |(_, name)| name)
}
