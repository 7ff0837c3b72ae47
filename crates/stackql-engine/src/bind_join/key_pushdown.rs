//! Key pushdown: pushes the keys of a bind join down a plan to the scans that take them, through the nodes that a predicate on
//! the same column could pass.

use std::sync::Arc;

use datafusion::common::{Column, Result};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Distinct, Expr, Join, LogicalPlan, TableScan};

use super::logical::BindJoin;
use super::requirements::{RequiredKey, lookup_keys, required_keys, table_of};
use super::rewrite::{as_bind_join, extension};
use crate::table::resource_table::{KeyBinding, ResourceTable};

/// A column of a plan's output that equals a key of a bind join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyColumn {
    pub(crate) column: Column,
    /// The position of the key in the bind join.
    pub(crate) at: usize,
}

/// The id of a bind join, and how scans use its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Scans require the keys: without them they cannot be executed, or would return other rows.
    Required(usize),
    /// Scans can be executed without the keys, and read fewer rows with them.
    Optional(usize),
}

/// A plan with key bindings on its scans, and the positions of the keys that they take.
#[derive(Debug)]
pub(crate) struct PushedKeys {
    pub(crate) plan: LogicalPlan,
    pub(crate) taken: Vec<usize>,
}

/// Adds key bindings to the scans below `plan` that take one of `keys`.
pub(crate) fn push_keys(plan: &LogicalPlan, keys: &[KeyColumn], feed: KeyUse) -> Result<PushedKeys> {
    if keys.is_empty() {
        return Ok(PushedKeys { plan: plan.clone(), taken: Vec::new() });
    }
    match plan {
        LogicalPlan::TableScan(scan) => Ok(into_scan(scan, keys, feed)),
        LogicalPlan::Projection(projection) => {
            let below = renamed(plan, keys, &|i| as_column(&projection.expr[i]));
            one(plan, &projection.input, &below, feed)
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let columns = alias.input.schema().columns();
            one(plan, &alias.input, &renamed(plan, keys, &|i| columns.get(i).cloned()), feed)
        }
        LogicalPlan::Filter(filter) => one(plan, &filter.input, keys, feed),
        LogicalPlan::Sort(sort) if sort.fetch.is_none() => one(plan, &sort.input, keys, feed),
        LogicalPlan::Distinct(Distinct::All(input)) => one(plan, input, keys, feed),
        LogicalPlan::Aggregate(aggregate) => {
            let group = &aggregate.group_expr;
            one(plan, &aggregate.input, &renamed(plan, keys, &|i| group.get(i).and_then(as_column)), feed)
        }
        LogicalPlan::Window(window) => {
            let partitions = |column: &Column| {
                let by = |e: &Expr| match e {
                    Expr::WindowFunction(f) => f.params.partition_by.contains(&Expr::Column(column.clone())),
                    Expr::Alias(alias) => match alias.expr.as_ref() {
                        Expr::WindowFunction(f) => f.params.partition_by.contains(&Expr::Column(column.clone())),
                        _ => false,
                    },
                    _ => false,
                };
                window.window_expr.iter().all(by)
            };
            let below: Vec<KeyColumn> = keys.iter().filter(|k| partitions(&k.column)).cloned().collect();
            one(plan, &window.input, &below, feed)
        }
        LogicalPlan::Union(union) => {
            let each = |input: &Arc<LogicalPlan>| {
                let columns = input.schema().columns();
                push_keys(input, &renamed(plan, keys, &|i| columns.get(i).cloned()), feed)
            };
            let pushed = union.inputs.iter().map(each).collect::<Result<Vec<_>>>()?;
            let taken: Vec<usize> = pushed.iter().flat_map(|p| p.taken.iter().copied()).collect();
            let inputs = pushed.into_iter().map(|p| p.plan).collect();
            Ok(PushedKeys { plan: plan.with_new_exprs(plan.expressions(), inputs)?, taken })
        }
        LogicalPlan::Join(join) => into_join(plan, join, keys, feed),
        _ => match as_bind_join(plan) {
            Some(inner) => into_feed(inner, keys, feed),
            None => Ok(PushedKeys { plan: plan.clone(), taken: Vec::new() }),
        },
    }
}

fn one(plan: &LogicalPlan, input: &LogicalPlan, keys: &[KeyColumn], feed: KeyUse) -> Result<PushedKeys> {
    let PushedKeys { plan: input, taken } = push_keys(input, keys, feed)?;
    Ok(PushedKeys { plan: plan.with_new_exprs(plan.expressions(), vec![input])?, taken })
}

/// Maps the keys to columns of the input; `below` returns the input column for a position of the output. Keys without one are
/// dropped.
fn renamed(plan: &LogicalPlan, keys: &[KeyColumn], below: &dyn Fn(usize) -> Option<Column>) -> Vec<KeyColumn> {
    let down = |key: &KeyColumn| {
        let at = plan.schema().maybe_index_of_column(&key.column)?;
        Some(KeyColumn { column: below(at)?, at: key.at })
    };
    keys.iter().filter_map(down).collect()
}

/// The column that an expression is, ignoring aliases.
pub(crate) fn as_column(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Column(column) => Some(column.clone()),
        Expr::Alias(alias) => as_column(&alias.expr),
        _ => None,
    }
}

