//! Evaluates constant expressions in statements that change something: `SET a = lower('X')`, `WHERE id = 'v' || 1`.

use std::ops::ControlFlow;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{Expr, Query as SqlQuery, Value as SqlValue, Visit, Visitor};
use stackql_call::Value;
use stackql_functions::{FORMAT_KEY, JSON, TEXT, call};
use stackql_sql::{Query, Statement, parse};

use crate::error::Error;
use crate::predicate::values;

/// Whether an expression has no columns outside of its subqueries.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    struct Columns(usize);
    impl Visitor for Columns {
        type Break = ();

        fn pre_visit_query(&mut self, _: &SqlQuery) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_query(&mut self, _: &SqlQuery) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) if self.0 == 0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Columns(0)).is_continue()
}

/// The query that evaluates an expression.
pub(crate) fn query(expr: &Expr) -> Result<Query, Error> {
    match parse(&format!("SELECT {expr}")) {
        Ok(Statement::Query(query)) => Ok(query),
        _ => Err(Error::invalid(format!("cannot be evaluated: {expr}"))),
    }
}

/// The literal for the value of a one-row query; `None` where there is no row or the type has no literal.
pub(crate) fn value(batches: &[RecordBatch]) -> Result<Option<Expr>, DataFusionError> {
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let scalar = ScalarValue::try_from_array(batch.column(0), 0)?;
    let format = batch.schema_ref().field(0).metadata().get(FORMAT_KEY).map(String::as_str);
    let value = match values::value(&scalar) {
        None if scalar.is_null() => SqlValue::Null,
        None => return Ok(None),
        Some(Value::Text(text)) => SqlValue::SingleQuotedString(text),
        Some(Value::Integer(number)) => SqlValue::Number(number.to_string(), false),
        Some(Value::Number(number)) => SqlValue::Number(format!("{number:?}"), false),
        Some(Value::Boolean(truth)) => SqlValue::Boolean(truth),
        Some(_) => return Ok(None),
    };
    let literal = Expr::value(value);
    Ok(Some(match format {
        Some(format) if format == JSON && !scalar.is_null() => call("json", vec![literal]),
        Some(format) if format == TEXT && !scalar.is_null() => call("string", vec![literal]),
        _ => literal,
    }))
}
