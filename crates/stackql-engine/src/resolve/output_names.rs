//! Output names of expressions without an alias: the text in the statement, not that of a rewritten form; in a join, a number,
//! `col_1`.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderByKind, Query, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use super::names::quoted;

/// Gives each unnamed output expression of a statement an alias; in a set operation, those of the first operand. Returns the
/// names of the columns as written, by position; empty where `*` hides them.
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
            // ORDER BY refers to the output column; after DISTINCT it cannot refer to anything else.
            if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|o| &mut o.kind) {
                keys.iter_mut().filter(|k| k.expr == expr).for_each(|k| k.expr = Expr::Identifier(alias.clone()));
            }
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
    written
}

/// Whether FROM has several tables; unnamed expressions are then numbered, except for function calls.
fn joins(from: &[TableWithJoins]) -> bool {
    let factors =
        from.iter().flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|j| &j.relation)));
    let is_table = |factor: &&TableFactor| match factor {
        TableFactor::Table { args, .. } => args.is_none(),
        factor => matches!(factor, TableFactor::Derived { .. } | TableFactor::NestedJoin { .. }),
    };
    factors.filter(is_table).count() > 1
}

/// The alias of an unnamed expression; `None` for a column, which has a name.
pub(crate) fn as_written(expr: &Expr) -> Option<Ident> {
    let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    (!is_column).then(|| quoted(&expr.to_string()))
}

/// The names of the columns in a projection as written, by position; empty where `*` hides them.
pub(crate) fn columns_as_written(projection: &[SelectItem]) -> Vec<Option<String>> {
    let written = projection.iter().map(|item| match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(Some(name.value.clone())),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => Some(parts.last().map(|name| name.value.clone())),
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => Some(None),
        _ => None,
    });
    written.collect::<Option<_>>().unwrap_or_default()
}
