//! The columns of what is kept, whoever keeps it: which rows are for them, and what travels there and back unchanged.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatchOptions};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use stackql_engine::{StoreError, StoredObject};

/// Refuses a column whose values would not come back, as the type that carries them, as they were.
pub(crate) fn returns(field: &Field, carrier: &DataType) -> Result<(), StoreError> {
    let ty = field.data_type();
    // Arrow would cast a text to a list of it.
    let returns = !ty.is_nested() && can_cast_types(ty, carrier) && can_cast_types(carrier, ty);
    if returns && ty.to_string().parse().is_ok_and(|read: DataType| read == *ty) {
        return Ok(());
    }
    Err(StoreError::Refused(format!("column {} is of type {ty}, which cannot be kept; cast it to text", field.name())))
}

/// Values of a column in the type that carries them, once they are of the type of the column they go into.
pub(crate) fn carried(values: &ArrayRef, field: &Field, carrier: &DataType) -> Result<ArrayRef, StoreError> {
    let fits = |error: ArrowError| {
        StoreError::Refused(format!("what is to be kept in column {} does not fit: {error}", field.name()))
    };
    let values = cast(values, field.data_type()).map_err(fits)?;
    cast(&values, carrier).map_err(fits)
}

/// A cast that fails where a value does not fit, and does nothing where there is nothing to do.
pub(crate) fn cast(values: &ArrayRef, ty: &DataType) -> Result<ArrayRef, ArrowError> {
    if values.data_type() == ty {
        return Ok(Arc::clone(values));
    }
    cast_with_options(values, ty, &CastOptions { safe: false, ..CastOptions::default() })
}

/// Columns of so many values, in the types that carry them, as rows of what was made.
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

/// The fields that columns are for, in any case of letters.
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

/// Refuses rows that leave out a column of what they are for.
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

/// Refuses a table that has other columns than its statement was read to give it.
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
