//! Rules for the content of Rust files.

use super::Finding;

/// Maximum number of lines of a file outside tests.
const CEILING: usize = 600;

/// Files above the limit, with the reason why each is not split.
const LONG: &[(&str, &str)] = &[];

/// Words that belong in definitions, not in Rust.
const PROVIDER_WORDS: &[&str] = &["aws", "amazon", "amazonaws", "ec2", "azure", "google", "googleapis", "gcp"];

/// Where those words are allowed: readers of source formats, signing and credentials, our own endpoint, commands about
/// the embedded definitions, test worlds, and a page layout that contains such a URL.
const MAY_NAME_PROVIDERS: &[&str] = &[
    "crates/stackql-compile/",
    "crates/stackql-client/",
    // The name of a function that scripts call.
    "crates/stackql-functions/src/json_compare.rs",
    "crates/stackql-sandbox/",
    // The name of a cryptography library.
    "crates/stackql-postgres/src/tls.rs",
    "crates/stackql-cli/src/commands/demo",
    "crates/stackql-cli/src/commands/provider",
    "crates/stackql-cli/src/session_setup/built_in_providers",
    "crates/stackql-docs/src/classic.rs",
    "crates/stackql-slt/",
    "xtask/",
];

/// Checks one file; `path` is relative to the workspace, with forward slashes.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |line: usize, advice: String| {
        findings.push(Finding { file: path.into(), line, advice });
    };
    let is_test = path.ends_with("/tests.rs") || ["/tests/", "/benches/"].iter().any(|folder| path.contains(folder));
    if !is_test {
        if path.contains("/src/") && !text.starts_with("//!") {
            report(1, "open with //! and say what this module owns and what it does not".into());
        }
        let lines = text.lines().count();
        if lines > CEILING && !LONG.iter().any(|(long, _)| *long == path) {
            report(CEILING + 1, format!("find the seam: {lines} lines, {CEILING} is the ceiling"));
        }
    }
    let mut names_providers = is_test || MAY_NAME_PROVIDERS.iter().any(|place| path.starts_with(place));
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let (code, comment) = parts(line);
        if code.starts_with("#[ignore") {
            report(number, "let the test run: assert today's answer and name the issue".into());
        }
        if code.starts_with("#[allow(") || code.starts_with("#![allow(") {
            report(number, "use #[expect(…, reason = \"…\")], which tells when it is no longer needed".into());
        }
        if let Some(word) = ["TODO", "FIXME"].into_iter().find(|word| comment.contains(word))
            && !names_issue(comment)
        {
            report(number, format!("do it, or name the issue after {word} as #123"));
        }
        // Inline unit tests are at the end of a file.
        names_providers |= code == "#[cfg(test)]" && text.lines().nth(number).is_some_and(|next| next.ends_with('{'));
        if !names_providers && let Some(word) = provider_word(code) {
            report(number, format!("move what is special about '{word}' into the definitions"));
        }
    }
    findings
}

/// Splits a line into its code without indentation and its comment, which is empty if there is none.
fn parts(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    // A heuristic: the slashes of a URL follow a colon, those of a comment a blank or nothing.
    let cut = if line.starts_with("//") { Some(0) } else { line.find(" // ") };
    cut.map_or((line, ""), |at| line.split_at(at))
}

fn names_issue(comment: &str) -> bool {
    comment.split('#').skip(1).any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// The first provider's name among the words of a line; identifiers are split into words.
fn provider_word(code: &str) -> Option<&'static str> {
    let mut separated = String::with_capacity(code.len());
    let mut last = ' ';
    for character in code.chars() {
        if character.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_digit()) {
            separated.push(' ');
        }
        separated.push(character.to_ascii_lowercase());
        last = character;
    }
    separated
        .split(|character: char| !character.is_ascii_alphanumeric())
        .find_map(|word| PROVIDER_WORDS.iter().find(|name| **name == word).copied())
}
