//! Circular dependencies: joined relations that require parameters of each other, so that none can be read first. Builds the
//! error message for them.

use datafusion::common::Column;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};

use super::key_pushdown::{compared_column, origin};
use super::requirements::{missing_parameters, table_of};
use crate::error::Error;
use crate::table::columns::spelled;

/// A required parameter of one relation that is equated with a column of another.
#[derive(Debug, Clone)]
struct Requirement {
    parameter: Column,
    from: Column,
}

/// The error that describes a circular dependency, if the unbound parameters of the plan have one.
pub(crate) fn cycle(plan: &LogicalPlan) -> Option<Error> {
    let mut pairs = Vec::new();
    equalities(plan, &mut pairs);
    let needs: Vec<Requirement> = pairs.iter().flat_map(|(at, l, r)| needs(at, l, r).chain(needs(at, r, l))).collect();
    let found = needs.iter().find_map(|first| walk(&needs, vec![first.clone()]))?;
    let name = |column: &Column| Column::new(column.relation.clone(), spelled(&column.name)).flat_name();
    let shown = |need: &Requirement| format!("{} comes from {}", name(&need.parameter), name(&need.from));
    let all: Vec<String> = found.iter().map(shown).collect();
    Some(Error::InvalidStatement {
        message: format!("none of the joined tables can be read first: {}", all.join(", and ")),
        hint: Some("give one of these parameters a value in WHERE".to_owned()),
    })
}

/// The requirements of the equality `wanting = giving` in the node `at`: if `wanting` is a parameter that its table is missing,
/// one per qualified column of `giving`.
fn needs<'a>(at: &'a LogicalPlan, wanting: &'a Expr, giving: &'a Expr) -> impl Iterator<Item = Requirement> + use<'a> {
    let parameter = compared_column(wanting).filter(|column| {
        let Some((scan, name)) = at.inputs().into_iter().find_map(|input| origin(input, column)) else { return false };
        table_of(&scan).is_some_and(|table| missing_parameters(&table, &scan) && table.requires(&name))
    });
    parameter.into_iter().flat_map(|parameter| {
        let from = giving.column_refs().into_iter().filter(|from| from.relation.is_some());
        from.map(move |from| Requirement { parameter: parameter.clone(), from: from.clone() }).collect::<Vec<_>>()
    })
}

/// Depth-first search for a path of requirements that returns to the relation of the first one.
fn walk(needs: &[Requirement], way: Vec<Requirement>) -> Option<Vec<Requirement>> {
    let (first, last) = (way.first()?, way.last()?);
    if last.from.relation == first.parameter.relation {
        return Some(way);
    }
    needs.iter().filter(|next| next.parameter.relation == last.from.relation).find_map(|next| {
        let is_new = !way.iter().any(|before| before.parameter.relation == next.parameter.relation);
        is_new.then(|| walk(needs, way.iter().chain([next]).cloned().collect()))?
    })
}

/// Collects the equalities of all joins and filters of a plan, each with its node.
fn equalities<'a>(plan: &'a LogicalPlan, pairs: &mut Vec<(&'a LogicalPlan, &'a Expr, &'a Expr)>) {
    let mut conditions = Vec::new();
    match plan {
        LogicalPlan::Join(join) => {
            pairs.extend(join.on.iter().map(|(l, r)| (plan, l, r)));
            conditions.extend(join.filter.iter().flat_map(split_conjunction));
        }
        LogicalPlan::Filter(filter) => conditions.extend(split_conjunction(&filter.predicate)),
        _ => {}
    }
    for condition in conditions {
        if let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = condition {
            pairs.push((plan, left, right));
        }
    }
    for input in plan.inputs() {
        equalities(input, pairs);
    }
}
