//! Recognizes conditions on columns, and rewrites them once their resolution is known.

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, Result};
use datafusion::logical_expr::expr::{InList, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use datafusion::prelude::lit;
use stackql_call::Value;

use super::{Binder, BoundBy, Resolution};
use crate::call::scope::ALL_MEMBERS;
use crate::predicate::range::{Range, range};
use crate::predicate::scope_wildcard::{all_members, is_all};
use crate::predicate::values::{predicate, text};

/// A condition on one column, while it is pushed down a plan.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// The column, as the current node names it.
    pub(super) column: Column,
    pub(super) kind: Kind,
}

/// How a condition restricts its column.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a statement has a few of them, and most are literals")]
pub(super) enum Kind {
    /// To literals.
    Literal(Literal),
    /// To the value of an expression over other relations.
    ///
    /// `paired`: the expression is a column of the same name. Two scopes that are equal to each other do not determine the
    /// value of either. `grouped`: the condition is pushed below a node that merges rows, such as DISTINCT; a further output
    /// column there would separate rows that are to be merged.
    Equation { paired: bool, grouped: bool },
    /// In any other way.
    Other,
}

/// A condition that restricts a column to literals.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    pub(super) expr: Expr,
    /// The column as `expr` names it.
    pub(super) origin: Column,
    pub(super) values: Values,
    /// It does not filter rows, such as in ON of an outer join, and so binds only required parameters.
    pub(super) only_required: bool,
}

/// The literals of a condition.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// A list; empty where the values need arithmetic first, which is left to the planner and its checks.
    Listed(Vec<Value>),
    /// A range of integers, which is expanded only where the parameter is required.
    Range(Range),
}

impl Literal {
    /// The condition on a parameter column; `is_text` is whether the column's type is text.
    pub(super) fn binding(&self, column: Column, is_text: bool, is_scope: bool) -> Result<Expr> {
        let Values::Listed(values) = &self.values else { return self.on(column) };
        // All other values in the list are members, so the wildcard includes them.
        if is_scope && values.contains(&Value::Text(ALL_MEMBERS.to_owned())) {
            return Ok(all_members(column));
        }
        // A number for a text parameter is sent as its text, whatever the type of the field of that name.
        let one = |value: &Value| text(value).filter(|_| is_text).map(lit).or_else(|| literal(value));
        let literals: Option<Vec<Expr>> = values.iter().map(one).collect();
        match literals {
            Some(literals) if literals.is_empty() => self.on(column),
            Some(mut literals) if literals.len() == 1 => Ok(Expr::Column(column).eq(literals.remove(0))),
            Some(literals) => Ok(Expr::Column(column).in_list(literals, false)),
            None => self.on(column),
        }
    }

    /// The condition on another column.
    pub(super) fn on(&self, column: Column) -> Result<Expr> {
        let on = |expr| {
            Ok(match expr {
                Expr::Column(own) if own == self.origin => Transformed::yes(Expr::Column(column.clone())),
                other => Transformed::no(other),
            })
        };
        self.expr.clone().transform_up(on).data()
    }
}

impl Condition {
    pub(super) fn other(column: Column) -> Self {
        Self { column, kind: Kind::Other }
    }

    /// The condition below a node that merges rows.
    pub(super) fn grouped(&self) -> Self {
        match self.kind {
            Kind::Equation { paired, .. } => {
                Self { column: self.column.clone(), kind: Kind::Equation { paired, grouped: true } }
            }
            _ => self.clone(),
        }
    }

    /// The condition on the corresponding column further down.
    pub(super) fn on(&self, column: Column) -> Self {
        Self { column, kind: self.kind.clone() }
    }
}

impl Binder {
    /// The conditions on columns in a conjunct of WHERE, HAVING or ON, over rows of `schema`.
    pub(super) fn conditions(&self, conjunct: &Expr, schema: &DFSchemaRef) -> Vec<Condition> {
        let columns: Vec<Column> = conjunct.column_refs().into_iter().cloned().collect();
        if let [column] = columns.as_slice()
            && let Some(values) = self.values(conjunct, schema)
        {
            let (expr, origin) = (conjunct.clone(), column.clone());
            let literal = Literal { expr, origin, values, only_required: false };
            return vec![Condition { column: column.clone(), kind: Kind::Literal(literal) }];
        }
        let mut conditions: Vec<Condition> = equations(conjunct);
        let rest = columns.into_iter().filter(|column| !conditions.iter().any(|c| c.column == *column));
        let rest: Vec<Condition> = rest.map(Condition::other).collect();
        conditions.extend(rest);
        conditions.extend(correlated(conjunct).into_iter().map(Condition::other));
        conditions
    }

