//! Authorization of users' statements. SQLite calls the authorizer for each action of a statement while it compiles it.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::error::BackendError;
use crate::identifier::is_own;

/// Which actions the statements on a connection may perform.
#[derive(Debug, Clone)]
pub(crate) enum StatementPolicy {
    /// Reading anything but internal tables.
    Read,
    /// Reading, and changing rows of these tables.
    Change(Vec<String>),
    /// Creating the table of this name, and nothing else.
    Make(String),
}

impl StatementPolicy {
    /// Runs `work` while this policy is in force on the connection.
    pub(crate) fn around<T>(
        self,
        connection: &mut Connection,
        work: impl FnOnce(&Connection) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        connection.authorizer(Some(move |asked: AuthContext<'_>| self.answer(&asked)))?;
        let done = work(connection);
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        done
    }

    fn answer(&self, asked: &AuthContext<'_>) -> Authorization {
        let allowed = match (self, asked.action) {
            (_, AuthAction::Select | AuthAction::Recursive) => true,
            (_, AuthAction::Function { function_name }) => !function_name.eq_ignore_ascii_case("load_extension"),
            (Self::Read | Self::Change(_), AuthAction::Read { table_name, .. }) => {
                !is_own(table_name) || is_list(table_name)
            }
            (
                Self::Change(tables),
                AuthAction::Insert { table_name }
                | AuthAction::Update { table_name, .. }
                | AuthAction::Delete { table_name },
            ) => asked.database_name == Some("main") && is_one_of(tables, table_name),
            (Self::Make(name), AuthAction::CreateTable { table_name }) => {
                table_name.eq_ignore_ascii_case(name) || table_name == "sqlite_sequence"
            }
            // Constraints create indexes, and any CREATE writes to the schema table.
            (Self::Make(name), AuthAction::CreateIndex { table_name, .. }) => table_name.eq_ignore_ascii_case(name),
            (Self::Make(_), AuthAction::Reindex { .. }) => true,
            (
                Self::Make(_),
                AuthAction::Insert { table_name }
                | AuthAction::Update { table_name, .. }
                | AuthAction::Delete { table_name },
            ) => is_list(table_name),
            (Self::Make(name), AuthAction::Read { table_name, .. }) => {
                is_list(table_name) || table_name.eq_ignore_ascii_case(name)
            }
            _ => false,
        };
        if allowed { Authorization::Allow } else { Authorization::Deny }
    }
}

fn is_one_of(tables: &[String], table: &str) -> bool {
    tables.iter().any(|known| known.eq_ignore_ascii_case(table))
}

/// Whether this is SQLite's schema table.
fn is_list(table: &str) -> bool {
    matches!(table, "sqlite_master" | "sqlite_schema")
}
