//! Catalog entries of local objects, and the checks that statements make against them.

use stackql_engine::{StoreError, StoredKind, StoredObject};

use crate::{identifier, schema_json};

/// The kinds of objects that have rows.
pub(crate) const WITH_ROWS: &[StoredKind] = &[StoredKind::MaterializedView, StoredKind::Table];

/// A row of the catalog table, not decoded yet.
#[derive(Debug)]
pub(crate) struct ObjectRow {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) schema: String,
    /// Where its rows are: the `table_name` of the [`ObjectEntry`].
    pub(crate) place: String,
}

/// A local object and where its rows are stored: the name of its table in SQLite, the schema of its table in
/// PostgreSQL; empty for views.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ObjectEntry {
    pub(crate) made: StoredObject,
    pub(crate) table_name: String,
}

impl ObjectRow {
    pub(crate) fn row_to_object(self) -> Result<ObjectEntry, StoreError> {
        let Self { name, kind, text, schema, place } = self;
        let unreadable =
            |reason: String| StoreError::Unusable(format!("what is written down about {name} is damaged: {reason}"));
        let kinds = [StoredKind::View, StoredKind::MaterializedView, StoredKind::Table];
        let kind = kinds
            .into_iter()
            .find(|known| known.to_string() == kind)
            .ok_or_else(|| unreadable(format!("{kind} is no kind of thing")))?;
        let schema = schema_json::read(&schema).map_err(unreadable)?;
        Ok(ObjectEntry { made: StoredObject { name, kind, text, schema }, table_name: place })
    }
}

/// Checks that an object may be created, given the object that already has its name.
///
/// # Errors
///
/// [`StoreError::Exists`] if the name is taken, unless the object is of the same kind and `replace` is set;
/// [`StoreError::Refused`] if the name is not allowed.
pub(crate) fn check_create(found: Option<&ObjectEntry>, made: &StoredObject, replace: bool) -> Result<(), StoreError> {
    identifier::check(&made.name)?;
    match found {
        Some(ObjectEntry { made: found, .. }) if !(replace && found.kind == made.kind) => {
            Err(StoreError::Exists(format!("{} {}", found.kind, found.name)))
        }
        _ => Ok(()),
    }
}

/// The object, if it exists and is of one of these kinds.
///
/// # Errors
///
/// [`StoreError::Missing`] otherwise.
pub(crate) fn require(found: Option<ObjectEntry>, kinds: &[StoredKind], name: &str) -> Result<ObjectEntry, StoreError> {
    found.filter(|found| kinds.contains(&found.made.kind)).ok_or_else(|| {
        let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        StoreError::Missing(format!("{} {name}", kinds.join(" or ")))
    })
}

/// Checks that an object is the same as when the statement looked it up.
///
/// # Errors
///
/// [`StoreError::Missing`] if it was dropped since; [`StoreError::Refused`] if it was created anew.
pub(crate) fn check_unchanged(found: Option<ObjectEntry>, known: &ObjectEntry) -> Result<(), StoreError> {
    let StoredObject { kind, name, .. } = &known.made;
    if require(found, &[*kind], name)? == *known {
        return Ok(());
    }
    Err(StoreError::Refused(format!("{kind} {name} was made anew while rows for it came; try again")))
}