    fn values(&self, conjunct: &Expr, schema: &DFSchemaRef) -> Option<Values> {
        let read = |expr: &Expr| match (predicate(expr), range(expr)) {
            (Some(predicate), _) => Some(Values::Listed(predicate.values)),
            (None, Some(range)) => Some(Values::Range(range)),
            (None, None) => None,
        };
        let is_plain = |expr: &Expr| {
            let is_other = |e: &Expr| {
                matches!(
                    e,
                    Expr::Exists(_)
                        | Expr::InSubquery(_)
                        | Expr::ScalarSubquery(_)
                        | Expr::SetComparison(_)
                        | Expr::OuterReferenceColumn(..)
                        | Expr::Placeholder(_)
                )
            };
            !expr.exists(|e| Ok(is_other(e))).unwrap_or(true) && !expr.is_volatile()
        };
        let computes = |expr: &Expr| {
            expr.exists(|e| {
                Ok(matches!(e, Expr::BinaryExpr(b) if b.op.is_numerical_operators()) || matches!(e, Expr::Negative(_)))
            })
        };
        read(conjunct).or_else(|| {
            let values = is_plain(conjunct).then(|| read(&self.simplified(conjunct, schema)))??;
            Some(match values {
                Values::Listed(_) if computes(conjunct).unwrap_or(true) => Values::Listed(Vec::new()),
                values => values,
            })
        })
    }
}

fn literal(value: &Value) -> Option<Expr> {
    match value {
        Value::Text(text) => Some(lit(text.as_str())),
        Value::Integer(n) => Some(lit(*n)),
        Value::Number(n) => Some(lit(*n)),
        Value::Boolean(b) => Some(lit(*b)),
        Value::Null | Value::Json(_) => None,
    }
}

