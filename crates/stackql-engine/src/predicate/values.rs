//! Recognizes predicates that restrict a column to listed values: `c = v`, `c IN (v, …)`, `c = v OR c = w`, `c`, `NOT c`.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator};
use stackql_call::Value;

use crate::call::scope::ALL_MEMBERS;
use crate::predicate::scope_wildcard;

/// A column and the values to which a predicate restricts it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predicate {
    pub(crate) column: String,
    pub(crate) values: Vec<Value>,
}

/// The column and values of `expr`, where it restricts one column to listed values.
pub(crate) fn predicate(expr: &Expr) -> Option<Predicate> {
    let one = |column: &str, value: Value| Some(Predicate { column: column.to_owned(), values: vec![value] });
    if let Some(column) = scope_wildcard::column(expr) {
        return one(&column.name, Value::Text(ALL_MEMBERS.to_owned()));
    }
    match expr {
        Expr::Column(c) => one(&c.name, Value::Boolean(true)),
        Expr::Not(inner) => match inner.as_ref() {
            Expr::Column(c) => one(&c.name, Value::Boolean(false)),
            _ => None,
        },
        Expr::BinaryExpr(b) if b.op == Operator::Eq => match (b.left.as_ref(), b.right.as_ref()) {
            (Expr::Column(c), Expr::Literal(v, _)) | (Expr::Literal(v, _), Expr::Column(c)) => one(&c.name, value(v)?),
            _ => None,
        },
        Expr::BinaryExpr(b) if b.op == Operator::Or => {
            let (mut left, right) = (predicate(&b.left)?, predicate(&b.right)?);
            if left.column != right.column {
                return None;
            }
            for value in right.values {
                if !left.values.contains(&value) {
                    left.values.push(value);
                }
            }
            Some(left)
        }
        Expr::InList(list) if !list.negated => {
            let Expr::Column(c) = list.expr.as_ref() else { return None };
            let mut values = Vec::new();
            for item in &list.list {
                let Expr::Literal(v, _) = item else { return None };
                let value = value(v)?;
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            Some(Predicate { column: c.name.clone(), values })
        }
        _ => None,
    }
}

/// A literal as a parameter value; `None` for NULL and for types that parameters do not have.
pub(crate) fn value(scalar: &ScalarValue) -> Option<Value> {
    match scalar {
        ScalarValue::Utf8(Some(s)) | ScalarValue::Utf8View(Some(s)) | ScalarValue::LargeUtf8(Some(s)) => {
            Some(Value::Text(s.clone()))
        }
        ScalarValue::Boolean(Some(b)) => Some(Value::Boolean(*b)),
        ScalarValue::Int8(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::Int16(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::Int32(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::Int64(Some(n)) => Some(Value::Integer(*n)),
        ScalarValue::UInt8(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::UInt16(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::UInt32(Some(n)) => Some(Value::Integer((*n).into())),
        ScalarValue::UInt64(Some(n)) => i64::try_from(*n).ok().map(Value::Integer),
        ScalarValue::Float32(Some(n)) => Some(Value::Number((*n).into())),
        ScalarValue::Float64(Some(n)) => Some(Value::Number(*n)),
        // The format of a parameter of type time.
        time if matches!(time.data_type(), DataType::Timestamp(..)) => match time.cast_to(&DataType::Utf8) {
            Ok(ScalarValue::Utf8(Some(text))) => Some(Value::Text(text)),
            _ => None,
        },
        _ => None,
    }
}

/// A value as the text of a named filter; `None` for NULL, fractional numbers and JSON.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(s) => Some(s.clone()),
        Value::Integer(n) => Some(n.to_string()),
        Value::Boolean(b) => Some(b.to_string()),
        Value::Null | Value::Number(_) | Value::Json(_) => None,
    }
}

#[cfg(test)]
mod tests;
