//! Bare columns: columns beside aggregates that GROUP BY does not name. As in SQLite, they have the value of one row of the
//! group; where the only aggregate is a minimum or a maximum, of a row that has it. Runs after name resolution.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, OrderByExpr, OrderByKind,
    OrderByOptions, Query, Select, SelectItem, SetExpr, Value, VisitMut, VisitorMut,
};
use stackql_functions::call_in_order;

use super::names::quoted;

/// Replaces each bare column, in a query and in its subqueries, by the value of one row of its group.
pub(crate) fn rewrite_bare_columns(query: &mut Query, is_aggregate: &dyn Fn(&str) -> bool) {
    let _ = VisitMut::visit(query, &mut Queries { is_aggregate });
}

struct Queries<'a> {
    is_aggregate: &'a dyn Fn(&str) -> bool,
}

impl VisitorMut for Queries<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_mut() {
            let keys = query.order_by.as_mut().and_then(|order| match &mut order.kind {
                OrderByKind::Expressions(keys) => Some(keys.as_mut_slice()),
                OrderByKind::All(_) => None,
            });
            self.select(select, keys.unwrap_or_default());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        // In a SELECT that its query has already rewritten, no bare column is left.
        self.select(select, &mut []);
        ControlFlow::Continue(())
    }
}

impl Queries<'_> {
    fn select(&self, select: &mut Select, order: &mut [OrderByExpr]) {
        let Some(keys) = keys(select) else { return };
        let aliases = select.projection.iter().filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            _ => None,
        });
        let mut columns = Columns {
            is_aggregate: self.is_aggregate,
            aliases: aliases.collect(),
            keys,
            aggregates: Vec::new(),
            first: None,
            inside: 0,
        };
        columns.each(select, order);
        if columns.keys.is_empty() && columns.aggregates.is_empty() {
            return;
        }
        let first = match columns.aggregates.as_slice() {
            [only] => extreme(only),
            _ => None,
        };
        columns.first = Some(first);
        columns.each(select, order);
    }
}

/// The GROUP BY expressions of a SELECT; `None` for ROLLUP, CUBE, grouping sets and other modifiers.
fn keys(select: &Select) -> Option<Vec<Expr>> {
    let GroupByExpr::Expressions(keys, modifiers) = &select.group_by else { return None };
    if !modifiers.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    for key in keys {
        match key {
            Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => return None,
            Expr::Value(value) => {
                let Value::Number(place, _) = &value.value else { continue };
                let place = place.to_string().parse::<usize>().ok()?;
                match select.projection.get(place.checked_sub(1)?)? {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => all.push(expr.clone()),
                    _ => return None,
                }
            }
            Expr::Identifier(name) => {
                let named = select.projection.iter().find_map(|item| match item {
                    SelectItem::ExprWithAlias { expr, alias } if alias.value == name.value => Some(expr.clone()),
                    _ => None,
                });
                all.extend(named);
                all.push(key.clone());
            }
            _ => all.push(key.clone()),
        }
    }
    Some(all)
}

/// The order in which the first row has the value of the aggregate, where it is `min` or `max` of one argument.
fn extreme(aggregate: &Function) -> Option<OrderByExpr> {
    let upwards = match aggregate.name.to_string().to_lowercase().as_str() {
        "min" => true,
        "max" => false,
        _ => return None,
    };
    let FunctionArguments::List(list) = &aggregate.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] = list.args.as_slice() else { return None };
    let options = OrderByOptions { asc: Some(upwards), nulls_first: Some(false) };
    Some(OrderByExpr { expr: expr.clone(), options, with_fill: None })
}

/// Visits the expressions of a SELECT twice: first to collect its aggregates, then to replace its bare columns.
struct Columns<'a> {
    is_aggregate: &'a dyn Fn(&str) -> bool,
    aliases: Vec<String>,
    keys: Vec<Expr>,
    aggregates: Vec<Function>,
    /// In the second visit, the order that determines the row of a value; the inner `None` is any row.
    first: Option<Option<OrderByExpr>>,
    /// The number of enclosing expressions that use columns as they are.
    inside: usize,
}

impl Columns<'_> {
    fn each(&mut self, select: &mut Select, order: &mut [OrderByExpr]) {
        for item in &mut select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let name = match &*expr {
                        Expr::Identifier(name) => Some(name.value.clone()),
                        Expr::CompoundIdentifier(parts) => parts.last().map(|name| name.value.clone()),
                        _ => None,
                    };
                    let _ = expr.visit(self);
                    if let (Some(name), Expr::Function(_)) = (name, &*expr) {
                        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: quoted(&name) };
                    }
                }
                SelectItem::ExprWithAlias { expr, .. } => {
                    let _ = expr.visit(self);
                }
                _ => {}
            }
        }
        // In HAVING and ORDER BY, an alias of the projection means the expression there.
        let others = select.having.iter_mut().chain(order.iter_mut().map(|key| &mut key.expr));
        for expr in others {
            let given = matches!(&*expr, Expr::Identifier(name) if self.aliases.contains(&name.value));
            if !given {
                let _ = expr.visit(self);
            }
        }
    }

    /// Whether an expression uses columns as they are: an aggregate, a window function, a group key or a subquery.
    fn takes(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Function(call) if call.over.is_some() || self.gathers(call) => true,
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => true,
            other => self.keys.iter().any(|key| same(key, other)),
        }
    }

    fn gathers(&self, call: &Function) -> bool {
        gathers(call, self.is_aggregate)
    }
}

impl VisitorMut for Columns<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.takes(expr) {
            if let Expr::Function(call) = &*expr
                && self.inside == 0
                && self.first.is_none()
                && self.gathers(call)
                && !self.aggregates.contains(call)
            {
                self.aggregates.push(call.clone());
            }
            self.inside += 1;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if self.takes(expr) {
            self.inside -= 1;
            return ControlFlow::Continue(());
        }
        let Some(first) = &self.first else { return ControlFlow::Continue(()) };
        let is_column = match &*expr {
            Expr::Identifier(name) => !self.aliases.contains(&name.value),
            Expr::CompoundIdentifier(_) => true,
            _ => false,
        };
        if self.inside == 0 && is_column {
            *expr = first_value(expr.clone(), first.clone());
        }
        ControlFlow::Continue(())
    }
}

/// Whether a call is of an aggregate function. `min` and `max` of several arguments are scalar functions.
pub(crate) fn gathers(call: &Function, is_aggregate: &dyn Fn(&str) -> bool) -> bool {
    let name = call.name.to_string().to_lowercase();
    let is_of_row = ["min", "max"].contains(&name.as_str())
        && matches!(&call.args, FunctionArguments::List(list) if list.args.len() > 1);
    call.over.is_none() && !is_of_row && is_aggregate(&name)
}

/// Whether two expressions are equal; a column may be qualified in only one of them.
fn same(one: &Expr, other: &Expr) -> bool {
    let column = |expr: &Expr| match expr {
        Expr::Identifier(name) => Some(vec![name.value.clone()]),
        Expr::CompoundIdentifier(parts) => Some(parts.iter().map(|name| name.value.clone()).collect()),
        _ => None,
    };
    match (column(one), column(other)) {
        (Some(one), Some(other)) => one.iter().rev().zip(other.iter().rev()).all(|(one, other)| one == other),
        (None, None) => one == other,
        _ => false,
    }
}

fn first_value(of: Expr, by: Option<OrderByExpr>) -> Expr {
    call_in_order("first_value", vec![of], by.into_iter().collect())
}
