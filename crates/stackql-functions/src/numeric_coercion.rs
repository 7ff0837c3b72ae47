//! Coerces the argument of `sum` and `avg`: a number stays, a text becomes the number that it contains, a boolean 1 or 0.
//!
//! The type of the column decides, and the planner of aggregates does not have it. So it wraps the argument in a function,
//! which the simplifier replaces when the types are known.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::{Expr, cast};

use crate::operators::number;

/// Wraps the argument of an aggregate that adds numbers.
pub(crate) fn coerce_numeric_udf(expr: Expr) -> Expr {
    ScalarUDF::new_from_impl(NumericCoercionUdf { signature: Signature::any(1, Volatility::Immutable) })
        .call(vec![expr])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct NumericCoercionUdf {
    signature: Signature,
}

impl ScalarUDFImpl for NumericCoercionUdf {
    fn name(&self) -> &'static str {
        "addend"
    }

    /// Result columns keep the name that they have without the wrapper.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(arguments.iter().map(|argument| argument.schema_name().to_string()).collect())
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        self.schema_name(arguments)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match types {
            [DataType::Boolean] => DataType::Int64,
            [kind] if kind.is_string() => DataType::Float64,
            [kind, ..] => kind.clone(),
            [] => DataType::Null,
        })
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new("addend", self.return_type(&types)?, true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.into_iter().next() {
            Some(value) => value.cast_to(arguments.return_field.data_type(), None),
            None => exec_err!("there is nothing to add up"),
        }
    }

    fn simplify(&self, mut arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(argument) = arguments.pop() else { return Ok(ExprSimplifyResult::Original(arguments)) };
        Ok(ExprSimplifyResult::Simplified(match info.get_data_type(&argument)? {
            DataType::Boolean => cast(argument, DataType::Int64),
            kind if kind.is_string() => number().call(vec![argument]),
            _ => argument,
        }))
    }
}
