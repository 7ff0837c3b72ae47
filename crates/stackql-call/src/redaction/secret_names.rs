//! Redaction by name: values in any text whose names are usual names of secrets.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The names of secrets, and the endings of longer ones, in lower case without separators.
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
/// Names of secrets that count only as a whole, because other names end in them too.
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

/// A name in lower case without separators.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a name, as [`plain`] returns it, is a usual name of secrets.
pub(super) fn is_secret(plain: &str) -> bool {
    NAMES.contains(&plain) || ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// Whether headers of this name hold credentials.
pub(super) fn is_of_credentials(header: &str) -> bool {
    let small = header.to_ascii_lowercase();
    HEADERS.iter().any(|part| small.contains(part))
}

/// The text with the values of such names replaced; all else stays byte for byte.
pub(super) fn replaced<'a>(text: &'a str, instead: &dyn Fn(&str) -> Option<&'static str>) -> Cow<'a, str> {
    /// Each has a capture group for the text before the value, for the name, and for the value.
    static FORMS: LazyLock<[Regex; 4]> = LazyLock::new(|| {
        [
            // A JSON member whose value is a string or a number.
            r#"(?P<before>"(?P<name>[^"\\]+)"\s*:\s*)(?P<value>"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)"#,
            // The same in JSON that is itself the text of a JSON string.
            r#"(?P<before>\\"(?P<name>[^"\\]+)\\"\s*:\s*)(?P<value>\\"[^"\\]*\\")"#,
            r"(?P<before><(?P<name>[A-Za-z0-9_.:-]+)(?:\s[^<>]*)?>)(?P<value>[^<]+)",
            // A pair of a form or a query string.
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
            // A number is replaced by a number, so that the document still decodes.
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
