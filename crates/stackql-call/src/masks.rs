//! Which texts are secret, and what is written in their place. Owns the names that secrets go by; a secret under a name
//! that tells nothing is not known.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use stackql_provider::{Type, TypeRef, Types};

use crate::Operation;

const MASK: &str = "****";
/// Stands for an idempotency token, which is another each time.
const TOKEN: &str = "{token}";

/// Names of secrets, and what names of secrets end in, small and without what joins words.
const ENDINGS: [&str; 18] = [
    "accesstoken",
    "apikey",
    "apisecret",
    "assertion",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "idtoken",
    "identitytoken",
    "passphrase",
    "password",
    "privatekey",
    "refreshtoken",
    "secretaccesskey",
    "secretkey",
    "securitytoken",
    "sessiontoken",
    "signingkey",
];
/// Names of secrets that others may end in.
const NAMES: [&str; 9] = [
    "secret",
    "secretstring",
    "secretbinary",
    "keymaterial",
    "passworddata",
    "plaintext",
    "sig",
    "xamzsignature",
    "token",
];
/// Parts of the names of headers that hold secrets.
const HEADERS: [&str; 4] = ["authorization", "cookie", "secret", "password"];

/// The masks for requests and answers of one operation.
#[derive(Debug)]
pub struct Masks {
    /// Names of idempotency tokens.
    tokens: BTreeSet<String>,
    /// Whether it answers in pages; then what is just called a token leads to the next.
    pages: bool,
}

impl Masks {
    /// What is secret in what `operation` is asked and answers.
    pub fn of(operation: &Operation) -> Self {
        let (method, types) = (operation.method(), &operation.resource.types);
        let (mut tokens, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for parameter in &method.parameters {
            if parameter.idempotency_token {
                tokens.insert(parameter.wire.clone());
            }
            nested(types, parameter.ty, &mut seen, &mut tokens);
        }
        Self { tokens, pages: method.paging.is_some() }
    }

    /// A header's value.
    pub fn header<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.hides(name) { MASK } else { value }
    }

    /// Whether a header of this name holds a secret.
    pub fn hides(&self, name: &str) -> bool {
        let small = name.to_ascii_lowercase();
        HEADERS.iter().any(|part| small.contains(part)) || self.is_secret(name)
    }

    /// The value of a pair, such as one of a query.
    pub fn value<'a>(&self, name: &str, value: &'a str) -> &'a str {
        if self.is_secret(name) { MASK } else { value }
    }

    /// A body, or an address, as it may be read: JSON, markup, a form, or text with such in it.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replaced(text, &|name| self.is_secret(name).then_some(MASK))
    }

    /// A text of a request, in which idempotency tokens do not count either.
    pub fn question<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replaced(text, &|name| self.instead(name))
    }

    /// What stands in a request in place of the value of this name.
    pub fn instead(&self, name: &str) -> Option<&'static str> {
        let last = name.rsplit('.').next().unwrap_or(name);
        match (self.tokens.contains(last), self.is_secret(name)) {
            (true, _) => Some(TOKEN),
            (false, true) => Some(MASK),
            (false, false) => None,
        }
    }

    fn is_secret(&self, name: &str) -> bool {
        let name = name.rsplit(['.', ':']).next().unwrap_or(name);
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "token" => !self.pages,
            plain => NAMES.contains(&plain) || ENDINGS.iter().any(|ending| plain.ends_with(ending)),
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

/// A text with the values replaced that stand by names; the rest of it stays byte for byte.
fn replaced<'a>(text: &'a str, instead: &dyn Fn(&str) -> Option<&'static str>) -> Cow<'a, str> {
    /// Each has a group for what stands before the value, the name, and the value.
    static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
        [
            // A member of JSON: a text or a number.
            r#"(?P<before>"(?P<name>[^"\\]+)"\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)"#,
            // The same in a text of JSON.
            r#"(?P<before>\\"(?P<name>[^"\\]+)\\"\s*:\s*)(?P<value>\\"[^"\\]*\\")"#,
            r"(?P<before><(?P<name>[A-Za-z0-9_.:-]+)(?:\s[^<>]*)?>)(?P<value>[^<]+)",
            // A pair of a form or an address.
            r#"(?P<before>(?:^|[?&;\s])(?P<name>[^=&;?\s"<>]+)=)(?P<value>[^&\s"<>]+)"#,
        ]
        .map(|form| Regex::new(form).expect("the forms are valid"))
    });
    let mut text = Cow::Borrowed(text);
    for form in &*FORMS {
        let one = |found: &Captures<'_>| match (instead(&found["name"]), &found["value"]) {
            (None, _) | (Some(_), "true" | "false") => found[0].to_owned(),
            (Some(mask), value) if value.starts_with("\\\"") => format!("{}\\\"{mask}\\\"", &found["before"]),
            (Some(mask), value) if value.starts_with('"') => format!("{}\"{mask}\"", &found["before"]),
            // Where a number is wanted, only a number can be read.
            (Some(_), _) if found["before"].ends_with(|c: char| c == ':' || c.is_whitespace()) => {
                format!("{}0", &found["before"])
            }
            (Some(mask), _) => format!("{}{mask}", &found["before"]),
        };
        if let Cow::Owned(new) = form.replace_all(&text, one) {
            text = Cow::Owned(new);
        }
    }
    text
}

#[cfg(test)]
mod tests;
