//! The syntax tree: [`Statement`] and its parts, as [`crate::parse()`] returns them. Names keep the case in which they were
//! written, and are not resolved.

use std::fmt;

use sqlparser::ast::{ColumnDef, Expr, SelectItem};

use crate::PreparedStatement;

/// One parsed statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `SHOW`: lists providers, services, resources, methods, settings or credentials.
    Show(Show),
    /// `DESCRIBE`: lists the columns of a table.
    Describe {
        /// The table.
        table: ObjectName,
        /// `EXTENDED`: include the descriptions.
        extended: bool,
    },
    /// `DESCRIBE METHOD`: lists the parameters of a method and the columns that it returns.
    DescribeMethod {
        /// The method, `provider.service.resource.method`.
        method: ObjectName,
        /// `EXTENDED`: include the descriptions.
        extended: bool,
    },
    /// `EXEC`: calls a method.
    Exec(Exec),
    /// `EXPLAIN`: shows the plan of a statement.
    Explain {
        /// `ANALYZE`: execute the statement and report its calls.
        analyze: bool,
        /// The statement.
        statement: Box<Self>,
    },
    /// `USE`: sets the default provider of the session.
    Use(String),
    /// `SET`: changes a setting of the session.
    Set {
        /// The setting.
        name: String,
        /// Its value, without quotes.
        value: String,
    },
    /// `REGISTRY LIST`: lists the providers of the registry.
    RegistryList {
        /// List only this provider, with all its versions.
        provider: Option<String>,
    },
    /// `REGISTRY PULL`: installs a provider from the registry.
    RegistryPull {
        /// The provider.
        provider: String,
        /// The version; the latest if none is given.
        version: Option<String>,
    },
    /// `CREATE`: creates a local view, materialized view or table.
    Create(Create),
    /// `DROP`: removes a local view, materialized view or table.
    Drop {
        /// The kind of the object.
        made: ObjectKind,
        /// Its name.
        name: String,
        /// `IF EXISTS`: a missing object is not an error.
        if_exists: bool,
    },
    /// `REFRESH MATERIALIZED VIEW`: replaces the rows by those that its query returns now.
    Refresh {
        /// Its name.
        name: String,
    },
    /// `NATIVEQUERY`: a query in the SQL dialect of the store of local objects, which executes it.
    NativeQuery(String),
    /// `PREPARE`: stores a prepared statement in the session.
    Prepare {
        /// The name of the prepared statement.
        name: String,
        /// The statement.
        prepared: Box<PreparedStatement>,
    },
    /// `EXECUTE`: runs a prepared statement.
    Execute {
        /// The name of the prepared statement.
        name: String,
        /// Constant expressions for its placeholders, in their order.
        values: Vec<Expr>,
    },
    /// `DEALLOCATE`: removes one prepared statement, or all if no name is given.
    Deallocate {
        /// The name of the prepared statement.
        name: Option<String>,
    },
    /// `BEGIN`: begins a transaction.
    Begin,
    /// `COMMIT`: ends a transaction and makes its changes.
    Commit,
    /// `ROLLBACK`: ends a transaction and discards or undoes its changes.
    Rollback,
    /// `SLEEP`: waits for this number of milliseconds.
    Sleep(u64),
    /// `INSERT`.
    Insert(Insert),
    /// `UPDATE`.
    Update(Update),
    /// `REPLACE`.
    Replace(Replace),
    /// `DELETE`.
    Delete(Delete),
    /// `PURGE`: drops cached data of earlier statements: of this kind, or of the default kind if none is named.
    Purge(Option<String>),
    /// `AUTH LOGIN`: obtains credentials for a provider.
    LogIn {
        /// The provider.
        provider: String,
        /// The OAuth scopes to request.
        scopes: Vec<String>,
    },
    /// `AUTH REVOKE`: discards the credentials for a provider.
    Revoke {
        /// The provider.
        provider: String,
    },
    /// A query: `SELECT`, `WITH` or `VALUES`.
    Query(Query),
    /// A statement that is recognized but not supported; its keyword, in upper case.
    Unsupported(String),
}

/// A qualified (dotted) name, as its parts without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName(pub Vec<String>);

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// A `SHOW` statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Show {
    /// The kind of objects to list.
    pub kind: ShowKind,
    /// `EXTENDED`: include the additional columns.
    pub extended: bool,
    /// The filter on rows.
    pub filter: Option<ShowFilter>,
}

