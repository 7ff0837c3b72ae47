//! Rewrites one join into a bind join, where one side supplies required parameters of the other or can supply lookup keys.

use std::sync::Arc;

use datafusion::common::{Column, NullEquality, Result};
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan};
use stackql_sql::JoinHint;

use super::key_pushdown::{KeyColumn, KeyUse, PushedKeys, compared_column, origin, push_keys};
use super::logical::{BindJoin, OuterBatching, OuterRows};
use super::requirements::{scans, table_of, unbound_scans};
use super::rewrite::{JoinIds, extension};

/// The side of a join that is the outer side of the bind join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outer {
    Left,
    Right,
}

/// Rewrites the join into a bind join if one side is missing parameters that the other supplies, else into an adaptive one if
/// one side can be looked up by keys of the other. Otherwise the join is returned unchanged.
pub(crate) fn fed(join: Join, numbers: &JoinIds) -> Result<LogicalPlan> {
    let (left_lacks, right_lacks) = (!unbound_scans(&join.left).is_empty(), !unbound_scans(&join.right).is_empty());
    let order = match (left_lacks, right_lacks) {
        (true, false) => [Outer::Right, Outer::Left],
        _ => [Outer::Left, Outer::Right],
    };
    for outer in order {
        if let Some(plan) = feed_from(&join, outer, numbers)? {
            return Ok(plan);
        }
    }
    if !left_lacks && !right_lacks {
        // The side that FROM names first is preferred as outer side.
        for outer in [Outer::Left, Outer::Right] {
            if let Some(plan) = try_adaptive(&join, outer, numbers)? {
                return Ok(plan);
            }
        }
    }
    Ok(LogicalPlan::Join(join))
}

/// The bind join with this `outer` side; `None` where the other side requires no key of it, or the join type does not allow it.
pub(crate) fn feed_from(join: &Join, outer: Outer, numbers: &JoinIds) -> Result<Option<LogicalPlan>> {
    bind_with(join, outer, KeyUse::Required(numbers.next()))
}

/// The adaptive bind join with this `outer` side: the other side is looked up by key or scanned. `None` where it cannot be
/// looked up, or the statement has the hint `LIST`.
fn try_adaptive(join: &Join, outer: Outer, numbers: &JoinIds) -> Result<Option<LogicalPlan>> {
    match numbers.join_by {
        Some(JoinHint::List) => Ok(None),
        Some(JoinHint::Lookup) | None => bind_with(join, outer, KeyUse::Optional(numbers.next())),
    }
}

fn bind_with(join: &Join, outer: Outer, feed: KeyUse) -> Result<Option<LogicalPlan>> {
    if join.null_equality != NullEquality::NullEqualsNothing || join.null_aware {
        return Ok(None);
    }
    let (feeding, inner) = match outer {
        Outer::Left => (&join.left, &join.right),
        Outer::Right => (&join.right, &join.left),
    };
    if matches!(feed, KeyUse::Optional(_)) && share_a_table(feeding, inner) {
        // The outer side scans the table already, and that scan supplies the rows of both sides.
        return Ok(None);
    }
    let oriented = |(l, r): &(Expr, Expr)| match outer {
        Outer::Left => (l.clone(), r.clone()),
        Outer::Right => (r.clone(), l.clone()),
    };
    let pairs: Vec<(Expr, Expr)> = join.on.iter().map(oriented).collect();
    let mut candidates: Vec<(Expr, Column)> = pairs
        .iter()
        .filter_map(|(of_outer, of_inner)| Some((of_outer.clone(), compared_column(of_inner)?)))
        .filter(|(of_outer, column)| !is_one_default(feeding, of_outer, inner, column))
        .collect();
    let (KeyUse::Required(number) | KeyUse::Optional(number)) = feed;
    let pushed = |candidates: &[(Expr, Column)]| {
        let key = |(at, (_, column)): (usize, &(Expr, Column))| KeyColumn { column: column.clone(), at };
        push_keys(inner, &candidates.iter().enumerate().map(key).collect::<Vec<_>>(), feed)
    };
    let PushedKeys { plan: mut asked, mut taken } = pushed(&candidates)?;
    taken.sort_unstable();
    taken.dedup();
    if taken.len() < candidates.len() {
        // The bind join has only the keys that some scan takes, so the positions of the keys are assigned again.
        candidates = taken.iter().map(|&at| candidates[at].clone()).collect();
        asked = pushed(&candidates)?.plan;
    }
    let covers = join.filter.is_none() && candidates.len() == pairs.len();
    let Some(gather) = outer_batching(join.join_type, outer, covers).filter(|_| !candidates.is_empty()) else {
        return Ok(None);
    };
    let body = |inner: &LogicalPlan| {
        let chunk = extension(OuterRows { id: number, schema: Arc::clone(feeding.schema()) });
        let (left, right) = match outer {
            Outer::Left => (chunk, inner.clone()),
            Outer::Right => (inner.clone(), chunk),
        };
        LogicalPlan::Join(Join { left: Arc::new(left), right: Arc::new(right), ..join.clone() })
    };
    let listed = match feed {
        KeyUse::Required(_) => None,
        KeyUse::Optional(_) => Some(body(inner)),
    };
    let keys = candidates.into_iter().map(|(of_outer, _)| of_outer).collect();
    Ok(Some(extension(BindJoin {
        id: number,
        outer: feeding.as_ref().clone(),
        inner: body(&asked),
        scan_fallback: listed,
        keys,
        batching: gather,
    })))
}

/// Whether both sides read the same table.
fn share_a_table(one: &LogicalPlan, other: &LogicalPlan) -> bool {
    let names = |plan| scans(plan).into_iter().map(|(table, _)| table.name()).collect::<Vec<_>>();
    let others = names(other);
    names(one).iter().any(|name| others.contains(name))
}

/// How the outer rows are batched, where the inner side contains only rows that match their keys. `None` for join types that
/// also return inner rows without a match, since these would be missing.
fn outer_batching(join_type: JoinType, outer: Outer, covers: bool) -> Option<OuterBatching> {
    use JoinType::{Inner, Left, LeftAnti, LeftMark, LeftSemi, Right, RightAnti, RightMark, RightSemi};
    match (join_type, outer) {
        (Inner | Left | LeftSemi | LeftAnti | LeftMark, Outer::Left)
        | (Inner | Right | RightSemi | RightAnti | RightMark, Outer::Right) => Some(OuterBatching::Streaming),
        // The output is rows of the inner side, each once, however many outer rows match it.
        (RightSemi, Outer::Left) | (LeftSemi, Outer::Right) if covers => Some(OuterBatching::DistinctKeys),
        (RightSemi, Outer::Left) | (LeftSemi, Outer::Right) => Some(OuterBatching::All),
        _ => None,
    }
}

/// Whether both columns are the same scope of the same provider and nothing binds either: both have the same default then, so
/// neither side depends on the other.
fn is_one_default(feeding: &LogicalPlan, of_outer: &Expr, inner: &LogicalPlan, column: &Column) -> bool {
    let scope = |plan: &LogicalPlan, column: &Column| {
        let (scan, name) = origin(plan, column)?;
        let table = table_of(&scan)?;
        let is_free =
            !table.predicates(&scan.filters).iter().any(|p| p.column == name) && !table.key_columns().contains(&name);
        let is_scope = table.service.endpoints.scope.as_deref() == Some(name.as_str());
        (is_free && is_scope).then(|| (table.provider.name.clone(), name))
    };
    let Some(outer) = compared_column(of_outer).and_then(|c| scope(feeding, &c)) else { return false };
    scope(inner, column) == Some(outer)
}
