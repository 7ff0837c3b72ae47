//! Columns of stored rows, for both databases: matches incoming rows to columns, and casts values to and from the
//! storage types without loss.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatchOptions};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use stackql_engine::{StoreError, StoredObject};

/// Checks that values of the column survive the cast to the storage type `carrier` and back.
///
/// # Errors
///
/// [`StoreError::Refused`] if the type is nested, cannot be cast both ways, or has a name that does not parse back.
pub(crate) fn returns(field: &Field, carrier: &DataType) -> Result<(), StoreError> {
    let ty = field.data_type();
    // Arrow would cast a text to a list with one element.
    let returns = !ty.is_nested() && can_cast_types(ty, carrier) && can_cast_types(carrier, ty);
    if returns && ty.to_string().parse().is_ok_and(|read: DataType| read == *ty) {
        return Ok(());
    }
    Err(StoreError::Refused(format!("column {} is of type {ty}, which cannot be kept; cast it to text", field.name())))
}

/// Casts values to the type of their column and then to the storage type `carrier`.
///
/// # Errors
///
/// [`StoreError::Refused`] if a value does not fit either type.
pub(crate) fn carried(values: &ArrayRef, field: &Field, carrier: &DataType) -> Result<ArrayRef, StoreError> {
    let fits = |error: ArrowError| {
        StoreError::Refused(format!("what is to be kept in column {} does not fit: {error}", field.name()))
    };
    let values = cast(values, field.data_type()).map_err(fits)?;
    cast(&values, carrier).map_err(fits)
}

/// Strict cast: fails if a value does not fit. Arrays that already have the type are returned as they are.
pub(crate) fn cast(values: &ArrayRef, ty: &DataType) -> Result<ArrayRef, ArrowError> {
    if values.data_type() == ty {
        return Ok(Arc::clone(values));
    }
    cast_with_options(values, ty, &CastOptions { safe: false, ..CastOptions::default() })
}

/// Builds a batch of `count` rows of a local object from columns in their storage types.
///
/// # Errors
///
/// [`StoreError::Unusable`] if a stored value does not fit the type of its column.
pub(crate) fn rows_of(
    made: &StoredObject,
    schema: &SchemaRef,
    columns: impl Iterator<Item = ArrayRef>,
    count: usize,
) -> Result<RecordBatch, StoreError> {
    let unreadable = |error| StoreError::Unusable(format!("{} {} cannot be read: {error}", made.kind, made.name));
    let columns = columns.zip(schema.fields()).map(|(values, field)| cast(&values, field.data_type()));
    let columns = columns.collect::<Result<_, _>>().map_err(unreadable)?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(unreadable)
}

/// Resolves the columns of incoming rows to fields of the target, ignoring ASCII case.
///
/// # Errors
///
/// [`StoreError::Refused`] if the rows have no columns, or one that the target lacks.
pub(crate) fn fields_of(target: &Schema, given: &Schema) -> Result<Vec<Arc<Field>>, StoreError> {
    if given.fields().is_empty() {
        return Err(StoreError::Refused("the rows have no columns".to_owned()));
    }
    let field = |given: &Arc<Field>| {
        let mut fields = target.fields().iter();
        fields.find(|field| field.name().eq_ignore_ascii_case(given.name())).map(Arc::clone).ok_or_else(|| {
            let columns: Vec<&str> = target.fields().iter().map(|field| field.name().as_str()).collect();
            StoreError::Refused(format!("there is no column {}; there are {}", given.name(), columns.join(", ")))
        })
    };
    given.fields().iter().map(field).collect()
}

/// Checks that every column of the target is among `fields`.
///
/// # Errors
///
/// [`StoreError::Refused`] names the first column that is missing.
pub(crate) fn all_given(fields: &[Arc<Field>], into: &StoredObject) -> Result<(), StoreError> {
    match into.schema.fields().iter().find(|field| !fields.contains(field)) {
        Some(missing) => Err(StoreError::Refused(format!(
            "the rows have no column {}, which {} {} has",
            missing.name(),
            into.kind,
            into.name
        ))),
        None => Ok(()),
    }
}

/// Checks that the created table has the columns that were derived from its statement.
///
/// # Errors
///
/// [`StoreError::Refused`] if the names or their number differ.
pub(crate) fn as_expected(made: &StoredObject, columns: &[String]) -> Result<(), StoreError> {
    let expected: Vec<&str> = made.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let same = |(column, expected): (&String, &&str)| column.eq_ignore_ascii_case(expected);
    if columns.len() == expected.len() && columns.iter().zip(&expected).all(same) {
        return Ok(());
    }
    Err(StoreError::Refused(format!(
        "the statement that makes table {} gives it the columns {}, where {} are expected",
        made.name,
        columns.join(", "),
        expected.join(", ")
    )))
}
