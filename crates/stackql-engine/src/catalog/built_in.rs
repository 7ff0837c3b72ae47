//! What every session has from the start: views, a materialized view and a table, as the statements of `built_in.sql`.
//! Each is read as the query that it is made of; what a statement changes becomes the user's own first.

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

/// Something that is there from the start.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    /// What makes it the user's own.
    pub(crate) create: Create,
    as_view: Arc<StoredObject>,
}

impl BuiltIn {
    /// What has this name, in any case of letters.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|built_in| built_in.create.name.eq_ignore_ascii_case(name))
    }

    fn new(create: Create) -> Option<Self> {
        let (text, schema) = (create.query.as_ref()?.ast.to_string(), Arc::new(Schema::empty()));
        let as_view = Arc::new(StoredObject { name: create.name.clone(), kind: StoredKind::View, text, schema });
        Some(Self { create, as_view })
    }

    /// What its columns are called, which the query says itself.
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

    /// It as the view that it is read as.
    pub(crate) fn as_view(&self) -> Arc<StoredObject> {
        Arc::clone(&self.as_view)
    }
}
