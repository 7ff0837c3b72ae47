//! The scope wildcard `region = '*'` as a function call.
//!
//! The wildcard stands for all members of a scope and restricts nothing; another predicate on the same column, such as one
//! on a view, may restrict it. As an equation, DataFusion would find it in contradiction to that predicate and drop all
//! rows. The call of a function that the optimizer does not know avoids this.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{AsArray, BooleanArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Column;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::prelude::{Expr, lit};

use crate::call::scope::ALL_MEMBERS;

/// The predicate that stands for all members of a scope, on its parameter column: a call of [`ScopeWildcardUdf`], which
/// the optimizer treats as opaque.
pub(crate) fn all_members(column: Column) -> Expr {
    FUNCTION.call(vec![Expr::Column(column)])
}

/// Whether an expression is the literal `'*'`, the wildcard of scopes.
pub(crate) fn is_all(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(Some(text)), _) if text == ALL_MEMBERS)
}

/// The column of a scope wildcard predicate; `None` for any other expression.
pub(crate) fn column(expr: &Expr) -> Option<&Column> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.inner().is::<ScopeWildcardUdf>() => {
            match args.as_slice() {
                [Expr::Column(column)] => Some(column),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Replaces a call of [`ScopeWildcardUdf`] by the equation `column = '*'` that it stands for, for display.
pub(crate) fn to_equation(expr: Expr) -> Transformed<Expr> {
    match column(&expr) {
        Some(column) => Transformed::yes(Expr::Column(column.clone()).eq(lit(ALL_MEMBERS))),
        None => Transformed::no(expr),
    }
}

static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(ScopeWildcardUdf { signature }))
});

/// The function behind [`all_members`]: evaluated on rows, it compares the column with `'*'`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ScopeWildcardUdf {
    signature: Signature,
}

impl ScalarUDFImpl for ScopeWildcardUdf {
    fn name(&self) -> &'static str {
        "names_all"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = <[ColumnarValue; 1]>::try_from(args.args)
            .map_err(|_| datafusion::error::DataFusionError::Internal("names_all takes one value".to_owned()))?;
        let texts = value.cast_to(&DataType::Utf8, None)?.into_array(args.number_rows)?;
        let equal: BooleanArray =
            texts.as_string::<i32>().iter().map(|text| text.map(|text| text == ALL_MEMBERS)).collect();
        Ok(ColumnarValue::Array(Arc::new(equal)))
    }
}
