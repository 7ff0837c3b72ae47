//! Redaction of secrets in the path of a URL.

use std::borrow::Cow;

use regex::{Regex, escape};
use stackql_provider::{Location, Method, ValueStyle};

use super::REDACTED;

/// A pattern of the method's path at the end of a URL, with a capture group for each secret; `None` if the path has no
/// secret.
pub(super) fn form(method: &Method) -> Option<Regex> {
    let is_secret = |name: &str| method.secrets.iter().any(|secret| secret.parent.is_none() && secret.name == name);
    let mut placed = method.parameters.iter().filter(|p| p.location == Location::Path);
    if !placed.any(|p| is_secret(&p.wire)) {
        return None;
    }
    let mut form = String::new();
    let mut rest = method.request.path.split('?').next().unwrap_or_default();
    while let Some((before, (name, behind))) = rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?))) {
        let slashed = |p: &stackql_provider::Parameter| p.wire == name && p.style == ValueStyle::Slashed;
        let value = if method.parameters.iter().any(slashed) { ".*?" } else { "[^/]*?" };
        let (open, close) = if is_secret(name) { ("(", ")") } else { ("(?:", ")") };
        form.push_str(&format!("{}{open}{value}{close}", escape(before)));
        rest = behind;
    }
    Regex::new(&format!("{form}{}$", escape(rest))).ok()
}

/// The URL with its secrets redacted; all of it if its path does not match the pattern.
pub(super) fn masked<'a>(form: &Regex, address: &'a str) -> Cow<'a, str> {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let Some(found) = form.captures(path) else { return Cow::Borrowed(REDACTED) };
    let mut out = String::new();
    let mut end = 0;
    for secret in found.iter().skip(1).flatten().filter(|secret| !secret.is_empty()) {
        out.push_str(&address[end..secret.start()]);
        out.push_str(REDACTED);
        end = secret.end();
    }
    Cow::Owned(out + &address[end..])
}
