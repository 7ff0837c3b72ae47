//! Reads conditions, and rewrites them once their fate is known.

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, Result, ScalarValue};
use datafusion::logical_expr::expr::{InList, InSubquery, SetComparison, SetQuantifier};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, Operator};
use datafusion::prelude::lit;
use stackql_call::Value;

use super::{Binder, Fate};
use crate::predicate::{Range, predicate, range};
use crate::scope::ALL;

/// A condition on one column, on its way down a plan.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// The column, as the plan calls it at which the condition has arrived.
    pub(super) column: Column,
    pub(super) kind: Kind,
}

/// What a condition says of its column.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a statement has a few of them, and most are literals")]
pub(super) enum Kind {
    /// It is one of some literals.
    Literal(Literal),
    /// It is equal to an expression of other relations. Two scopes that are equal to each other are `paired`: that says
    /// of none of them what it is. Below a node that makes one row of several, such as DISTINCT, it is `grouped`: another
    /// column would tell rows apart that are one.
    Equation { paired: bool, grouped: bool },
    /// Anything else.
    Other,
}

/// A condition that fixes a column to literals.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    pub(super) expr: Expr,
    /// The column, as `expr` calls it.
    pub(super) origin: Column,
    pub(super) values: Values,
    /// It does not leave rows out, such as in ON of an outer join, and binds only what is required.
    pub(super) only_required: bool,
}

/// The literals of a condition.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// They are listed; none where they have to be computed first, which only the planner does with all checks.
    Listed(Vec<Value>),
    /// They are a range of whole numbers, which is taken apart only where the number is required.
    Range(Range),
}

impl Literal {
    /// The condition as what binds a parameter column.
    pub(super) fn binding(&self, column: Column) -> Result<Expr> {
        let Values::Listed(values) = &self.values else { return self.on(column) };
        let literals: Option<Vec<Expr>> = values.iter().map(literal).collect();
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

    /// The same below a node that makes one row of several.
    pub(super) fn grouped(&self) -> Self {
        match self.kind {
            Kind::Equation { paired, .. } => {
                Self { column: self.column.clone(), kind: Kind::Equation { paired, grouped: true } }
            }
            _ => self.clone(),
        }
    }

    /// The same on a column that it stands for further down.
    pub(super) fn on(&self, column: Column) -> Self {
        Self { column, kind: self.kind.clone() }
    }
}

impl Binder {
    /// The conditions on columns that a conjunct of WHERE, HAVING or ON is, over rows of `schema`.
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

/// The columns that a conjunct says to be equal to something of other relations.
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

/// The columns around a conjunct that its subqueries name, but for those that are equal to a column of the same name in
/// there.
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

/// Whether a subquery says no more of an outer column than that it is equal to one of the same name.
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

/// What a conjunct is, once the fate of its conditions is known; `None` where it holds by now.
pub(super) fn rewritten(conjunct: Expr, conditions: &[Condition], fates: &[Fate]) -> Result<Option<Expr>> {
    if fates.contains(&Fate::Bound) {
        return Ok(None);
    }
    let on_scope: Vec<&Column> =
        conditions.iter().zip(fates).filter(|(_, fate)| **fate == Fate::OnScope).map(|(c, _)| &c.column).collect();
    if !on_scope.is_empty() {
        return conjunct.transform_up(|expr| Ok(wildcards(expr, &on_scope))).data().map(Some);
    }
    // An equation by which a parameter column is bound has to stay one.
    if fates.contains(&Fate::Binds) && !fates.iter().any(|fate| matches!(fate, Fate::Parameter { needed: true, .. })) {
        return Ok(Some(conjunct));
    }
    let of = |column: &Column| {
        let mut found = conditions.iter().zip(fates).filter(|(c, _)| c.column == *column);
        found.find_map(|(_, fate)| match fate {
            Fate::Parameter { column, needed } => Some((Expr::Column(column.clone()), *needed)),
            _ => None,
        })
    };
    Ok(Some(match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => equated(*left, *right, of),
        Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => {
            let expr = Box::new(needed(*expr, of));
            Expr::InSubquery(InSubquery { expr, subquery, negated: false })
        }
        Expr::SetComparison(comparison) if comparison.op == Operator::Eq => {
            let expr = Box::new(needed(*comparison.expr, of));
            Expr::SetComparison(SetComparison { expr, ..comparison })
        }
        other => other,
    }))
}

/// The parameter column in the place of a field's, where the condition is what binds it.
fn needed(expr: Expr, of: impl Fn(&Column) -> Option<(Expr, bool)>) -> Expr {
    match &expr {
        Expr::Column(column) => of(column).filter(|(_, needed)| *needed).map_or(expr, |(parameter, _)| parameter),
        _ => expr,
    }
}

/// An equation that says what a parameter is is on the parameter. Where another condition says that, it may speak of the
/// parameter or of the field, whose forms may differ: either will do.
fn equated(left: Expr, right: Expr, of: impl Fn(&Column) -> Option<(Expr, bool)>) -> Expr {
    let parameter = |side: &Expr| match side {
        Expr::Column(column) => of(column),
        _ => None,
    };
    let (l, r) = (parameter(&left), parameter(&right));
    let or_itself =
        |found: &Option<(Expr, bool)>, side: &Expr| found.as_ref().map_or_else(|| side.clone(), |f| f.0.clone());
    let is_needed = |found: &Option<(Expr, bool)>| found.as_ref().is_some_and(|f| f.1);
    match (is_needed(&l), is_needed(&r)) {
        // What gives the value is a field as rows have it.
        (true, false) => or_itself(&l, &left).eq(right),
        (false, true) => left.eq(or_itself(&r, &right)),
        (true, true) => or_itself(&l, &left).eq(or_itself(&r, &right)),
        (false, false) if l.is_none() && r.is_none() => left.eq(right),
        (false, false) => {
            let on_parameters = or_itself(&l, &left).eq(or_itself(&r, &right));
            left.eq(right).or(on_parameters)
        }
    }
}

/// `scope = '*'` holds for all members, wherever it stands.
fn wildcards(expr: Expr, scopes: &[&Column]) -> Transformed<Expr> {
    let is_scope = |expr: &Expr| matches!(expr, Expr::Column(column) if scopes.contains(&column));
    let is_all = |expr: &Expr| matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(text)), _) if text == ALL);
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
