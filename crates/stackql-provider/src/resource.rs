//! A resource: one table, with the columns of its rows and the methods that serve it.

use serde::{Deserialize, Serialize};

use crate::names::fold;
use crate::{Member, Method, Type, TypeRef, Types, Verb, Waiter};

/// One resource in the index of a service; enough for `SHOW RESOURCES`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceEntry {
    /// The table name in SQL.
    pub name: String,
    /// Shown only by classic pages: there is no table behind it.
    pub page_only: bool,
}

/// A resource. Self-contained: every [`TypeRef`] in it points into its own [`Types`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The table name in SQL.
    pub name: String,
    /// A sentence for people; often empty.
    pub description: String,
    /// The fields of a row, in the order of the source. Empty: no method answers SELECT.
    pub columns: Vec<Column>,
    /// The methods; those of one verb in order of preference.
    pub methods: Vec<Method>,
    /// Conditions that can be waited for.
    pub waiters: Vec<Waiter>,
    /// What a SELECT may be instead of a call, first match wins.
    pub views: Vec<View>,
    /// The classic page where it differs from the table.
    pub classic: Option<ClassicPage>,
    /// The shapes that columns and parameters refer to.
    pub types: Types,
}

/// A field of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The field's own spelling.
    pub name: String,
    /// Other names that the source gives it.
    pub aliases: Vec<String>,
    /// The element or key that carries it in a row of the answer.
    pub wire: String,
    /// Its shape.
    pub ty: TypeRef,
    /// What the source says its type is, where that is not how its shape is called; empty where the source says nothing.
    pub stated: Option<String>,
    /// A sentence for people; empty in fact-only definitions.
    pub description: String,
}

/// A SELECT over other resources that stands for a resource's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// What it is written in; `None` where any will do.
    pub dialect: Option<Dialect>,
    /// The columns to which a statement must give values, for it to be meant.
    pub required: Vec<String>,
    /// The SELECT.
    pub body: String,
}

/// What the text of a view is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// SQLite's functions.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// The columns that a page of the classic style lists, where they are not the table's own.
/// Fewer than two fields make that page say that SELECT is not supported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassicPage {
    /// The fields, in the order of the source.
    pub columns: Vec<Column>,
}

impl Resource {
    /// The methods of one verb, in order of preference.
    pub fn methods_of(&self, verb: Verb) -> impl Iterator<Item = &Method> {
        self.methods.iter().filter(move |m| m.verb == verb)
    }

    /// The views that a SELECT may be, first match wins: SQLite's, or PostgreSQL's where there are no others.
    pub fn readable_views(&self) -> impl Iterator<Item = &View> {
        let is_postgres = |view: &View| view.dialect == Some(Dialect::Postgres);
        let wanted = self.views.iter().all(is_postgres);
        self.views.iter().filter(move |view| is_postgres(view) == wanted)
    }

    /// The method of this exact name.
    pub fn method(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|m| m.name == name)
    }

    /// The fields of the rows that `method` answers with: the table's own columns where it answers SELECT,
    /// else the members of its row's shape.
    pub fn row_columns(&self, method: &Method) -> Vec<Column> {
        if method.verb == Verb::Select && self.methods_of(Verb::Select).next().is_some_and(|m| m.name == method.name) {
            return self.columns.clone();
        }
        self.members(method.response.row)
    }

    /// The fields of what `method` made, once the work that it started is done.
    pub fn result_columns(&self, method: &Method) -> Vec<Column> {
        match method.lro.as_ref().and_then(|completion| completion.result.as_ref()) {
            None => self.row_columns(method),
            Some(made) if made.row.is_none() => self.columns.clone(),
            Some(made) => self.members(made.row),
        }
    }

    /// The members of a row's shape as columns.
    fn members(&self, row: Option<TypeRef>) -> Vec<Column> {
        let Some(Type::Structure { members }) = row.map(|row| self.types.get(row)) else {
            return Vec::new();
        };
        let column = |m: &Member| Column { name: m.wire.clone(), wire: m.wire.clone(), ty: m.ty, ..Column::default() };
        members.iter().map(column).collect()
    }

    /// The column at `at`, as rows of `method` carry it: methods may spell a field otherwise than the table does.
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

    /// What DESCRIBE calls the type of a column.
    pub fn label_of<'a>(&'a self, column: &'a Column) -> &'a str {
        column.stated.as_deref().unwrap_or_else(|| self.type_of(column).label())
    }

    /// The shape of a column.
    pub fn type_of(&self, column: &Column) -> &Type {
        self.types.get(column.ty)
    }
}
