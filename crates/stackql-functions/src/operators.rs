//! Plans PostgreSQL's JSON operators, and coerces the operands where a text or a boolean meets a number.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawWindowExpr};
use datafusion::logical_expr::{ExprSchemable, ScalarUDF};
use datafusion::prelude::{Expr, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::computed::{Computed, computed};
use crate::function::Function;
use crate::numeric_coercion::coerce_numeric_udf;
use crate::value::{Type, Value};
use crate::{scalar_function, text};

/// The expression planner for operators, `sum`, `avg` and `substring`.
#[derive(Debug)]
pub(crate) struct SqliteExprPlanner;

impl ExprPlanner for SqliteExprPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let is_text = |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| kind.is_string() || kind.is_null());
        let on_json = match op {
            BinaryOperator::Arrow => scalar_function("json_get"),
            BinaryOperator::LongArrow => scalar_function("json_get_text"),
            BinaryOperator::AtArrow if is_text(&left) => scalar_function("jsonb_contains"),
            _ => None,
        };
        if let Some(function) = on_json {
            let called = function.call(vec![left, right]);
            let is_test = op == BinaryOperator::AtArrow;
            return Ok(PlannerResult::Planned(if is_test { called.not_eq(lit(0_i64)) } else { called }));
        }
        if op == BinaryOperator::StringConcat {
            let part = |side: Expr| match side.get_type(schema) {
                Ok(kind) if kind == DataType::Boolean || kind.is_numeric() => cast(side, DataType::Utf8),
                _ => side,
            };
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left: part(left), right: part(right) }));
        }
        if is_arithmetic(&op)
            && let (Ok(a), Ok(b)) = (left.get_type(schema), right.get_type(schema))
        {
            match computed(&op, (&left, &a), (&right, &b)) {
                Some(Computed::Instead(instead)) => return Ok(PlannerResult::Planned(instead)),
                Some(Computed::Sides(left, right)) => {
                    return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
                }
                None => {}
            }
        }
        let (left, right) = sides(&op, left, right, schema);
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_aggregate(&self, mut raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        if ["sum", "avg"].contains(&raw.func.name()) {
            raw.args = raw.args.into_iter().map(coerce_numeric_udf).collect();
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_window(&self, mut raw: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        if ["sum", "avg"].contains(&raw.func_def.name()) {
            raw.args = raw.args.into_iter().map(coerce_numeric_udf).collect();
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_substring(&self, arguments: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(match scalar_function("substr") {
            Some(function) => PlannerResult::Planned(function.call(arguments)),
            None => PlannerResult::Original(arguments),
        })
    }
}

/// Whether an operator compares two values: `=`, `<>`, `<`, `<=`, `>` or `>=`.
pub fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
    matches!(op, Plus | Minus | Multiply | Divide | Modulo)
}

/// The operands of a comparison or of arithmetic, each coerced to the type of the other.
pub(crate) fn sides(op: &BinaryOperator, left: Expr, right: Expr, schema: &DFSchema) -> (Expr, Expr) {
    if !is_comparison(op) && !is_arithmetic(op) {
        return (left, right);
    }
    let (Ok(mut a), Ok(mut b)) = (left.get_type(schema), right.get_type(schema)) else { return (left, right) };
    let (mut left, mut right) = (left, right);
    if matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) {
        left = spelled(left, &right, &b);
        right = spelled(right, &left, &a);
        a = left.get_type(schema).unwrap_or(a);
        b = right.get_type(schema).unwrap_or(b);
    }
    let (no_time, no_time_either) = (says_no_time(&right, &a), says_no_time(&left, &b));
    let left = if no_time { cast(left, DataType::Utf8) } else { meeting(left, &a, &b, op) };
    let right = if no_time_either { cast(right, DataType::Utf8) } else { meeting(right, &b, &a, op) };
    (left, right)
}

/// Whether a constant text cannot be cast to the time that it is compared with, such as the month `2026-01`. Both are compared
/// as texts then.
fn says_no_time(side: &Expr, other: &DataType) -> bool {
    match side {
        Expr::Literal(value, _) if matches!(other, DataType::Timestamp(..)) && value.data_type().is_string() => {
            !value.is_null() && value.cast_to(other).is_err()
        }
        _ => false,
    }
}

/// Rewrites a constant that is compared with a column: an integer becomes text for a text column, and `1`, `0`, `true` and
/// `false` become a boolean for a boolean column. The column itself is not cast, because it may be a request parameter.
pub(crate) fn spelled(side: Expr, other: &Expr, kind: &DataType) -> Expr {
    match (&side, other) {
        (Expr::Literal(value, None), Expr::Column(_)) if *kind == DataType::Boolean => {
            match value.to_string().to_ascii_lowercase().as_str() {
                "1" | "true" => lit(true),
                "0" | "false" => lit(false),
                _ => side,
            }
        }
        (Expr::Literal(value, None), Expr::Column(_)) if kind.is_string() && value.data_type().is_integer() => {
            lit(value.to_string())
        }
        _ => side,
    }
}

/// Coerces one operand to the type of the other one.
///
/// A text becomes the number that it contains, or NULL, because texts from JSON often contain numbers, and a row without one
/// must not fail the statement. A column in an equation is not cast, because it may be a request parameter. A boolean, also
/// as text from JSON, becomes 1 or 0.
fn meeting(side: Expr, own: &DataType, other: &DataType, op: &BinaryOperator) -> Expr {
    let is_equation = *op == BinaryOperator::Eq;
    let computes = !is_comparison(op);
    match (&side, own) {
        (_, DataType::Boolean) if other.is_numeric() || other.is_string() => cast(side, DataType::Int64),
        (_, kind) if kind.is_string() && *other == DataType::Boolean => truth().call(vec![side]),
        (_, kind) if kind.is_string() && computes && (other.is_numeric() || other.is_string()) => {
            number().call(vec![side])
        }
        (Expr::Literal(value, _), kind) if kind.is_string() && other.is_numeric() => constant(value),
        (Expr::Literal(..), _) => side,
        (Expr::Column(_), kind) if kind.is_string() && is_equation && !other.is_floating() => side,
        (_, kind) if kind.is_string() && other.is_integer() && is_equation => whole_number().call(vec![side]),
        (_, kind) if kind.is_string() && other.is_numeric() => number().call(vec![side]),
        _ => side,
    }
}

/// The number in a constant text, or a NULL float.
fn constant(text: &ScalarValue) -> Expr {
    let text = text.try_as_str().flatten().unwrap_or_default();
    match (text::whole(text), Value::text(text).as_number()) {
        (Some(whole), _) => lit(whole),
        (None, Some(number)) => lit(number),
        (None, None) => lit(ScalarValue::Float64(None)),
    }
}

/// The operand of an `as_condition` call, which [`condition`](crate::rewrite) inserts.
pub(crate) fn truth_of(side: &Expr) -> Option<&Expr> {
    match side {
        Expr::ScalarFunction(function) if function.name() == CONDITION.name => function.args.first(),
        _ => None,
    }
}

/// Converts a value to a condition: 1 or 0, or NULL if it is neither a boolean nor a number.
pub(crate) const CONDITION: Function = Function::new(
    "as_condition",
    (1, 1),
    Type::Answer,
    |row| {
        Ok(match (&row[0], row[0].as_text().as_deref().map(str::trim)) {
            (Value::Text(_) | Value::Json(_), Some(text)) if text.eq_ignore_ascii_case("true") => Value::Integer(1),
            (Value::Text(_) | Value::Json(_), Some(text)) if text.eq_ignore_ascii_case("false") => Value::Integer(0),
            (value, _) => value.as_number().map_or(Value::Null, |number| Value::Integer(i64::from(number != 0.0))),
        })
    },
    (
        "as_condition(x)",
        "1 or 0 for what is true or false, a number or a text that holds one, else NULL",
        "as_condition('7')",
    ),
);

/// Converts a text with a boolean to 1 or 0, any other to NULL.
fn truth() -> ScalarUDF {
    const TRUTH: Function = Function::new(
        "as_truth",
        (1, 1),
        Type::Integer,
        |row| {
            Ok(match row[0].as_text().as_deref().map(str::trim) {
                Some(text) if text == "1" || text.eq_ignore_ascii_case("true") => Value::Integer(1),
                Some(text) if text == "0" || text.eq_ignore_ascii_case("false") => Value::Integer(0),
                _ => Value::Null,
            })
        },
        ("as_truth(x)", "1 or 0 for a text that is true or false, or NULL", "as_truth('true')"),
    );
    TRUTH.udf()
}

/// Converts a text to the float that it contains, or NULL.
pub(crate) fn number() -> ScalarUDF {
    const NUMBER: Function = Function::new(
        "as_number",
        (1, 1),
        Type::Real,
        |row| Ok(row[0].as_number().map_or(Value::Null, Value::Real)),
        ("as_number(x)", "the number that a text holds, or NULL", "as_number('7.5')"),
    );
    NUMBER.udf()
}

/// Converts a text to the integer that it contains, or NULL.
pub(crate) fn whole_number() -> ScalarUDF {
    const WHOLE: Function = Function::new(
        "as_whole_number",
        (1, 1),
        Type::Integer,
        |row| Ok(row[0].as_text().and_then(|text| text::whole(&text)).map_or(Value::Null, Value::Integer)),
        ("as_whole_number(x)", "the whole number that a text holds, or NULL", "as_whole_number('7.0')"),
    );
    WHOLE.udf()
}
