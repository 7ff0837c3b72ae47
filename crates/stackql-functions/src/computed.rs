//! Arithmetic with text operands, as in SQLite: a text that contains an integer is one, so that `'7' / 2` is 3 and `'7.5' / 2`
//! is 3.75. A text that contains no number is NULL.
//!
//! For constants and some functions, the planner knows which of both the text contains. For other texts it differs from row to
//! row, and the result column is Float64, with integral values where SQLite has integers.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::Error;
use crate::function::{Function, ReturnType};
use crate::operators::{number, whole_number};
use crate::value::{Type, Value};

/// The kind of an operand, as far as it is known at planning time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Whole,
    Real,
    /// It differs from row to row.
    Open,
}

/// The plan of an arithmetic operation with at least one text operand.
pub(crate) enum Computed {
    /// The operands cast to numbers; the operator stays.
    Sides(Expr, Expr),
    /// An expression that replaces the operation.
    Instead(Expr),
}

/// Plans an arithmetic operator for these operands; `None` if neither is a text, or one is neither text nor number.
pub(crate) fn computed(op: &BinaryOperator, left: (&Expr, &DataType), right: (&Expr, &DataType)) -> Option<Computed> {
    let (a, b) = (side(left.0, left.1)?, side(right.0, right.1)?);
    if !left.1.is_string() && !right.1.is_string() && a != Side::Open && b != Side::Open {
        return None;
    }
    let is_whole = *op == BinaryOperator::Modulo;
    let is_open = match (a, b) {
        (Side::Whole, Side::Whole) => false,
        (Side::Open, other) | (other, Side::Open) => is_whole || other != Side::Real,
        _ => is_whole,
    };
    Some(match is_open {
        true => Computed::Instead(by_row(op)?.udf().call(vec![within(left.0), within(right.0)])),
        false => Computed::Sides(as_number(left.0, left.1, a), as_number(right.0, right.1, b)),
    })
}

fn side(expr: &Expr, kind: &DataType) -> Option<Side> {
    Some(match (expr, kind) {
        (Expr::Literal(text, _), kind) if kind.is_string() => match constant(text)? {
            Value::Integer(_) => Side::Whole,
            Value::Real(_) => Side::Real,
            _ => Side::Open,
        },
        (Expr::ScalarFunction(function), _) if function.name() == "strftime" => match function.args.first() {
            Some(Expr::Literal(ScalarValue::Utf8(Some(format)), _)) if is_digits(format) => Side::Whole,
            _ => Side::Open,
        },
        (_, kind) if kind.is_string() => Side::Open,
        (Expr::ScalarFunction(function), _) if function.name().starts_with(BY_ROW) => Side::Open,
        (_, DataType::Null) => Side::Whole,
        (_, DataType::UInt64) => Side::Real,
        (_, kind) if kind.is_integer() => Side::Whole,
        (_, kind) if kind.is_numeric() => Side::Real,
        _ => return None,
    })
}

/// The prefix of the names of functions that replace operators.
const BY_ROW: &str = "text_";

/// An operand of such a function. Another such function is made to return text, which shows whether its result is an integer.
fn within(side: &Expr) -> Expr {
    match side {
        Expr::ScalarFunction(function) if function.name().starts_with(BY_ROW) => {
            let op = match function.name() {
                "text_plus" => BinaryOperator::Plus,
                "text_minus" => BinaryOperator::Minus,
                "text_times" => BinaryOperator::Multiply,
                "text_divided" => BinaryOperator::Divide,
                _ => BinaryOperator::Modulo,
            };
            let inner = by_row(&op).map(|function| Function { returns: ReturnType::Always(Type::Text), ..function });
            // Functions are equal if their names are, so the variant needs a name of its own.
            let named = |function: Function| Function { name: inner_name(function.name), ..function };
            inner.map_or_else(|| side.clone(), |inner| named(inner).udf().call(function.args.clone()))
        }
        _ => side.clone(),
    }
}

fn inner_name(name: &str) -> &'static str {
    match name {
        "text_plus" => "inner_plus",
        "text_minus" => "inner_minus",
        "text_times" => "inner_times",
        "text_divided" => "inner_divided",
        _ => "inner_modulo",
    }
}

/// The number in a constant text.
fn constant(text: &ScalarValue) -> Option<Value<'static>> {
    match text {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            Some(text.as_deref().map_or(Value::Null, held))
        }
        _ => None,
    }
}

