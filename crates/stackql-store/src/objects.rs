//! What is written down about a thing, and whether that lets a statement do what it wants with it.

use stackql_engine::{StoreError, StoredKind, StoredObject};

use crate::{identifier, schema_json};

/// What has rows.
pub(crate) const WITH_ROWS: &[StoredKind] = &[StoredKind::MaterializedView, StoredKind::Table];

/// A thing as the list of what there is has it.
#[derive(Debug)]
pub(crate) struct ObjectRow {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) schema: String,
    /// Where its rows are.
    pub(crate) place: String,
}

/// A thing, and where its rows are: in the table of this name.
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

/// Refuses to make what may not be made, with or without replacing what has its name.
pub(crate) fn check_create(found: Option<&ObjectEntry>, made: &StoredObject, replace: bool) -> Result<(), StoreError> {
    identifier::check(&made.name)?;
    match found {
        Some(ObjectEntry { made: found, .. }) if !(replace && found.kind == made.kind) => {
            Err(StoreError::Exists(format!("{} {}", found.kind, found.name)))
        }
        _ => Ok(()),
    }
}

/// What was found, if it is of one of these kinds.
pub(crate) fn require(found: Option<ObjectEntry>, kinds: &[StoredKind], name: &str) -> Result<ObjectEntry, StoreError> {
    found.filter(|found| kinds.contains(&found.made.kind)).ok_or_else(|| {
        let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        StoreError::Missing(format!("{} {name}", kinds.join(" or ")))
    })
}

/// Refuses what was made anew or is gone since it was looked at.
pub(crate) fn check_unchanged(found: Option<ObjectEntry>, known: &ObjectEntry) -> Result<(), StoreError> {
    let StoredObject { kind, name, .. } = &known.made;
    if require(found, &[*kind], name)? == *known {
        return Ok(());
    }
    Err(StoreError::Refused(format!("{kind} {name} was made anew while rows for it came; try again")))
}