/// The columns that a conjunct equates with an expression over other relations.
fn equations(conjunct: &Expr) -> Vec<Condition> {
    let equation = |column: &Column, other: &Expr| {
        let is_own = other.column_refs().iter().any(|c| c.relation == column.relation);
        let paired = match other {
            Expr::Column(c) | Expr::OuterReferenceColumn(_, c) => c.name == column.name,
            _ => false,
        };
        let kind = if is_own { Kind::Other } else { Kind::Equation { paired, grouped: false } };
        Condition { column: column.clone(), kind }
    };
    match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let one = |side: &Expr, other: &Expr| match side {
                Expr::Column(column) => Some(equation(column, other)),
                _ => None,
            };
            one(left, right).into_iter().chain(one(right, left)).collect()
        }
        Expr::InSubquery(InSubquery { expr, negated: false, .. })
        | Expr::SetComparison(SetComparison { expr, op: Operator::Eq, quantifier: SetQuantifier::Any, .. }) => {
            match expr.as_ref() {
                Expr::Column(column) => {
                    vec![Condition { column: column.clone(), kind: Kind::Equation { paired: false, grouped: false } }]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The outer columns that the subqueries of a conjunct name, except for those equated with a column of the same name inside.
fn correlated(conjunct: &Expr) -> Vec<Column> {
    let mut columns = Vec::new();
    let _ = conjunct.apply(|expr| {
        let subquery = match expr {
            Expr::Exists(exists) => Some(&exists.subquery),
            Expr::InSubquery(inside) => Some(&inside.subquery),
            Expr::ScalarSubquery(subquery) => Some(subquery),
            Expr::SetComparison(comparison) => Some(&comparison.subquery),
            _ => None,
        };
        for outer in subquery.into_iter().flat_map(|s| s.outer_ref_columns.iter().map(move |outer| (s, outer))) {
            let (subquery, Expr::OuterReferenceColumn(_, column)) = outer else { continue };
            if !is_paired(&subquery.subquery, column) {
                columns.push(column.clone());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    columns
}

/// Whether a subquery equates an outer column with a column of the same name.
fn is_paired(subquery: &LogicalPlan, outer: &Column) -> bool {
    let is_pair = |conjunct: &Expr| {
        let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = conjunct else { return false };
        let pair = |inner: &Expr, around: &Expr| {
            matches!((inner, around), (Expr::Column(inner), Expr::OuterReferenceColumn(_, around))
                if around == outer && inner.name == outer.name)
        };
        pair(left, right) || pair(right, left)
    };
    let filters = subquery.exists(|plan| match plan {
        LogicalPlan::Filter(filter) => Ok(split_conjunction(&filter.predicate).into_iter().any(is_pair)),
        _ => Ok(false),
    });
    filters.unwrap_or(false)
}

/// Rewrites a conjunct by the resolutions of its conditions; `None` where a bound parameter has replaced it.
pub(super) fn rewritten(conjunct: Expr, conditions: &[Condition], resolutions: &[Resolution]) -> Result<Option<Expr>> {
    if resolutions.contains(&Resolution::Bound) {
        return Ok(None);
    }
    let resolved = || conditions.iter().zip(resolutions);
    let on_scope = resolved().filter(|(_, resolution)| **resolution == Resolution::OnScope);
    let on_scope: Vec<&Column> = on_scope.map(|(condition, _)| &condition.column).collect();
    let conjunct = match on_scope.is_empty() {
        true => conjunct,
        false => conjunct.transform_up(|expr| Ok(wildcards(expr, &on_scope))).data()?,
    };
    let of = |expr: &Expr| match expr {
        Expr::Column(column) => resolved().find(|(c, _)| c.column == *column).map_or(&Resolution::Filter, |(_, r)| r),
        _ => &Resolution::Filter,
    };
    Ok(Some(match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let (l, r) = (of(&left), of(&right));
            equated((*left, l), (*right, r))
        }
        Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => {
            let expr = Box::new(of(&expr).binding().unwrap_or(*expr));
            Expr::InSubquery(InSubquery { expr, subquery, negated: false })
        }
        Expr::SetComparison(comparison) if comparison.op == Operator::Eq => {
            let expr = Box::new(of(&comparison.expr).binding().unwrap_or(*comparison.expr));
            Expr::SetComparison(SetComparison { expr, ..comparison })
        }
        other => other,
    }))
}

impl Resolution {
    /// The parameter column of a field, where the condition on the field binds it.
    fn binding(&self) -> Option<Expr> {
        match self {
            Self::Parameter { column, by: BoundBy::Equation | BoundBy::Equations } => {
                Some(Expr::Column(column.clone()))
            }
            _ => None,
        }
    }

    /// The parameter column of a field, where another condition binds it.
    fn bound(&self) -> Option<Expr> {
        match self {
            Self::Parameter { column, by: BoundBy::Other } => Some(Expr::Column(column.clone())),
            _ => None,
        }
    }
}

/// Rewrites an equation by the resolutions of its sides.
///
/// An equation that binds a parameter is on the parameter column; the side that supplies the value remains a field. Where
/// another condition binds the parameter, the equation may mean the parameter or the field, whose spellings may differ, so
/// either match satisfies it.
fn equated((left, l): (Expr, &Resolution), (right, r): (Expr, &Resolution)) -> Expr {
    let is_shared =
        |resolution: &Resolution| matches!(resolution, Resolution::Parameter { by: BoundBy::Equations, .. });
    let binds = |resolution: &Resolution| matches!(resolution, Resolution::Binds | Resolution::OnScope);
    match (l.binding(), r.binding()) {
        // The value of a parameter that another equation also binds is supplied here by its field.
        (Some(l), Some(_)) if is_shared(r) => l.eq(right),
        (Some(_), Some(r)) if is_shared(l) => left.eq(r),
        (None, Some(_)) if is_shared(r) && binds(l) => left.eq(right),
        (Some(_), None) if is_shared(l) && binds(r) => left.eq(right),
        (None, None) if binds(l) || binds(r) => left.eq(right),
        (None, None) => match (l.bound(), r.bound()) {
            (None, None) => left.eq(right),
            (l, r) => {
                let on_parameters = l.unwrap_or_else(|| left.clone()).eq(r.unwrap_or_else(|| right.clone()));
                left.eq(right).or(on_parameters)
            }
        },
        (l, r) => l.unwrap_or(left).eq(r.unwrap_or(right)),
    }
}

/// Replaces `scope = '*'` by TRUE, anywhere in a condition, and its negation by FALSE.
fn wildcards(expr: Expr, scopes: &[&Column]) -> Transformed<Expr> {
    let is_scope = |expr: &Expr| matches!(expr, Expr::Column(column) if scopes.contains(&column));
    match &expr {
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Eq | Operator::NotEq), right })
            if (is_scope(left) && is_all(right)) || (is_all(left) && is_scope(right)) =>
        {
            Transformed::yes(lit(*op == Operator::Eq))
        }
        Expr::InList(InList { expr: of, list, negated }) if is_scope(of) && list.iter().any(is_all) => {
            Transformed::yes(lit(!negated))
        }
        _ => Transformed::no(expr),
    }
}
