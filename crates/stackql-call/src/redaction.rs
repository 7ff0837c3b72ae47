//! Which texts are secret, and what is written in their place: what the definition of an operation marks as secret, and
//! what goes by a name that secrets go by.

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
/// Stands for an idempotency token, which is another each time.
const TOKEN: &str = "{token}";

/// The masks for requests and answers of one operation.
#[derive(Debug)]
pub struct Redactor {
    /// Names of idempotency tokens.
    tokens: BTreeSet<String>,
    /// Whether it answers in pages; then what is just called a token leads to the next.
    pages: bool,
    /// What its definition marks as secret.
    secrets: Vec<Secret>,
    /// Its path, with a group for each secret in it.
    path: Option<Regex>,
}

impl Redactor {
    /// What is secret in what `operation` is asked and answers.
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

    /// A header's value.
    pub fn header<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.hides(name) { REDACTED } else { value }
    }

    /// Whether a header of this name holds a secret.
    pub fn hides(&self, name: &str) -> bool {
        let is_marked = |secret: &Secret| secret.parent.is_none() && secret.name.eq_ignore_ascii_case(name);
        secret_names::is_of_credentials(name) || self.is_secret(name) || self.secrets.iter().any(is_marked)
    }

    /// The value of a pair, such as one of a query.
    pub fn value<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.is_secret(name) || self.is_marked(name) { REDACTED } else { value }
    }

    /// An address, or a path, without the secrets in its path.
    pub fn redact_url<'a>(&self, address: &'a str) -> Cow<'a, str> {
        self.path.as_ref().map_or(Cow::Borrowed(address), |form| url::masked(form, address))
    }

    /// A body, or an address, as it may be read: JSON, markup, a form, or text with such in it.
    pub fn redact_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact(text, &|name| self.is_secret(name).then_some(REDACTED))
    }

    /// A text of a request, in which idempotency tokens do not count either.
    pub fn redact_request<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact(text, &|name| self.by_name(name))
    }

    /// What stands in a request in place of the value of a header of this name.
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
                // Where its value ends cannot be told.
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

    /// Whether a pair of this name, `Users.1.Password`, is marked as secret, or what it is inside of.
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

/// The names of the idempotency tokens inside a shape.
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
