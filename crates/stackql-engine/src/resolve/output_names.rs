//! An expression without an alias is called what the statement wrote, not what it becomes on the way to the plan; over
//! several tables by its number, `col_1`.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderByKind, Query, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use super::names::quoted;

/// Gives the expressions that a statement answers with their own text for a name; of a set operation, the first ones.
/// The names of its columns, as they are written; none where `*` hides which they are.
pub(crate) fn alias_expressions(query: &mut Query) -> Vec<Option<String>> {
    let mut body = query.body.as_mut();
    let select = loop {
        match body {
            SetExpr::Select(select) => break select,
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(inner) => body = &mut inner.body,
            _ => return Vec::new(),
        }
    };
    let written = columns_as_written(&select.projection);
    let is_join = joins(&select.from);
    let mut number = 0;
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && let Some(mut alias) = as_written(expr)
        {
            if is_join && !matches!(expr, Expr::Function(_)) {
                number += 1;
                alias = quoted(&format!("col_{number}"));
            }
            let expr = expr.clone();
            // ORDER BY means the column that is answered; after DISTINCT there is no other to order by.
            if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|o| &mut o.kind) {
                keys.iter_mut().filter(|k| k.expr == expr).for_each(|k| k.expr = Expr::Identifier(alias.clone()));
            }
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
    written
}

/// Whether there are several tables. Expressions of them without an alias are numbered, functions excepted.
fn joins(from: &[TableWithJoins]) -> bool {
    let factors =
        from.iter().flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|j| &j.relation)));
    let is_table = |factor: &&TableFactor| match factor {
        TableFactor::Table { args, .. } => args.is_none(),
        factor => matches!(factor, TableFactor::Derived { .. } | TableFactor::NestedJoin { .. }),
    };
    factors.filter(is_table).count() > 1
}

/// What an expression without an alias is called; a column has a name of its own.
pub(crate) fn as_written(expr: &Expr) -> Option<Ident> {
    let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    (!is_column).then(|| quoted(&expr.to_string()))
}

/// What the columns of a projection are called in it, by position; none where `*` hides which they are.
pub(crate) fn columns_as_written(projection: &[SelectItem]) -> Vec<Option<String>> {
    let written = projection.iter().map(|item| match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(Some(name.value.clone())),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => Some(parts.last().map(|name| name.value.clone())),
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => Some(None),
        _ => None,
    });
    written.collect::<Option<_>>().unwrap_or_default()
}
