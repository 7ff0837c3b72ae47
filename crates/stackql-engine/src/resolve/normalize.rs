//! Rewrites SQL forms that the planner does not support: other names of types, collations, and positions of the select list
//! in ROLLUP, CUBE and GROUPING SETS.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArguments, GroupByExpr, Ident, Select, SelectItem,
    UnaryOperator, Value,
};
use stackql_functions::{call, is_comparison};

use crate::error::Error;

/// Rewrites a cast, a collation, or a comparison with a collation.
pub(crate) fn expression(expr: &mut Expr) -> Result<(), Error> {
    match expr {
        Expr::Cast { data_type, expr: value, .. } => match data_type {
            // Floating-point types are all DOUBLE, as in SQLite: a 4-byte float would lose digits.
            DataType::Real | DataType::Float4 | DataType::Float(_) => *data_type = DataType::DoublePrecision,
            DataType::JSON | DataType::JSONB => *expr = call("json", vec![value.as_ref().clone()]),
            _ => {}
        },
        Expr::Collate { .. } => *expr = without(expr.clone())?.0,
        Expr::BinaryOp { left, op, right } if is_comparison(op) => {
            let ((a, of_a), (b, of_b)) = (without(left.as_ref().clone())?, without(right.as_ref().clone())?);
            let Some(collation) = of_a.or(of_b) else { return Ok(()) };
            (**left, **right) = (collation.key(a), collation.key(b));
        }
        _ => {}
    }
    Ok(())
}

/// Casts the comparisons in a select list to integers, as in SQLite, where they are 1 and 0.
pub(crate) fn as_sqlite(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        if is_truth(expr) {
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(expr.clone()),
                data_type: DataType::BigInt(None),
                array: false,
                format: None,
            };
        }
    }
}

/// Replaces LIKE by the case-insensitive ILIKE.
pub(crate) fn overlook_case(like: &mut Expr) {
    if let Expr::Like { negated, any, expr, pattern, escape_char } = like {
        let placeholder = || Box::new(Expr::value(Value::Null));
        let (expr, pattern) = (std::mem::replace(expr, placeholder()), std::mem::replace(pattern, placeholder()));
        *like = Expr::ILike { negated: *negated, any: *any, expr, pattern, escape_char: escape_char.take() };
    }
}

/// Whether an expression is boolean whatever its operands are.
fn is_truth(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_truth(inner),
        Expr::BinaryOp { op, .. } => is_comparison(op) || matches!(op, BinaryOperator::And | BinaryOperator::Or),
        Expr::UnaryOp { op, .. } => *op == UnaryOperator::Not,
        Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::RLike { .. }
        | Expr::SimilarTo { .. }
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Exists { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..) => true,
        _ => false,
    }
}

/// A collation: how texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collation {
    Binary,
    NoCase,
    RTrim,
}

impl Collation {
    /// The expression whose bytes are compared in place of the text (collation key).
    fn key(self, text: Expr) -> Expr {
        match self {
            Self::Binary => text,
            Self::NoCase => call("lower", vec![text]),
            Self::RTrim => call("rtrim", vec![text]),
        }
    }
}

/// Splits off a collation: the collation key of the expression inside, and the collation.
fn without(expr: Expr) -> Result<(Expr, Option<Collation>), Error> {
    let Expr::Collate { expr, collation } = expr else { return Ok((expr, None)) };
    let name = collation.0.last().and_then(|part| part.as_ident()).map(|name| name.value.clone()).unwrap_or_default();
    let collation = match name.to_ascii_uppercase().as_str() {
        "NOCASE" => Collation::NoCase,
        "BINARY" | "C" | "POSIX" | "DEFAULT" => Collation::Binary,
        "RTRIM" => Collation::RTrim,
        _ => {
            return Err(Error::InvalidStatement {
                message: format!("there is no collation {name}; there are NOCASE, BINARY and RTRIM"),
                hint: None,
            });
        }
    };
    let (inner, _) = without(*expr)?;
    Ok((collation.key(inner), Some(collation)))
}

/// The name of a function call without parentheses.
pub(crate) fn word(function: &Function) -> Option<Ident> {
    match function.name.0.as_slice() {
        [part] if function.args == FunctionArguments::None => part.as_ident().cloned(),
        _ => None,
    }
}

/// Replaces positions of the select list by their expressions, in ROLLUP, CUBE and GROUPING SETS.
pub(crate) fn places(select: &mut Select) {
    let Select { projection, group_by: GroupByExpr::Expressions(keys, _), .. } = select else { return };
    let item = |key: &Expr| {
        let Expr::Value(value) = key else { return None };
        let Value::Number(place, _) = &value.value else { return None };
        match projection.get(place.to_string().parse::<usize>().ok()?.checked_sub(1)?)? {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr.clone()),
            _ => None,
        }
    };
    for key in keys {
        let (Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets)) = key else { continue };
        for key in sets.iter_mut().flatten() {
            if let Some(expr) = item(key) {
                *key = expr;
            }
        }
    }
}
