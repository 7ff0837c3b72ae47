//! SQL identifiers: quoting, and the names that users may not choose.

use stackql_engine::StoreError;

/// Reserved prefixes: names of SQLite's internal tables and of ours.
const OURS: &[&str] = &["sqlite_", "__stackql__"];

/// Quotes a name as an SQL identifier; quotation marks in it are doubled.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether a name has a reserved prefix, ignoring ASCII case.
pub(crate) fn is_own(name: &str) -> bool {
    OURS.iter().any(|own| name.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own)))
}

/// Checks that users may give this name to an object.
///
/// # Errors
///
/// [`StoreError::Refused`] if it is empty, contains a zero character or has a reserved prefix.
pub(crate) fn check(name: &str) -> Result<(), StoreError> {
    if name.is_empty() || name.contains('\0') {
        return Err(StoreError::Refused(format!(
            "{name:?} is no name; give it at least one character, and none that is zero"
        )));
    }
    if is_own(name) {
        return Err(StoreError::Refused(format!(
            "{name} cannot be a name: those that begin with {} are kept",
            OURS.join(" or ")
        )));
    }
    Ok(())
}
