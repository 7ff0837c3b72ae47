//! Derives the predicate pushdowns of an operation, and the filter names that its documentation lists.

use serde_json::Value;
use stackql_provider::{Column, Parameter, PredicateEncoding, PredicatePushdown, Type, Types, names::fold};

/// Maximum number of values per filter.
const MAX_VALUES: u32 = 200;

/// The names of an operation's filters: from the facts if they were extracted, otherwise from the documentation.
pub(crate) fn filter_names(member: &Value) -> Vec<String> {
    if let Some(names) = member["filterNames"].as_array() {
        return names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let documentation = member["documentation"].as_str().unwrap_or_default();
    let mut names = Vec::new();
    for entry in documentation.split("<li>").skip(1) {
        let entry = entry.trim_start().trim_start_matches("<p>").trim_start();
        let Some((name, _)) = entry.strip_prefix("<code>").and_then(|e| e.split_once("</code>")) else { continue };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:_<>/".contains(c);
        if !name.is_empty() && name.chars().all(plain) && !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The predicate pushdowns of a method that serves SELECT. Filters compare text, so they are not used for columns whose
/// values have several spellings: timestamps and numbers with fractions.
pub(crate) fn predicate_pushdowns(
    columns: &[Column],
    parameters: &[Parameter],
    filters: &[String],
    excluded: &[String],
    types: &Types,
) -> Vec<PredicatePushdown> {
    let mut out = Vec::new();
    for column in columns.iter().filter(|c| !types.get(c.ty).is_nested()) {
        let folded = fold(&column.name);
        let mut add = |via| out.push(PredicatePushdown { column: column.name.clone(), encoding: via });
        let named =
            |f: &&String| !f.starts_with("tag") && !excluded.contains(*f) && fold(&f.replace('-', "_")) == folded;
        let one_spelling = !matches!(types.get(column.ty), Type::Timestamp(_) | Type::Number);
        if let Some(name) = filters.iter().find(named).filter(|_| one_spelling) {
            add(PredicateEncoding::Filter { parameter: "Filter".into(), name: name.clone(), maximum: MAX_VALUES });
        }
        let spelled = |p: &&Parameter| fold(&p.name) == folded || p.aliases.iter().any(|a| fold(a) == folded);
        for parameter in parameters.iter().filter(spelled) {
            match types.get(parameter.ty) {
                Type::List { item, .. } if !types.get(*item).is_nested() => {
                    add(PredicateEncoding::List { parameter: parameter.name.clone() });
                }
                ty if !ty.is_nested() && !parameter.required => {
                    add(PredicateEncoding::Value { parameter: parameter.name.clone() });
                }
                _ => {}
            }
        }
    }
    out
}
