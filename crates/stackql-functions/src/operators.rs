//! PostgreSQL's operators on JSON, and what happens where a text or a truth meets a number.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawWindowExpr};
use datafusion::logical_expr::{ExprSchemable, ScalarUDF};
use datafusion::prelude::{Expr, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::addend::addend;
use crate::computed::{Computed, computed};
use crate::function::Function;
use crate::value::{Type, Value};
use crate::{named, text};

/// Plans operators.
#[derive(Debug)]
pub(crate) struct Operators;

impl ExprPlanner for Operators {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        let is_text = |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| kind.is_string() || kind.is_null());
        let on_json = match op {
            BinaryOperator::Arrow => named("json_get"),
            BinaryOperator::LongArrow => named("json_get_text"),
            BinaryOperator::AtArrow if is_text(&left) => named("jsonb_contains"),
            _ => None,
        };
        if let Some(function) = on_json {
            let called = function.call(vec![left, right]);
            let is_test = op == BinaryOperator::AtArrow;
            return Ok(PlannerResult::Planned(if is_test { called.not_eq(lit(0_i64)) } else { called }));
        }
        if !is_comparison(&op) && !is_arithmetic(&op) {
            return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
        }
        let (left, right) = match (left.get_type(schema), right.get_type(schema)) {
            (Ok(a), Ok(b)) if op == BinaryOperator::Eq || op == BinaryOperator::NotEq => {
                let left = spelled(left, &right, &b);
                let right = spelled(right, &left, &a);
                let (a, b) = (left.get_type(schema)?, right.get_type(schema)?);
                (meeting(left, &a, &b, &op), meeting(right, &b, &a, &op))
            }
            (Ok(a), Ok(b)) if is_arithmetic(&op) => match computed(&op, (&left, &a), (&right, &b)) {
                Some(Computed::Instead(instead)) => return Ok(PlannerResult::Planned(instead)),
                Some(Computed::Sides(left, right)) => (left, right),
                None => (meeting(left, &a, &b, &op), meeting(right, &b, &a, &op)),
            },
            (Ok(a), Ok(b)) => (meeting(left, &a, &b, &op), meeting(right, &b, &a, &op)),
            _ => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_aggregate(&self, mut raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        if ["sum", "avg"].contains(&raw.func.name()) {
            raw.args = raw.args.into_iter().map(addend).collect();
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_window(&self, mut raw: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        if ["sum", "avg"].contains(&raw.func_def.name()) {
            raw.args = raw.args.into_iter().map(addend).collect();
        }
        Ok(PlannerResult::Original(raw))
    }

    fn plan_substring(&self, arguments: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(match named("substr") {
            Some(function) => PlannerResult::Planned(function.call(arguments)),
            None => PlannerResult::Original(arguments),
        })
    }
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Divide, Minus, Modulo, Multiply, Plus};
    matches!(op, Plus | Minus | Multiply | Divide | Modulo)
}

/// A whole number that a column of texts is compared with, as the text that says it, and what says a truth as the truth
/// beside a column of them: the column stays what it is, for it may be a parameter.
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

/// One side of an operator, as what it is beside the other side's type.
///
/// A text is the number that it holds, or NULL: the texts of JSON hold numbers, and a row in which there is none must
/// not end the statement. A column that is equal to another stays a column, which may be a parameter. A truth is 1 or
/// 0, and the texts of JSON have one, too.
fn meeting(side: Expr, own: &DataType, other: &DataType, op: &BinaryOperator) -> Expr {
    let is_equation = *op == BinaryOperator::Eq;
    let computes = !is_comparison(op);
    match (&side, own) {
        (_, DataType::Boolean) if other.is_numeric() || other.is_string() => cast(side, DataType::Int64),
        (_, kind) if kind.is_string() && *other == DataType::Boolean => truth().call(vec![side]),
        (_, kind) if kind.is_string() && computes && (other.is_numeric() || other.is_string()) => {
            number().call(vec![side])
        }
        (Expr::Literal(..), _) => side,
        (Expr::Column(_), kind) if kind.is_string() && is_equation => side,
        (_, kind) if kind.is_string() && other.is_integer() && is_equation => whole_number().call(vec![side]),
        (_, kind) if kind.is_string() && other.is_numeric() => number().call(vec![side]),
        _ => side,
    }
}

/// The truth that a text holds, as 1 or 0.
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

/// The number that a text holds.
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

/// The whole number that a text holds.
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
