//! The SQL parser: turns SQL text into [`Statement`]s. StackQL's own statements are parsed here; standard SQL is parsed by
//! `sqlparser`, whose syntax trees are part of the result.
//!
//! - [`split`] cuts a script into statements, [`parse`] parses one, and [`SyntaxError`] has the position of an error.
//! - [`PreparedStatement`] is a statement with placeholders; [`Statement::to_sql`] writes a statement as text again.
//!
//! The crate is pure: it does no I/O, and resolves no providers, tables or columns.

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
