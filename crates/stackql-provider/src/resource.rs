//! Resources: one table each, with its columns, the methods that statements call, and the views that replace calls.

use serde::{Deserialize, Serialize};

use crate::names::fold;
use crate::{Member, Method, Type, TypeRef, Types, Verb, Waiter};

/// One resource in the index of a service: the columns of `SHOW RESOURCES` without the description.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceEntry {
    /// The table name in SQL.
    pub name: String,
    /// The resource occurs in classic documentation pages only: it is not a table.
    pub page_only: bool,
}

/// A resource, which is a table in SQL. It is self-contained: every [`TypeRef`] in it refers to its own [`Types`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The table name in SQL.
    pub name: String,
    /// Human-readable description; often empty.
    pub description: String,
    /// The columns, in the order of the source document. Empty if no method serves SELECT.
    pub columns: Vec<Column>,
    /// The methods; those of the same verb in order of preference.
    pub methods: Vec<Method>,
    /// Waiters: conditions on the state of the resource that can be polled.
    pub waiters: Vec<Waiter>,
    /// Resource views: queries that a SELECT runs instead of calling a method; the first match wins.
    pub views: Vec<View>,
    /// The columns of the classic documentation page, if they differ from those of the table.
    pub classic: Option<ClassicPage>,
    /// The types that columns and parameters refer to.
    pub types: Types,
}

/// A column of a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name in SQL.
    pub name: String,
    /// Other names that statements may use.
    pub aliases: Vec<String>,
    /// The wire name: the element or key that holds its value in a row of the response.
    pub wire: String,
    /// The type of its values.
    pub ty: TypeRef,
    /// The type name that the source states, if it differs from [`Type::label`] of the column's type; empty if the source
    /// states no type.
    pub stated: Option<String>,
    /// Human-readable description; empty in fact-only definitions.
    pub description: String,
}

/// A resource view: a SELECT over other resources that returns the rows of this resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The SQL dialect of the body; `None` if it is valid in any.
    pub dialect: Option<Dialect>,
    /// The columns for which a statement must give values, for the view to be selected.
    pub required: Vec<String>,
    /// The text of the SELECT.
    pub body: String,
}

/// The SQL dialect of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The columns of a documentation page of the classic style, if they differ from those of the table.
/// With fewer than two columns, the page states that SELECT is not supported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassicPage {
    /// The columns, in the order of the source document.
    pub columns: Vec<Column>,
}

impl Resource {
    /// The methods of one verb, in order of preference.
    pub fn methods_of(&self, verb: Verb) -> impl Iterator<Item = &Method> {
        self.methods.iter().filter(move |m| m.verb == verb)
    }

    /// The views that a SELECT may run, in order of preference: those that are not for PostgreSQL, or all if all are.
    pub fn readable_views(&self) -> impl Iterator<Item = &View> {
        let is_postgres = |view: &View| view.dialect == Some(Dialect::Postgres);
        let wanted = self.views.iter().all(is_postgres);
        self.views.iter().filter(move |view| is_postgres(view) == wanted)
    }

    /// The method with this exact name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|m| m.name == name)
    }

    /// The columns of the rows that `method` returns: the columns of the table for the preferred SELECT method, and the
    /// members of the row type for every other method.
    pub fn row_columns(&self, method: &Method) -> Vec<Column> {
        if method.verb == Verb::Select && self.methods_of(Verb::Select).next().is_some_and(|m| m.name == method.name) {
            return self.columns.clone();
        }
        self.members(method.response.row)
    }

    /// The columns of the result of the long-running operation that `method` starts; those of its response if the method has
    /// no result format.
    pub fn result_columns(&self, method: &Method) -> Vec<Column> {
        match method.lro.as_ref().and_then(|completion| completion.result.as_ref()) {
            None => self.row_columns(method),
            Some(made) if made.row.is_none() => self.columns.clone(),
            Some(made) => self.members(made.row),
        }
    }

    /// The members of a row type as columns.
    fn members(&self, row: Option<TypeRef>) -> Vec<Column> {
        let Some(Type::Structure { members }) = row.map(|row| self.types.get(row)) else {
            return Vec::new();
        };
        let column = |m: &Member| Column { name: m.wire.clone(), wire: m.wire.clone(), ty: m.ty, ..Column::default() };
        members.iter().map(column).collect()
    }

    /// The column at index `at`, with the wire name that it has in rows of `method`, which may differ from the table's.
    ///
    /// # Panics
    ///
    /// `at` is not an index of [`Self::columns`].
    pub fn column_of(&self, method: &Method, at: usize) -> Column {
        let mut column = self.columns[at].clone();
        if let Some(Type::Structure { members }) = method.response.row.map(|row| self.types.get(row))
            && !members.iter().any(|m| m.wire == column.wire)
            && let Some(member) = members.iter().find(|m| fold(&m.name) == fold(&column.name))
        {
            column.wire.clone_from(&member.wire);
        }
        column
    }

    /// The type name of a column in DESCRIBE.
    pub fn label_of<'a>(&'a self, column: &'a Column) -> &'a str {
        column.stated.as_deref().unwrap_or_else(|| self.type_of(column).label())
    }

    /// The type of a column.
    pub fn type_of(&self, column: &Column) -> &Type {
        self.types.get(column.ty)
    }
}
