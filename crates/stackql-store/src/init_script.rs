//! The script of `dbInitFilepath`, in the store's own SQL: it is run when the database is opened, before anything else.

use std::fs;
use std::path::Path;

use stackql_engine::StoreError;

pub(crate) fn read(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|error| {
        StoreError::Unusable(format!("cannot read {}, which dbInitFilepath names: {error}", path.display()))
    })
}

/// What is said where a statement of it fails.
pub(crate) fn failed(path: &Path, why: &StoreError) -> StoreError {
    StoreError::Unusable(format!("the script {}, which dbInitFilepath names, cannot be run: {why}", path.display()))
}
