//! Variants of DataFusion functions that accept arguments of mixed types at planning time, where the functions themselves would
//! reject them. [`CoercionRule`](crate::coercion) replaces each by the function itself, with coerced arguments.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::coercion::common;

/// The functions whose first argument is text.
const OF_TEXT: [&str; 14] = [
    "upper", "lower", "initcap", "reverse", "left", "right", "lpad", "rpad", "repeat", "ascii", "md5", "sha224",
    "sha256", "sha512",
];

/// The functions whose arguments are all text.
const OF_TEXTS: [&str; 7] = ["btrim", "ltrim", "rtrim", "strpos", "translate", "starts_with", "ends_with"];

/// How the arguments of a function are coerced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Agreement {
    /// The first becomes text.
    Text,
    /// All become text.
    Texts,
    /// All become one type, which is also that of the result.
    Same,
    /// Both are compared, and the first is the result.
    Compared,
}

impl Agreement {
    fn for_function(name: &str) -> Option<Self> {
        match name {
            "coalesce" => Some(Self::Same),
            "nullif" => Some(Self::Compared),
            name if OF_TEXTS.contains(&name) => Some(Self::Texts),
            name => OF_TEXT.contains(&name).then_some(Self::Text),
        }
    }
}

/// A function that accepts arguments of any type at planning time.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct LenientUdf {
    pub(crate) function: Arc<ScalarUDF>,
    pub(crate) agreement: Agreement,
    signature: Signature,
}

/// The lenient variant of a function; `None` if it has none.
pub(crate) fn lenient(function: &Arc<ScalarUDF>) -> Option<ScalarUDF> {
    let agreement = Agreement::for_function(function.name())?;
    let signature = Signature::user_defined(Volatility::Immutable);
    Some(ScalarUDF::new_from_impl(LenientUdf { function: Arc::clone(function), agreement, signature }))
}

/// The lenient variant that a function is, if it is one.
pub(crate) fn inside(function: &ScalarUDF) -> Option<&LenientUdf> {
    (function.inner().as_ref() as &dyn Any).downcast_ref()
}

impl LenientUdf {
    /// The fields of the arguments after coercion.
    fn agreed(&self, fields: &[FieldRef]) -> Vec<FieldRef> {
        let as_kind = |field: &FieldRef, kind: &DataType| match field.data_type().is_null() || field.data_type() == kind
        {
            true => Arc::clone(field),
            false => Arc::new(Field::new(field.name(), kind.clone(), field.is_nullable())),
        };
        let text = |field: &FieldRef| match field.data_type().is_string() {
            true => Arc::clone(field),
            false => as_kind(field, &DataType::Utf8),
        };
        match (self.agreement, fields) {
            (Agreement::Text, [first, others @ ..]) => {
                std::iter::once(text(first)).chain(others.iter().cloned()).collect()
            }
            (Agreement::Texts, all) => all.iter().map(text).collect(),
            (Agreement::Same, fields) => match common(fields.iter().map(|field| field.data_type())) {
                Some(kind) => fields.iter().map(|field| as_kind(field, &kind)).collect(),
                None => fields.to_vec(),
            },
            (Agreement::Compared, [first, second]) => vec![Arc::clone(first), as_kind(second, first.data_type())],
            _ => fields.to_vec(),
        }
    }
}

impl ScalarUDFImpl for LenientUdf {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("{} is asked for its field", self.name())
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = fields_with_udf(&self.agreed(arguments.arg_fields), self.function.as_ref())?;
        let scalar_arguments = arguments.scalar_arguments;
        self.function.return_field_from_args(ReturnFieldArgs { arg_fields: &fields, scalar_arguments })
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("{} is called before its arguments agree", self.name())
    }
}
