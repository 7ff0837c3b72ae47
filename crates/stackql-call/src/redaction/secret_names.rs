//! Values that stand by names, in whatever text: by the names that secrets go by.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

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

/// A name in small letters, without what joins words.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether secrets go by this plain name.
pub(super) fn is_secret(plain: &str) -> bool {
    NAMES.contains(&plain) || ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// Whether credentials are in headers of this name.
pub(super) fn is_of_credentials(header: &str) -> bool {
    let small = header.to_ascii_lowercase();
    HEADERS.iter().any(|part| small.contains(part))
}

/// A text with the values replaced that stand by names; the rest of it stays byte for byte.
pub(super) fn replaced<'a>(text: &'a str, instead: &dyn Fn(&str) -> Option<&'static str>) -> Cow<'a, str> {
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
