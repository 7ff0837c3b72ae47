//! Names of things in SQL: which may be given, and how they are written.

use stackql_engine::StoreError;

/// What the names of a store's own tables begin with, ours and SQLite's.
const OURS: &[&str] = &["sqlite_", "__stackql__"];

/// A name as SQL has it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether this is a name of the store's own.
pub(crate) fn is_own(name: &str) -> bool {
    OURS.iter().any(|own| name.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own)))
}

/// Refuses names that nothing can have.
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