/// Whether `strftime` with this format yields only digits, and at most as many as an integer can have.
fn is_digits(format: &str) -> bool {
    let mut characters = format.chars();
    let mut width = 0;
    while let Some(character) = characters.next() {
        width += match character {
            '%' => match characters.next() {
                Some('s') => 12,
                Some('Y' | 'G') => 4,
                Some('j') => 3,
                Some('m' | 'd' | 'H' | 'M' | 'S' | 'w' | 'u' | 'V' | 'U' | 'W') => 2,
                _ => return false,
            },
            '0'..='9' => 1,
            _ => return false,
        };
    }
    (1..=18).contains(&width)
}

/// Casts an operand to the number that it is known to be.
fn as_number(expr: &Expr, kind: &DataType, side: Side) -> Expr {
    match (expr, side) {
        _ if !kind.is_string() => expr.clone(),
        (Expr::Literal(text, _), _) => match constant(text) {
            Some(Value::Integer(whole)) => lit(whole),
            Some(Value::Real(real)) => lit(real),
            _ => number().call(vec![expr.clone()]),
        },
        (_, Side::Whole) => whole_number().call(vec![expr.clone()]),
        _ => number().call(vec![expr.clone()]),
    }
}

/// The number in a text, or NULL.
fn held(text: &str) -> Value<'static> {
    match text.trim().parse() {
        Ok(whole) => Value::Integer(whole),
        Err(_) => Value::text(text).as_number().map_or(Value::Null, Value::Real),
    }
}

fn by_row(op: &BinaryOperator) -> Option<Function> {
    const fn operator_function(name: &'static str, row: crate::function::Row, example: &'static str) -> Function {
        Function::new(name, (2, 2), Type::Real, row, (name, "the operator where a side is a text", example))
    }
    const PLUS: Function =
        operator_function("text_plus", |row| by(row, '+', i64::checked_add, |a, b| a + b), "text_plus('1', 2)");
    const MINUS: Function =
        operator_function("text_minus", |row| by(row, '-', i64::checked_sub, |a, b| a - b), "text_minus('1', 2)");
    const TIMES: Function =
        operator_function("text_times", |row| by(row, '*', i64::checked_mul, |a, b| a * b), "text_times('1', 2)");
    const DIVIDED: Function = operator_function("text_divided", divided, "text_divided('7', 2)");
    const MODULO: Function = operator_function("text_modulo", modulo, "text_modulo('7', 2)");
    Some(match op {
        BinaryOperator::Plus => PLUS,
        BinaryOperator::Minus => MINUS,
        BinaryOperator::Multiply => TIMES,
        BinaryOperator::Divide => DIVIDED,
        BinaryOperator::Modulo => MODULO,
        _ => return None,
    })
}

/// The number in a cell, or NULL.
fn cell(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Boolean(truth) => Value::Integer(i64::from(*truth)),
        Value::Integer(whole) => Value::Integer(*whole),
        Value::Real(real) => Value::Real(*real),
        Value::Text(text) | Value::Json(text) => held(text),
        Value::Null | Value::Blob(_) => Value::Null,
    }
}

fn by<'a>(
    row: &[Value<'_>],
    sign: char,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Value<'a>, Error> {
    Ok(match (cell(&row[0]), cell(&row[1])) {
        (Value::Integer(a), Value::Integer(b)) => exact(a, sign, b, whole(a, b))?,
        (a, b) => match (a.as_number(), b.as_number()) {
            (Some(a), Some(b)) => Value::Real(real(a, b)),
            _ => Value::Null,
        },
    })
}

fn divided<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    match (cell(&row[0]), cell(&row[1])) {
        (Value::Integer(_), Value::Integer(0)) => Err(Error::Arguments("divided by zero")),
        _ => by(row, '/', i64::checked_div, |a, b| a / b),
    }
}

/// The remainder of integer division; fractions are truncated first.
fn modulo<'a>(row: &[Value<'a>]) -> Result<Value<'a>, Error> {
    match (cell(&row[0]).as_integer_of_number(), cell(&row[1]).as_integer_of_number()) {
        (Some(_), Some(0)) => Err(Error::Arguments("divided by zero")),
        (Some(a), Some(b)) => exact(a, '%', b, Some(a.wrapping_rem(b))),
        _ => Ok(Value::Null),
    }
}

impl Value<'_> {
    fn as_integer_of_number(&self) -> Option<i64> {
        match self {
            Self::Null => None,
            number => number.as_integer(),
        }
    }
}

/// Checks that an integer result can be represented exactly as a float.
fn exact<'a>(a: i64, sign: char, b: i64, result: Option<i64>) -> Result<Value<'a>, Error> {
    let told = || format!("{a} {sign} {b}");
    let whole = result.ok_or_else(|| Error::Overflow(told()))?;
    match whole as f64 as i128 == i128::from(whole) {
        true => Ok(Value::Integer(whole)),
        false => Err(Error::Inexact(told())),
    }
}