/// The column that an expression is, ignoring aliases and the casts of a comparison.
pub(crate) fn compared_column(expr: &Expr) -> Option<Column> {
    match expr {
        Expr::Cast(cast) => compared_column(&cast.expr),
        other => as_column(other),
    }
}

fn into_scan(scan: &TableScan, keys: &[KeyColumn], feed: KeyUse) -> PushedKeys {
    let none = || PushedKeys { plan: LogicalPlan::TableScan(scan.clone()), taken: Vec::new() };
    let Some(table) = table_of(scan) else { return none() };
    if scan.fetch.is_some() {
        return none();
    }
    let columns: Vec<String> = keys.iter().map(|k| k.column.name.clone()).collect();
    let (feed, columns) = match feed {
        KeyUse::Required(feed) => (feed, required_keys(&table, &scan.filters, &columns)),
        KeyUse::Optional(feed) => (feed, lookup_keys(&table, &scan.filters, &columns)),
    };
    let at = |column: &RequiredKey| keys.iter().find(|k| k.column.name == column.column).map(|k| k.at);
    let taken: Vec<usize> = columns.iter().filter_map(at).collect();
    if taken.is_empty() {
        return none();
    }
    let keys = taken.clone();
    let columns = columns.into_iter().map(|taken| taken.bound_by).collect();
    let mut fed = table.key_bindings.clone();
    fed.push(KeyBinding { bind_join: feed, columns, keys });
    let table = ResourceTable { key_bindings: fed, ..table };
    let scan = TableScan { source: provider_as_source(Arc::new(table)), ..scan.clone() };
    PushedKeys { plan: LogicalPlan::TableScan(scan), taken }
}

fn into_join(plan: &LogicalPlan, join: &Join, keys: &[KeyColumn], feed: KeyUse) -> Result<PushedKeys> {
    let is_of = |side: &LogicalPlan, column: &Column| side.schema().has_column(column);
    let (mut left, mut right): (Vec<KeyColumn>, Vec<KeyColumn>) = (Vec::new(), Vec::new());
    for key in keys {
        if is_of(&join.left, &key.column) {
            left.push(key.clone());
        } else if is_of(&join.right, &key.column) {
            right.push(key.clone());
        }
    }
    // The keys also restrict the other side of an equality. A row that loses its join partner by this has NULL in the key
    // column, so no outer row matches it. Only a null-aware anti join (NOT IN) depends on rows without a match.
    if !join.null_aware {
        let (own_left, own_right) = (left.clone(), right.clone());
        for (l, r) in &join.on {
            follow(&own_left, &mut right, (l, r));
            follow(&own_right, &mut left, (r, l));
        }
    }
    let (l, r) = (push_keys(&join.left, &left, feed)?, push_keys(&join.right, &right, feed)?);
    let taken = l.taken.into_iter().chain(r.taken).collect();
    Ok(PushedKeys { plan: plan.with_new_exprs(plan.expressions(), vec![l.plan, r.plan])?, taken })
}

/// Adds the keys of one join side to the other side, for columns that the join equates.
fn follow(from: &[KeyColumn], to: &mut Vec<KeyColumn>, pair: (&Expr, &Expr)) {
    let (Some(here), Some(there)) = (compared_column(pair.0), compared_column(pair.1)) else { return };
    if let Some(key) = from.iter().find(|k| k.column == here) {
        to.push(KeyColumn { column: there, at: key.at });
    }
}

fn into_feed(inner: &BindJoin, keys: &[KeyColumn], feed: KeyUse) -> Result<PushedKeys> {
    let mut all = keys.to_vec();
    if let LogicalPlan::Join(join) = &inner.inner {
        for (l, r) in &join.on {
            follow(keys, &mut all, (l, r));
            follow(keys, &mut all, (r, l));
        }
    }
    let of_outer = |k: &&KeyColumn| inner.outer.schema().has_column(&k.column);
    let outer: Vec<KeyColumn> = all.iter().filter(of_outer).cloned().collect();
    let (outer, body) = (push_keys(&inner.outer, &outer, feed)?, push_keys(&inner.inner, keys, feed)?);
    let listed = inner.scan_fallback.as_ref().map(|listed| push_keys(listed, keys, feed)).transpose()?;
    let (listed, of_listed) = listed.map_or((None, Vec::new()), |pushed| (Some(pushed.plan), pushed.taken));
    let taken = outer.taken.into_iter().chain(body.taken).chain(of_listed).collect();
    Ok(PushedKeys {
        plan: extension(BindJoin { outer: outer.plan, inner: body.plan, scan_fallback: listed, ..inner.clone() }),
        taken,
    })
}

/// The scan and its column from which a column of a plan originates unchanged.
pub(crate) fn origin(plan: &LogicalPlan, column: &Column) -> Option<(TableScan, String)> {
    let at = plan.schema().maybe_index_of_column(column)?;
    match plan {
        LogicalPlan::TableScan(scan) => Some((scan.clone(), column.name.clone())),
        LogicalPlan::Projection(projection) => origin(&projection.input, &as_column(projection.expr.get(at)?)?),
        LogicalPlan::SubqueryAlias(alias) => origin(&alias.input, alias.input.schema().columns().get(at)?),
        LogicalPlan::Union(_) | LogicalPlan::Aggregate(_) => None,
        _ => plan.inputs().into_iter().find_map(|input| origin(input, column)),
    }
}
