//! Repairs object arguments that the shell split because they were not quoted. The shell removes quotation marks and
//! splits at blanks, and the pieces are fragments of YAML: `--registry {"url": "https://…"}` arrives as `{url:` and
//! `https://…}`. Works on argument texts only; their values are parsed elsewhere.

use std::ffi::OsString;

use super::ignored_flags::takes_an_object;

/// Joins each object argument that has unclosed braces with the following arguments up to the one that closes it.
pub(crate) fn rejoin_objects(given: Vec<OsString>) -> Vec<OsString> {
    let mut all = Vec::with_capacity(given.len());
    let mut rest = given.into_iter();
    let mut expects = false;
    while let Some(argument) = rest.next() {
        let text = argument.to_str().unwrap_or_default();
        let flag = text.strip_prefix("--").map(|flag| flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v))));
        let is_object = |value: &str| value.trim_start().starts_with('{');
        let value = match flag {
            Some((name, Some(value))) if takes_an_object(name) => Some(value),
            _ if expects => Some(text),
            _ => None,
        };
        let closing = value.filter(|v| is_object(v)).and_then(|value| closing(value, rest.as_slice()));
        expects = matches!(flag, Some((name, None)) if takes_an_object(name));
        let pieces: Vec<OsString> = rest.by_ref().take(closing.unwrap_or_default()).collect();
        all.push(pieces.iter().fold(argument, |mut whole, piece| {
            whole.push(" ");
            whole.push(piece);
            whole
        }));
    }
    all
}

/// Number of following arguments up to the one that closes the object; `None` if it is closed already or none closes
/// it.
fn closing(object: &str, behind: &[OsString]) -> Option<usize> {
    let mut open = depth(object);
    if open <= 0 {
        return None;
    }
    for (at, piece) in behind.iter().enumerate() {
        open += depth(piece.to_str()?);
        if open <= 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Number of opening minus closing braces and brackets, outside quotation marks.
fn depth(text: &str) -> i64 {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[&str], expect: &[&str]) {
        let found = rejoin_objects(given.iter().map(OsString::from).collect());
        assert_eq!(found, expect.iter().map(OsString::from).collect::<Vec<_>>());
    }

    #[test]
    fn pieces_of_an_object_are_one_value() {
        check(
            &["exec", "SELECT 1", "--registry", "{url:", "https://x/y}", "--output", "json"],
            &["exec", "SELECT 1", "--registry", "{url: https://x/y}", "--output", "json"],
        );
        check(
            &["--auth={aws:", "{type:", "basic,", "scopes:", "[a,", "b]}}", "exec"],
            &["--auth={aws: {type: basic, scopes: [a, b]}}", "exec"],
        );
        check(&["--namespaces={analytics:", "{ttl:", "60}}", "exec"], &["--namespaces={analytics: {ttl: 60}}", "exec"]);
    }

    #[test]
    fn whole_values_stay_as_they_are() {
        for whole in [
            &["--auth", r#"{"a": "x{"}"#, "exec", "SELECT '}'"][..],
            &["--registry", r#"{"url": "u"} }"#, "exec"],
            &["--auth", "{a:", "exec", "SELECT 1"],
            &["exec", "{a:", "b}"],
            &["--output", "{a:", "b}"],
            &["--sqlBackend", "", "exec", "{", "}"],
        ] {
            check(whole, whole);
        }
    }
}
