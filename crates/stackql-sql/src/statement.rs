//! What a statement says, as data. Names keep the case in which they were written; nothing is looked up.

use std::fmt;

use sqlparser::ast::{ColumnDef, Expr, SelectItem};

use crate::PreparedStatement;

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Lists what there is.
    Show(Show),
    /// The columns of a table.
    Describe {
        /// The table.
        table: ObjectName,
        /// With descriptions.
        extended: bool,
    },
    /// What a method takes and answers.
    DescribeMethod {
        /// The method, `provider.service.resource.method`.
        method: ObjectName,
        /// With descriptions.
        extended: bool,
    },
    /// Calls a method.
    Exec(Exec),
    /// How a statement would run.
    Explain {
        /// Run it, and say how it went.
        analyze: bool,
        /// The statement.
        statement: Box<Self>,
    },
    /// Makes a provider the default.
    Use(String),
    /// Changes a setting of the session.
    Set {
        /// The setting.
        name: String,
        /// Its value, without quotes.
        value: String,
    },
    /// What a registry of definitions has.
    RegistryList {
        /// Only this provider, with all its versions.
        provider: Option<String>,
    },
    /// Installs definitions from the registry.
    RegistryPull {
        /// The provider.
        provider: String,
        /// The version; the latest where there is none.
        version: Option<String>,
    },
    /// Makes a view or a table.
    Create(Create),
    /// Forgets a view or a table.
    Drop {
        /// What it is.
        made: ObjectKind,
        /// Its name.
        name: String,
        /// That there is none is no error.
        if_exists: bool,
    },
    /// Runs the query of a materialized view again.
    Refresh {
        /// Its name.
        name: String,
    },
    /// A query in the SQL of the store that keeps what users make.
    NativeQuery(String),
    /// Keeps a statement for later.
    Prepare {
        /// What it is called then.
        name: String,
        /// The statement.
        prepared: Box<PreparedStatement>,
    },
    /// Runs a kept statement.
    Execute {
        /// What it is called.
        name: String,
        /// Constant expressions for its places.
        values: Vec<Expr>,
    },
    /// Forgets a kept statement, or all of them.
    Deallocate {
        /// What it is called.
        name: Option<String>,
    },
    /// Begins a transaction.
    Begin,
    /// Ends a transaction by doing what it is about.
    Commit,
    /// Ends a transaction by undoing what it did.
    Rollback,
    /// Waits for so many milliseconds.
    Sleep(u64),
    /// Creates.
    Insert(Insert),
    /// Changes.
    Update(Update),
    /// Puts things in the place of others.
    Replace(Replace),
    /// Deletes.
    Delete(Delete),
    /// Drops what is kept from earlier statements; the kind, if one is named.
    Purge(Option<String>),
    /// Makes sure that there are credentials for a provider.
    LogIn {
        /// The provider.
        provider: String,
        /// What the credentials are asked to be good for.
        scopes: Vec<String>,
    },
    /// Gives up the credentials for a provider.
    Revoke {
        /// The provider.
        provider: String,
    },
    /// Asks: `SELECT`, `WITH`, `VALUES`.
    Query(Query),
    /// A statement that is known and not run; its keyword, upper case.
    Unsupported(String),
}

/// A dotted name; its parts, without quotes.
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
    /// What to list.
    pub kind: ShowKind,
    /// With the further columns.
    pub extended: bool,
    /// Which rows.
    pub filter: Option<ShowFilter>,
}

/// What a `SHOW` statement lists.
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
    /// A template of an INSERT.
    InsertInto {
        /// The table.
        table: ObjectName,
    },
    /// The program's version.
    Version,
    /// What providers are authorised by.
    Auth {
        /// Only this one.
        provider: Option<String>,
    },
    /// Any other setting, by its words: `TRANSACTION ISOLATION LEVEL`, `search_path`.
    Setting(String),
}

/// Which rows of a `SHOW` are wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum ShowFilter {
    /// The name matches this pattern.
    Like(String),
    /// A condition over the shown columns.
    Where(Box<Expr>),
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its tree.
    pub ast: Box<sqlparser::ast::Query>,
    /// What its comments ask for.
    pub hints: Hints,
}

/// What `/*+ … */` comments ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// `AWAIT`: wait until the operation is complete.
    pub await_completion: bool,
    /// `SHOWRESULTS`: EXEC gives the answer as rows.
    pub show_results: bool,
    /// How relations are read whose other side names what is wanted of them.
    pub join: Option<JoinHint>,
}

/// How a relation is read that could be asked for each key of another, or listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinHint {
    /// `LOOKUP`: a call for each key.
    Lookup,
    /// `LIST`: once, as a list.
    List,
}

/// An `INSERT`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: ObjectName,
    /// The columns, in the order of the source's.
    pub columns: Vec<String>,
    /// The rows; none is `DEFAULT VALUES`, one row that says nothing.
    pub source: Option<Query>,
    /// What to give back.
    pub returning: Option<Vec<SelectItem>>,
    /// What the hints ask for.
    pub hints: Hints,
}

/// An `UPDATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The table.
    pub table: ObjectName,
    /// Columns and their new values.
    pub assignments: Vec<(String, Expr)>,
    /// Which rows.
    pub selection: Option<Expr>,
    /// What to give back.
    pub returning: Option<Vec<SelectItem>>,
    /// What the hints ask for.
    pub hints: Hints,
}

/// A `REPLACE`, in the two forms that it has.
#[expect(clippy::large_enum_variant, reason = "there is one a statement, which has both as they are, too")]
#[derive(Debug, Clone, PartialEq)]
pub enum Replace {
    /// `REPLACE INTO t (…) VALUES …`: a thing a row.
    Rows(Insert),
    /// `REPLACE t SET … WHERE …`: what the condition names becomes what is set.
    Set(Update),
}

/// A `DELETE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// The table.
    pub table: ObjectName,
    /// Which rows.
    pub selection: Option<Expr>,
    /// What to give back.
    pub returning: Option<Vec<SelectItem>>,
    /// What the hints ask for.
    pub hints: Hints,
}

/// What users can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A query with a name.
    View,
    /// A query with a name, and the rows it gave.
    MaterializedView,
    /// Rows.
    Table,
}

/// A `CREATE`.
#[derive(Debug, Clone, PartialEq)]
pub struct Create {
    /// What is made.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// It stands in place of what had the name.
    pub or_replace: bool,
    /// That there is something of the name is no error.
    pub if_not_exists: bool,
    /// The text of a view's query, or the statement that makes a table with these columns.
    pub text: String,
    /// The query whose rows it has; none where a table begins empty.
    pub query: Option<Query>,
    /// A table's columns.
    pub columns: Vec<ColumnDef>,
}

/// An `EXEC`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exec {
    /// The method, `provider.service.resource.method`, of the provider in use where none is named.
    pub method: ObjectName,
    /// The arguments, `@name = value`, in the order given.
    pub arguments: Vec<(String, Literal)>,
    /// The body, `@@json = '…'`.
    pub json: Option<String>,
    /// What the hints ask for.
    pub hints: Hints,
}

impl Exec {
    /// The name under which the body is an argument, where `(EXEC …)` stands for a relation and is in the query's tree
    /// the call of a function `p.s.r.method(argument => value, "@@json" => '…')`.
    pub const JSON: &str = "@@json";
}

/// The value of an argument.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text; JSON text for nested values.
    Text(String),
}
