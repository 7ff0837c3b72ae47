//! [`Function`]: a scalar function by its name, number of arguments, return type and Rust function for one row.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{ScalarValue, plan_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::value::{Cells, Column, Type, Value};

/// Implements the equality that DataFusion requires of functions: those of the same name are equal.
macro_rules! known_by_name {
    ($called:ident, $what:ident) => {
        impl PartialEq for $called {
            fn eq(&self, other: &Self) -> bool {
                self.$what.name == other.$what.name
            }
        }

        impl Eq for $called {}

        impl std::hash::Hash for $called {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.$what.name.hash(state);
            }
        }
    };
}
pub(crate) use known_by_name;

/// Implements the methods for name, aliases and signature; the function accepts arguments of any type.
macro_rules! called_by_name {
    ($what:ident) => {
        fn name(&self) -> &str {
            self.$what.name
        }

        fn aliases(&self) -> &[String] {
            &self.other_names
        }

        fn signature(&self) -> &Signature {
            &self.signature
        }

        fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
            Ok(types.to_vec())
        }
    };
}
pub(crate) use called_by_name;

/// Computes the value of a function from the arguments of one row.
pub(crate) type Row = for<'a> fn(&[Value<'a>]) -> Result<Value<'a>, Error>;

/// A scalar function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) other_names: &'static [&'static str],
    /// The minimum and the maximum number of arguments.
    pub(crate) arguments: (usize, usize),
    pub(crate) returns: ReturnType,
    pub(crate) row: Row,
    /// The entry in the function reference.
    pub(crate) doc: FunctionDoc,
}

/// The entry of a function in the function reference.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDoc {
    /// How it is called, such as `abs(x)`.
    pub usage: &'static str,
    /// What it returns, in a phrase.
    pub says: &'static str,
    /// An example: an expression, or a SELECT.
    pub example: &'static str,
}

/// The type of a function's results.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ReturnType {
    Always(Type),
    /// The types of the arguments decide.
    ByArguments(fn(&[FieldRef]) -> Type),
}

/// The maximum number of arguments of a function that takes any number.
pub(crate) const ANY: usize = usize::MAX;

impl Function {
    pub(crate) const fn new(
        name: &'static str,
        arguments: (usize, usize),
        gives: Type,
        row: Row,
        entry: (&'static str, &'static str, &'static str),
    ) -> Self {
        let entry = FunctionDoc { usage: entry.0, says: entry.1, example: entry.2 };
        Self { name, other_names: &[], arguments, returns: ReturnType::Always(gives), row, doc: entry }
    }

    /// Adds aliases to the function.
    pub(crate) const fn also(self, other_names: &'static [&'static str]) -> Self {
        Self { other_names, ..self }
    }

    /// Makes the return type depend on the types of the arguments.
    pub(crate) const fn giving(self, gives: fn(&[FieldRef]) -> Type) -> Self {
        Self { returns: ReturnType::ByArguments(gives), ..self }
    }

    pub(crate) fn udf(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(RowFunction {
            function: self,
            other_names: self.other_names.iter().map(|name| (*name).to_owned()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }
}

/// Adapts a [`Function`] to DataFusion's scalar UDF.
#[derive(Debug)]
struct RowFunction {
    function: Function,
    other_names: Vec<String>,
    signature: Signature,
}

known_by_name!(RowFunction, function);

impl ScalarUDFImpl for RowFunction {
    called_by_name!(function);

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("{} is asked for its field", self.function.name)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        check_count(self.function.name, self.function.arguments, arguments.arg_fields.len())?;
        let kind = match self.function.returns {
            ReturnType::Always(kind) => kind,
            ReturnType::ByArguments(decide) => decide(arguments.arg_fields),
        };
        Ok(Arc::new(kind.field(self.function.name)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = match self.function.returns {
            ReturnType::Always(kind) => kind,
            ReturnType::ByArguments(decide) => decide(&arguments.arg_fields),
        };
        let mut cells = Cells::new(kind);
        let is_constant = rows(self.function.name, &arguments, |row| {
            let value = (self.function.row)(row)?;
            cells.push(&value);
            Ok(())
        })?;
        let array = cells.finish();
        match is_constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)),
            false => Ok(ColumnarValue::Array(array)),
        }
    }
}

/// Calls `each` for every row of a call. If all arguments are constants, it is called once and the result is true.
pub(crate) fn rows(
    name: &str,
    arguments: &ScalarFunctionArgs,
    mut each: impl FnMut(&[Value<'_>]) -> Result<(), Error>,
) -> Result<bool> {
    let columns =
        arguments.args.iter().zip(&arguments.arg_fields).map(|(cells, field)| Column::from_argument(cells, field));
    let columns: Vec<_> = columns.collect::<Result<_>>()?;
    let is_constant = arguments.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
    let mut row = Vec::with_capacity(columns.len());
    for index in 0..if is_constant { 1 } else { arguments.number_rows } {
        row.clear();
        row.extend(columns.iter().map(|column| column.get(index)));
        each(&row).map_err(|error| DataFusionError::Execution(format!("{name}(): {error}")))?;
    }
    Ok(is_constant)
}

/// Returns a plan error if a call has too few or too many arguments.
pub(crate) fn check_count(name: &str, (fewest, most): (usize, usize), given: usize) -> Result<()> {
    if (fewest..=most).contains(&given) {
        return Ok(());
    }
    let wanted = match (fewest, most) {
        (fewest, ANY) => format!("{fewest} or more"),
        (fewest, most) if fewest == most => fewest.to_string(),
        (fewest, most) => format!("{fewest} to {most}"),
    };
    let noun = if wanted == "1" { "argument" } else { "arguments" };
    plan_err!("{name}() takes {wanted} {noun}, not {given}")
}
