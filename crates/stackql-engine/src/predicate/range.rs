//! Recognizes range predicates over integers, `c >= 1 AND c < 4` or `c BETWEEN 1 AND 3`, and expands them into values.
//!
//! `table/` and `parameters/` pass filters in; the values bind a parameter that requires an exact number.

use datafusion::logical_expr::{Expr, Operator};
use stackql_call::Value;

use super::values::{Predicate, value};

/// A column and its inclusive bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) column: String,
    low: i64,
    high: i64,
}

/// The maximum number of values into which a range is expanded.
const MOST: i64 = 1000;

/// The range to which `expr` restricts one column; `None` where it is any other expression.
pub(crate) fn range(expr: &Expr) -> Option<Range> {
    let number = |expr: &Expr| match expr {
        Expr::Literal(literal, _) => match value(literal)? {
            Value::Integer(n) => Some(n),
            _ => None,
        },
        _ => None,
    };
    let (column, low, high) = match expr {
        // The simplifier rewrites BETWEEN to this form.
        Expr::BinaryExpr(binary) if binary.op == Operator::And => {
            let (one, other) = (range(&binary.left)?, range(&binary.right)?);
            let (low, high) = (one.low.max(other.low), one.high.min(other.high));
            return (one.column == other.column).then_some(Range { low, high, ..one });
        }
        Expr::Between(between) if !between.negated => {
            let Expr::Column(column) = between.expr.as_ref() else { return None };
            (column, number(&between.low)?, number(&between.high)?)
        }
        Expr::BinaryExpr(binary) => {
            let (column, op, n) = match (binary.left.as_ref(), binary.right.as_ref()) {
                (Expr::Column(column), literal) => (column, binary.op, number(literal)?),
                (literal, Expr::Column(column)) => (column, binary.op.swap()?, number(literal)?),
                _ => return None,
            };
            match op {
                Operator::GtEq => (column, n, i64::MAX),
                Operator::Gt => (column, n.checked_add(1)?, i64::MAX),
                Operator::LtEq => (column, i64::MIN, n),
                Operator::Lt => (column, i64::MIN, n.checked_sub(1)?),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Range { column: column.name.clone(), low, high })
}

/// The values of each column in the intersection of its `ranges`; columns with more than `MOST` values are left out.
pub(crate) fn enumerated(ranges: Vec<Range>) -> Vec<Predicate> {
    let mut all: Vec<Range> = Vec::new();
    for range in ranges {
        match all.iter_mut().find(|r| r.column == range.column) {
            Some(known) => (known.low, known.high) = (known.low.max(range.low), known.high.min(range.high)),
            None => all.push(range),
        }
    }
    let is_few = |r: &Range| r.high.checked_sub(r.low).is_some_and(|count| count < MOST);
    all.into_iter()
        .filter(is_few)
        .map(|r| Predicate { column: r.column, values: (r.low..=r.high).map(Value::Integer).collect() })
        .collect()
}
