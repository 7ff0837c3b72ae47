//! [`Redactor`]: which parts of requests and responses are secret, and what replaces them in logs, archives and messages.
//! Secret is what the definition of an operation marks so, and every value whose name is a usual name of secrets.

mod marked_secrets;
mod secret_names;
mod url;

use std::borrow::Cow;
use std::collections::BTreeSet;

use marked_secrets::Found;
use regex::Regex;
use secret_names::replaced;
use stackql_provider::{Secret, Type, TypeRef, Types};

use crate::Operation;

const REDACTED: &str = "****";
/// Replaces an idempotency token, which differs in every request.
const TOKEN: &str = "{token}";

/// Hides the secrets in requests and responses of one operation.
#[derive(Debug)]
pub struct Redactor {
    /// The wire names of idempotency tokens.
    tokens: BTreeSet<String>,
    /// Whether the method is paged. Then a value named just `token` is the cursor of the next page, and no secret.
    pages: bool,
    /// The values that the definition marks as secret.
    secrets: Vec<Secret>,
    /// The form of the method's path, with a capture group for each secret; `None` if the path has no secret.
    path: Option<Regex>,
}

impl Redactor {
    /// The redactor for the requests and responses of `operation`.
    pub(crate) fn for_operation(operation: &Operation) -> Self {
        let (method, types) = (operation.method(), &operation.resource.types);
        let (mut tokens, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for parameter in &method.parameters {
            if parameter.idempotency_token {
                tokens.insert(parameter.wire.clone());
            }
            nested(types, parameter.ty, &mut seen, &mut tokens);
        }
        Self { tokens, pages: method.paging.is_some(), secrets: method.secrets.clone(), path: url::form(method) }
    }

    /// The value of a header, or `****` if headers of this name hold a secret.
    pub fn header<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.hides(name) { REDACTED } else { value }
    }

    /// Whether headers of this name hold a secret.
    pub fn hides(&self, name: &str) -> bool {
        let is_marked = |secret: &Secret| secret.parent.is_none() && secret.name.eq_ignore_ascii_case(name);
        secret_names::is_of_credentials(name) || self.is_secret(name) || self.secrets.iter().any(is_marked)
    }

    /// The value of a name-value pair, such as of a query string or form, or `****` if it is secret.
    pub fn value<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.is_secret(name) || self.is_marked(name) { REDACTED } else { value }
    }

    /// A URL or path with the secrets in its path redacted, unchanged if the method has none there. If it does not
    /// end in the path of the method, it is redacted as a whole. For the query string, see [`Self::redact_text`].
    pub fn redact_url<'a>(&self, address: &'a str) -> Cow<'a, str> {
        self.path.as_ref().map_or(Cow::Borrowed(address), |form| url::masked(form, address))
    }

    /// A text with its secrets redacted: JSON, XML, a form, a URL, or plain text that contains any of these.
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact(text, &|name| self.is_secret(name).then_some(REDACTED))
    }

    /// [`Self::redact_text`] for a request, which also replaces idempotency tokens, so that requests can be compared.
    pub fn redact_request<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact(text, &|name| self.by_name(name))
    }

    /// What replaces the value of a header of this name in a recorded request: `{token}` for an idempotency token, `****`
    /// for a secret, `None` for anything else.
    pub fn instead(&self, name: &str) -> Option<&'static str> {
        self.by_name(name).or_else(|| self.hides(name).then_some(REDACTED))
    }

    fn redact<'a>(&self, text: &'a str, by_name: &dyn Fn(&str) -> Option<&'static str>) -> Cow<'a, str> {
        if self.secrets.is_empty() {
            return replaced(text, by_name);
        }
        match marked_secrets::find(text, &self.secrets) {
            Found::Document(secrets) if secrets.is_empty() => replaced(text, by_name),
            Found::Document(secrets) => {
                let mut out = String::with_capacity(text.len());
                let mut end = 0;
                for (range, mask) in secrets {
                    out.push_str(&text[end..range.start]);
                    out.push_str(&mask);
                    end = range.end;
                }
                out.push_str(&text[end..]);
                Cow::Owned(replaced(&out, by_name).into_owned())
            }
            Found::Unreadable => match marked_secrets::behind_first_name(text, &self.secrets) {
                // The document is malformed, so the end of the value is unknown: the rest of the text is redacted.
                Some(at) => Cow::Owned(format!("{}{REDACTED}", replaced(&text[..at], by_name))),
                None => replaced(text, by_name),
            },
            Found::Text => replaced(text, &|name| by_name(name).or_else(|| self.is_marked(name).then_some(REDACTED))),
        }
    }

    fn by_name(&self, name: &str) -> Option<&'static str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        match (self.tokens.contains(last), self.is_secret(name)) {
            (true, _) => Some(TOKEN),
            (false, true) => Some(REDACTED),
            (false, false) => None,
        }
    }

    /// Whether a pair of this dotted name, such as `Users.1.Password`, or one of the values around it is marked as secret.
    fn is_marked(&self, name: &str) -> bool {
        let parts: Vec<&str> = name.split('.').collect();
        let mut ends = 0..parts.len();
        let is_secret = |at: usize| marked_secrets::is_secret(&self.secrets, parts[..at].iter().copied(), parts[at], 0);
        ends.any(is_secret) || marked_secrets::is_secret(&self.secrets, std::iter::empty(), name, 0)
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = name.rsplit(['.', ':']).next().unwrap_or(name);
        match secret_names::plain(name).as_str() {
            "token" => !self.pages,
            plain => secret_names::is_secret(plain),
        }
    }
}

/// Collects the names of the idempotency tokens inside a type.
fn nested(types: &Types, at: TypeRef, seen: &mut BTreeSet<u32>, tokens: &mut BTreeSet<String>) {
    if !seen.insert(at.0) {
        return;
    }
    match types.get(at) {
        Type::List { item, .. } => nested(types, *item, seen, tokens),
        Type::Map { value } => nested(types, *value, seen, tokens),
        Type::Structure { members } => {
            for member in members {
                if member.idempotency_token {
                    tokens.insert(member.request_wire.clone());
                }
                nested(types, member.ty, seen, tokens);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
