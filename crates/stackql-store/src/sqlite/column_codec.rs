//! Column types in SQLite: the declared type of a column, and the Arrow types in which its values are transferred.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::error::BackendError;
use crate::columns::{carried, returns};

/// How SQLite stores the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageType {
    Integer,
    Real,
    Boolean,
    /// Any other type in its text form; timestamps as ISO 8601.
    Text,
    Blob,
}

impl StorageType {
    /// The storage type of a column.
    ///
    /// # Errors
    ///
    /// The column's type does not survive the round trip through the storage type.
    pub(crate) fn for_field(field: &Field) -> Result<Self, BackendError> {
        let ty = field.data_type();
        let kept = match ty {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Integer,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Real,
            DataType::Boolean => Self::Boolean,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Blob
            }
            _ => Self::Text,
        };
        returns(field, &kept.arrow_type())?;
        Ok(kept)
    }

    /// The declared type of the column.
    pub(crate) fn declared(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Boolean => "BOOLEAN",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }

    fn arrow_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Text => DataType::Utf8,
            Self::Blob => DataType::Binary,
        }
    }

    /// Casts the values of a column to the array type that [`Self::value`] reads.
    pub(crate) fn carried(self, values: &ArrayRef, field: &Field) -> Result<ArrayRef, BackendError> {
        Ok(carried(values, field, &self.arrow_type())?)
    }

    /// A value for binding to a statement.
    pub(crate) fn value(self, values: &dyn Array, row: usize) -> ToSqlOutput<'_> {
        if values.is_null(row) {
            return ToSqlOutput::Owned(Value::Null);
        }
        match self {
            Self::Integer => ToSqlOutput::Owned(Value::Integer(values.as_primitive::<Int64Type>().value(row))),
            // SQLite would store NaN as NULL.
            Self::Real => match values.as_primitive::<Float64Type>().value(row) {
                none if none.is_nan() => ToSqlOutput::Borrowed(ValueRef::Text(b"NaN")),
                number => ToSqlOutput::Owned(Value::Real(number)),
            },
            Self::Boolean => ToSqlOutput::Owned(Value::Integer(values.as_boolean().value(row).into())),
            Self::Text => ToSqlOutput::Borrowed(ValueRef::Text(values.as_string::<i32>().value(row).as_bytes())),
            Self::Blob => ToSqlOutput::Borrowed(ValueRef::Blob(values.as_binary::<i32>().value(row))),
        }
    }
}

/// Collects the values of a column that are read from SQLite. Column types do not restrict values in SQLite, so a value
/// of another storage class is converted where that is possible.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Integer(Int64Builder),
    Real(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
    Blob(BinaryBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(kept: StorageType) -> Self {
        match kept {
            StorageType::Integer => Self::Integer(Int64Builder::new()),
            StorageType::Real => Self::Real(Float64Builder::new()),
            StorageType::Boolean => Self::Boolean(BooleanBuilder::new()),
            StorageType::Text => Self::Text(StringBuilder::new()),
            StorageType::Blob => Self::Blob(BinaryBuilder::new()),
        }
    }

    /// Appends a value; `Err` if it cannot be converted to the type of the column.
    pub(crate) fn push(&mut self, value: ValueRef<'_>) -> Result<(), ()> {
        match (self, value) {
            (Self::Integer(cells), ValueRef::Null) => cells.append_null(),
            (Self::Real(cells), ValueRef::Null) => cells.append_null(),
            (Self::Boolean(cells), ValueRef::Null) => cells.append_null(),
            (Self::Text(cells), ValueRef::Null) => cells.append_null(),
            (Self::Blob(cells), ValueRef::Null) => cells.append_null(),

            (Self::Integer(cells), ValueRef::Integer(number)) => cells.append_value(number),
            (Self::Integer(cells), value) => cells.append_value(parsed(value)?),
            (Self::Real(cells), ValueRef::Real(number)) => cells.append_value(number),
            (Self::Real(cells), ValueRef::Integer(number)) => cells.append_value(number as f64),
            (Self::Real(cells), value) => cells.append_value(parsed(value)?),
            (Self::Boolean(cells), ValueRef::Integer(number)) => cells.append_value(number != 0),
            (Self::Boolean(cells), ValueRef::Text(text)) => {
                cells.append_value(match text.to_ascii_lowercase().as_slice() {
                    b"true" | b"t" => true,
                    b"false" | b"f" => false,
                    _ => return Err(()),
                })
            }
            (Self::Text(cells), ValueRef::Text(text)) => cells.append_value(str::from_utf8(text).map_err(|_| ())?),
            (Self::Text(cells), ValueRef::Integer(number)) => cells.append_value(number.to_string()),
            (Self::Text(cells), ValueRef::Real(number)) => cells.append_value(number.to_string()),
            (Self::Blob(cells), ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => cells.append_value(bytes),
            (Self::Boolean(_) | Self::Text(_) | Self::Blob(_), _) => return Err(()),
        }
        Ok(())
    }

    /// Takes the values collected so far and leaves the builder empty.
    pub(crate) fn take(&mut self) -> ArrayRef {
        match self {
            Self::Integer(cells) => Arc::new(cells.finish()),
            Self::Real(cells) => Arc::new(cells.finish()),
            Self::Boolean(cells) => Arc::new(cells.finish()),
            Self::Text(cells) => Arc::new(cells.finish()),
            Self::Blob(cells) => Arc::new(cells.finish()),
        }
    }
}

/// Converts text, or a number of another storage class, to a number.
fn parsed<T: std::str::FromStr>(value: ValueRef<'_>) -> Result<T, ()> {
    match value {
        ValueRef::Text(text) => str::from_utf8(text).map_err(|_| ())?.trim().parse().map_err(|_| ()),
        // A float with an integral value prints without a decimal point, so it parses as an integer.
        ValueRef::Real(number) => number.to_string().parse().map_err(|_| ()),
        _ => Err(()),
    }
}

/// Size of a text or blob in bytes; 0 for other values.
pub(crate) fn weight(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 0,
    }
}
