//! The script of `dbInitFilepath`, in the SQL of the database: it runs when the database is opened, before any
//! statement.

use std::fs;
use std::path::Path;

use stackql_engine::StoreError;

pub(crate) fn read(path: &Path) -> Result<String, StoreError> {
    fs::read_to_string(path).map_err(|error| {
        StoreError::Unusable(format!("cannot read {}, which dbInitFilepath names: {error}", path.display()))
    })
}

/// The error reported if a statement of the script fails.
pub(crate) fn failed(path: &Path, why: &StoreError) -> StoreError {
    StoreError::Unusable(format!("the script {}, which dbInitFilepath names, cannot be run: {why}", path.display()))
}
