//! Built-in objects of every session: views, a materialized view and a table, defined by the statements of `built_in.sql`.
//!
//! Each is read as a view over its query. A statement that changes one first creates it as a local object.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::Schema;
use stackql_sql::sqlparser::ast::{Expr, SelectItem, SetExpr};
use stackql_sql::{Create, Statement, parse, split};

use crate::{StoredKind, StoredObject};

static ALL: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
    let made = split(include_str!("built_in.sql")).into_iter().map(|piece| match parse(piece.text) {
        Ok(Statement::Create(create)) => BuiltIn::new(create),
        _ => None,
    });
    made.collect::<Option<_>>().expect("each statement makes something of a query")
});

/// A built-in view, materialized view or table.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    /// The statement that creates it as a local object.
    pub(crate) create: Create,
    as_view: Arc<StoredObject>,
}

impl BuiltIn {
    /// Finds a built-in object by name, ignoring case.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|built_in| built_in.create.name.eq_ignore_ascii_case(name))
    }

    fn new(create: Create) -> Option<Self> {
        let (text, schema) = (create.query.as_ref()?.ast.to_string(), Arc::new(Schema::empty()));
        let as_view = Arc::new(StoredObject { name: create.name.clone(), kind: StoredKind::View, text, schema });
        Some(Self { create, as_view })
    }

    /// The column names, from the select list of its query.
    pub(crate) fn columns(&self) -> Vec<String> {
        let mut body = self.create.query.as_ref().map(|query| query.ast.body.as_ref());
        while let Some(SetExpr::SetOperation { left, .. }) = body {
            body = Some(left);
        }
        let Some(SetExpr::Select(select)) = body else { return Vec::new() };
        let name = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
            _ => None,
        };
        select.projection.iter().filter_map(name).collect()
    }

    /// The object as a view, which is how it is read.
    pub(crate) fn as_view(&self) -> Arc<StoredObject> {
        Arc::clone(&self.as_view)
    }
}