/// The kind of objects that a `SHOW` statement lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShowKind {
    /// The providers.
    Providers,
    /// The services of a provider.
    Services {
        /// The provider.
        provider: String,
    },
    /// The resources of a service.
    Resources {
        /// The provider.
        provider: String,
        /// The service.
        service: String,
    },
    /// The methods of a table.
    Methods {
        /// The table.
        table: ObjectName,
    },
    /// A template of an INSERT into a table.
    InsertInto {
        /// The table.
        table: ObjectName,
    },
    /// The program's version.
    Version,
    /// The credentials of providers.
    Auth {
        /// List only this provider.
        provider: Option<String>,
    },
    /// A setting, by its words joined with spaces: `TRANSACTION ISOLATION LEVEL`, `search_path`.
    Setting(String),
}

/// The filter of a `SHOW` statement.
#[derive(Debug, Clone, PartialEq)]
pub enum ShowFilter {
    /// `LIKE`: the name matches this pattern.
    Like(String),
    /// `WHERE`: a condition on the listed columns.
    Where(Box<Expr>),
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The syntax tree.
    pub ast: Box<sqlparser::ast::Query>,
    /// The hints in its comments.
    pub hints: Hints,
}

/// The hints of a statement: words in comments of the form `/*+ … */`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// `AWAIT`: wait until the long-running operation is complete.
    pub await_completion: bool,
    /// `SHOWRESULTS`: EXEC returns the response as rows.
    pub show_results: bool,
    /// `LOOKUP` or `LIST`: how the inner relations of bind joins are read; the last such hint wins.
    pub join: Option<JoinHint>,
}

/// How the inner relation of a bind join is read if both a lookup by key and a full scan are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinHint {
    /// `LOOKUP`: one call for each key of the outer relation.
    Lookup,
    /// `LIST`: one full scan, joined locally.
    List,
}

/// An `INSERT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: ObjectName,
    /// The columns, in the order of the columns of the source.
    pub columns: Vec<String>,
    /// The query that returns the rows; `None` is `DEFAULT VALUES`: one row without values.
    pub source: Option<Query>,
    /// The select list of `RETURNING`.
    pub returning: Option<Vec<SelectItem>>,
    /// The hints in its comments.
    pub hints: Hints,
}

/// An `UPDATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The table.
    pub table: ObjectName,
    /// The columns and their new values.
    pub assignments: Vec<(String, Expr)>,
    /// The filter on rows.
    pub selection: Option<Expr>,
    /// The select list of `RETURNING`.
    pub returning: Option<Vec<SelectItem>>,
    /// The hints in its comments.
    pub hints: Hints,
}

/// A `REPLACE`, in one of its two forms.
#[expect(clippy::large_enum_variant, reason = "there is one a statement, which has both as they are, too")]
#[derive(Debug, Clone, PartialEq)]
pub enum Replace {
    /// `REPLACE INTO t (…) VALUES …`: replaces one object for each row.
    Rows(Insert),
    /// `REPLACE t SET … WHERE …`: replaces the objects that the condition selects by the assigned values.
    Set(Update),
}

/// A `DELETE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The table.
    pub table: ObjectName,
    /// The filter on rows.
    pub selection: Option<Expr>,
    /// The select list of `RETURNING`.
    pub returning: Option<Vec<SelectItem>>,
    /// The hints in its comments.
    pub hints: Hints,
}

/// The kind of a local (user-created) object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A view: a named query.
    View,
    /// A materialized view: a named query and its stored rows.
    MaterializedView,
    /// A table of stored rows.
    Table,
}

/// A `CREATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// The kind of the object to create.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// `OR REPLACE`: replaces an existing object of this name.
    pub or_replace: bool,
    /// `IF NOT EXISTS`: an existing object of this name is not an error.
    pub if_not_exists: bool,
    /// The text of the view's query, or the normalized CREATE TABLE statement of a table.
    pub text: String,
    /// The query of the view, or of `CREATE TABLE … AS`; `None` for a table that starts empty.
    pub query: Option<Query>,
    /// The column definitions of a table.
    pub columns: Vec<ColumnDef>,
}

/// An `EXEC`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exec {
    /// The method, `provider.service.resource.method`; without the first part, it belongs to the default provider.
    pub method: ObjectName,
    /// The arguments, `@name = value`, in the order of the statement.
    pub arguments: Vec<(String, Literal)>,
    /// The request body, `@@json = '…'`.
    pub json: Option<String>,
    /// The hints in its comments.
    pub hints: Hints,
}

impl Exec {
    /// The argument name of the body in an exec table. In the syntax tree of a query, a relation `(EXEC …)` is the function
    /// call `p.s.r.method(argument => value, "@@json" => '…')`.
    pub const JSON: &str = "@@json";
}

/// The value of an argument of EXEC.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// Any other number, as a 64-bit floating-point number.
    Number(f64),
    /// Text; nested values are JSON text.
    Text(String),
}
