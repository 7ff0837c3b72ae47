//! SQL text to [`Statement`]s: StackQL's own statements before standard SQL, whose trees are `sqlparser`'s.
//!
//! - [`split`] cuts a script into statements, [`parse`] parses one, [`SyntaxError`] has the position of an error.
//!
//! Pure: knows no provider, no table and no terminal.

mod dialect;
mod parse;
mod prepared;
mod split;
mod statement;
mod syntax_error;
mod to_sql;

pub use dialect::SqlDialect;
pub use parse::parse;
pub use prepared::{PreparedError, PreparedStatement};
pub use split::{ScriptStatement, is_incomplete, length, split};
pub use sqlparser;
pub use statement::{
    Create, Delete, Exec, Hints, Insert, JoinHint, Literal, ObjectKind, ObjectName, Query, Replace, Show, ShowFilter,
    ShowKind, Statement, Update,
};
pub use syntax_error::SyntaxError;
