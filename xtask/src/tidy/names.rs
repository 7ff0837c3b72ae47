//! Rejects everyday words as names of modules, types and functions where the field has a term.

use super::Finding;

/// Words that are not allowed as names of modules and types.
const MODULES_AND_TYPES: &[&str] = &[
    "told",
    "teller",
    "said",
    "beside",
    "above",
    "among",
    "made",
    "placed",
    "whose",
    "shown",
    "given",
    "sought",
    "once",
    "everywhere",
    "own",
    "kept",
    "aside",
    "wants",
    "hole",
    "either",
    "doubt",
    "ending",
    "emission",
    "rejoined",
    "accepted",
];

/// Words that are not allowed as names of functions.
const FUNCTIONS: &[&str] = &["of", "told", "asked", "made", "said", "shown", "kept"];

/// Checks the declarations in one file.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let declared = text.lines().enumerate().filter_map(|(index, line)| Some((index + 1, declaration(line)?)));
    declared
        .filter_map(|(line, (keyword, name))| {
            let (words, example) = match keyword {
                "fn" => (FUNCTIONS, "a verb phrase such as `decode_page`, or an accessor such as `from_x`"),
                _ => (MODULES_AND_TYPES, "the noun it owns, such as `rate_limiter`"),
            };
            let advice = format!("call {keyword} {name} by the field's term (docs/glossary.md): {example}");
            words.contains(&name.to_lowercase().as_str()).then(|| Finding { file: path.into(), line, advice })
        })
        .collect()
}

/// The keyword and name that a line declares.
fn declaration(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || matches!(*word, "async" | "const" | "unsafe" | "default" | "in" | "crate)")
    });
    let keyword = words.next().filter(|word| matches!(*word, "mod" | "struct" | "enum" | "trait" | "type" | "fn"))?;
    let name = words.next()?.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    Some((keyword, name))
}
