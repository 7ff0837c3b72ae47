//! What is added up: a number as it is, of a text the number that it holds, of a truth 1 or 0.
//!
//! Only a column's type says which, and what plans aggregates does not know it; so a function stands around the column,
//! which goes away when the types are known.

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

/// An expression as something that can be added up.
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

    /// Columns are called as if it were not there.
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
