//! What is special about SQLite, in memory and in a file.

use tempfile::TempDir;

use super::*;
use crate::SqliteStore;

mod create_table;
mod exported;
mod files;
mod killed;
mod native;
mod script;
mod undone;

/// A store in memory and one in a file, with the folder of that.
fn stores() -> (TempDir, [SqliteStore; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let file = SqliteStore::open(folder.path().join("stackql.db"));
    (folder, [SqliteStore::in_memory(), file])
}
