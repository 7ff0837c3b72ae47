//! Conditions of a join: each is pushed into the side of its column, as far as it filters the rows of that side.

use std::ops::Range;
use std::sync::Arc;

use datafusion::common::{NullEquality, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{BinaryExpr, Expr, Join, JoinConstraint, JoinType, LogicalPlan, Operator};

use super::condition::{Condition, Kind, Literal, rewritten};
use super::{Binder, PushedDown, Resolution};

impl Binder {
    pub(super) fn join(&self, join: Join, above: &[Condition]) -> Result<PushedDown> {
        // INTERSECT and EXCEPT compare output rows, which does not bind parameters.
        if join.null_equality == NullEquality::NullEqualsNull {
            return self.barrier(LogicalPlan::Join(join), above);
        }
        let mut conditions = above.to_vec();
        let mut own = |conjunct: &Expr| -> Range<usize> {
            let first = conditions.len();
            let of_join = self.conditions(conjunct, &join.schema).into_iter();
            conditions.extend(of_join.map(|condition| restricted(condition, &join)));
            first..conditions.len()
        };
        let mut pairs = Vec::new();
        for (left, right) in join.on.iter().cloned() {
            let conjunct = left.eq(right);
            let range = own(&conjunct);
            pairs.push((conjunct, range));
        }
        let mut filters = Vec::new();
        for conjunct in join.filter.iter().cloned().flat_map(split_conjunction_owned) {
            let range = own(&conjunct);
            filters.push((self.within(conjunct)?, range));
        }
        let is_left = |condition: &Condition| join.left.schema().has_column(&condition.column);
        let is_right = |condition: &Condition| !is_left(condition) && join.right.schema().has_column(&condition.column);
        let of = |is_of: &dyn Fn(&Condition) -> bool| -> (Vec<usize>, Vec<Condition>) {
            conditions.iter().cloned().enumerate().filter(|(_, condition)| is_of(condition)).unzip()
        };
        let ((left_at, of_left), (right_at, of_right)) = (of(&is_left), of(&is_right));
        let left = self.push_down(Arc::unwrap_or_clone(Arc::clone(&join.left)), &of_left)?;
        let right = self.push_down(Arc::unwrap_or_clone(Arc::clone(&join.right)), &of_right)?;
        let mut resolutions = vec![Resolution::Filter; conditions.len()];
        for (at, resolution) in
            left_at.into_iter().zip(left.resolutions).chain(right_at.into_iter().zip(right.resolutions))
        {
            resolutions[at] = resolution;
        }
        let kept = |conjunct: Expr, own: Range<usize>| rewritten(conjunct, &conditions[own.clone()], &resolutions[own]);
        let (mut on, mut rest) = (Vec::new(), Vec::new());
        for (conjunct, own) in pairs {
            match kept(conjunct, own)? {
                // Whatever the sides were rewritten to, the left one is still of the left input.
                Some(Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })) => on.push((*left, *right)),
                other => rest.extend(other),
            }
        }
        for (conjunct, own) in filters {
            rest.extend(kept(conjunct, own)?);
        }
        let constraint = if on.len() == join.on.len() { join.join_constraint } else { JoinConstraint::On };
        let (left, right) = (Arc::new(left.plan), Arc::new(right.plan));
        let (kind, nulls, null_aware) = (join.join_type, join.null_equality, join.null_aware);
        let plan = Join::try_new(left, right, on, conjunction(rest), kind, constraint, nulls, null_aware)?;
        resolutions.truncate(above.len());
        Ok(PushedDown { plan: LogicalPlan::Join(plan), resolutions })
    }
}

/// A condition in ON as it applies to the side of its column. Where the join preserves the rows of that side, literals bind
/// only required parameters, and equations bind none.
fn restricted(condition: Condition, join: &Join) -> Condition {
    let is_left = join.left.schema().has_column(&condition.column);
    let is_preserved = match join.join_type {
        JoinType::Left | JoinType::LeftAnti | JoinType::LeftMark => is_left,
        JoinType::Right | JoinType::RightAnti | JoinType::RightMark => !is_left,
        JoinType::Full => true,
        JoinType::Inner | JoinType::LeftSemi | JoinType::RightSemi => false,
    };
    if !is_preserved {
        return condition;
    }
    let kind = match condition.kind {
        Kind::Literal(literal) => Kind::Literal(Literal { only_required: true, ..literal }),
        kind @ Kind::Equation { paired: true, .. } => kind,
        Kind::Equation { .. } | Kind::Other => Kind::Other,
    };
    Condition { kind, ..condition }
}
