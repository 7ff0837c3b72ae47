//! Checked arithmetic on integers, decimals and intervals: an overflow is an error, where DataFusion would wrap around.
//!
//! DataFusion has checked arithmetic, but its planner never requests it, and its constant folding would not apply it. So, once
//! the types are known, this rule replaces each operator by a function, which keeps the operator's name in result columns.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::compute::kernels::numeric::{add, div, mul, neg, rem, sub};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::binary::BinaryTypeCoercer;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use datafusion::prelude::Expr;

use crate::expressions::rewritten;

/// The analyzer rule that replaces operators by [`CheckedArithmeticUdf`]; it runs after type coercion.
#[derive(Debug)]
pub(crate) struct CheckedArithmeticRule;

impl AnalyzerRule for CheckedArithmeticRule {
    fn name(&self) -> &'static str {
        "arithmetic_checked"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| rewritten(plan, |expr, schema| Ok(checked(expr, schema)))).data()
    }
}

fn checked(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let is_counted = |expr: &Expr| expr.get_type(schema).is_ok_and(|kind| is_counted(&kind));
    match expr {
        Expr::BinaryExpr(BinaryExpr { op, .. }) if !is_arithmetic(op) => Transformed::no(expr),
        // The difference of two dates is an integer, but its operands are not, so the operand types decide.
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_counted(&left) && is_counted(&right) => {
            let text = short(&Expr::BinaryExpr(BinaryExpr::new(left.clone(), op, right.clone())));
            Transformed::yes(arithmetic(Operation::Binary(op), text).call(vec![*left, *right]))
        }
        Expr::Negative(of) if is_counted(&of) => {
            let text = short(&Expr::Negative(of.clone()));
            Transformed::yes(arithmetic(Operation::Negate, text).call(vec![*of]))
        }
        other => Transformed::no(other),
    }
}

fn is_arithmetic(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo)
}

/// Whether values of the type are integers inside. DataFusion itself checks times and durations.
fn is_counted(kind: &DataType) -> bool {
    kind.is_integer() || kind.is_decimal() || matches!(kind, DataType::Interval(_))
}

/// An expression for an error message, cut to 80 characters.
fn short(expr: &Expr) -> String {
    const LONGEST: usize = 80;
    let text = expr.human_display().to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn arithmetic(computed: Operation, text: String) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(CheckedArithmeticUdf { computed, text, signature })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Binary(Operator),
    Negate,
}

#[derive(Debug)]
struct CheckedArithmeticUdf {
    computed: Operation,
    /// The expression, for the error message.
    text: String,
    signature: Signature,
}

impl PartialEq for CheckedArithmeticUdf {
    fn eq(&self, other: &Self) -> bool {
        self.computed == other.computed
    }
}

impl Eq for CheckedArithmeticUdf {}

impl Hash for CheckedArithmeticUdf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.computed.hash(state);
    }
}

impl CheckedArithmeticUdf {
    /// The operator expression that the function replaces.
    fn plain(&self, arguments: &[Expr]) -> Result<Expr> {
        match (self.computed, arguments) {
            (Operation::Binary(op), [left, right]) => {
                Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left.clone()), op, Box::new(right.clone()))))
            }
            (Operation::Negate, [of]) => Ok(Expr::Negative(Box::new(of.clone()))),
            _ => plan_err!("{} takes other arguments", self.name()),
        }
    }

    fn overflow(&self, kind: &DataType, values: &str) -> DataFusionError {
        let what = if kind.is_integer() { "integer overflow" } else { "overflow" };
        // With constant operands, the expression already shows the values.
        let values = match values == self.text || self.computed == Operation::Negate {
            true => String::new(),
            false => format!(": {values}"),
        };
        let advice = if kind.is_numeric() { "; cast to DOUBLE" } else { "" };
        DataFusionError::Execution(format!("{what} in {}{values}{advice}", self.text))
    }
}

impl ScalarUDFImpl for CheckedArithmeticUdf {
    fn name(&self) -> &str {
        match self.computed {
            Operation::Negate => "negative",
            Operation::Binary(Operator::Plus) => "plus",
            Operation::Binary(Operator::Minus) => "minus",
            Operation::Binary(Operator::Multiply) => "times",
            Operation::Binary(Operator::Divide) => "divided",
            Operation::Binary(_) => "modulo",
        }
    }

    /// Result columns keep the name that the operator gives them.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(self.plain(arguments)?.schema_name().to_string())
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        Ok(self.plain(arguments)?.to_string())
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.computed, types) {
            (Operation::Binary(op), [left, right]) => BinaryTypeCoercer::new(left, &op, right).get_result_type(),
            (Operation::Negate, [of]) => Ok(of.clone()),
            _ => plan_err!("{} takes other arguments", self.name()),
        }
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = arguments.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let is_nullable = arguments.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, is_nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let result = match (self.computed, arguments.args.as_slice()) {
            (Operation::Binary(Operator::Plus), [left, right]) => apply(left, right, add),
            (Operation::Binary(Operator::Minus), [left, right]) => apply(left, right, sub),
            (Operation::Binary(Operator::Multiply), [left, right]) => apply(left, right, mul),
            (Operation::Binary(Operator::Divide), [left, right]) => apply(left, right, div),
            (Operation::Binary(_), [left, right]) => apply(left, right, rem),
            (Operation::Negate, [ColumnarValue::Array(of)]) => {
                neg(of.as_ref()).map(ColumnarValue::Array).map_err(DataFusionError::from)
            }
            (Operation::Negate, [ColumnarValue::Scalar(of)]) => {
                let negated = neg(of.to_array_of_size(1)?.as_ref()).map_err(DataFusionError::from);
                negated.and_then(|one| ScalarValue::try_from_array(&one, 0)).map(ColumnarValue::Scalar)
            }
            _ => return plan_err!("{} takes other arguments", self.name()),
        };
        result.map_err(|error| match &error {
            DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
                ArrowError::ArithmeticOverflow(message) => {
                    let values = message.rsplit_once("on: ").map_or(message.as_str(), |(_, values)| values);
                    self.overflow(arguments.return_field.data_type(), values)
                }
                _ => error,
            },
            _ => error,
        })
    }
}
