//! Column types in PostgreSQL: the declared type of a column, and the types in which its values are transferred.

use std::error::Error;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use bytes::{BufMut, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::error::BackendError;
use crate::columns::returns;

/// Metadata key and value that mark a text column of a result as JSON.
pub(crate) const JSON: (&str, &str) = ("stackql.format", "json");
/// Microseconds from the Unix epoch to PostgreSQL's epoch, 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;
const UTC: &str = "+00:00";

/// The type in which the values of a column are transferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageType {
    Integer,
    Real,
    Boolean,
    /// Any other type; its values are transferred in their text form.
    Text,
    Bytes,
    Instant,
    /// A timestamp without time zone.
    Local,
}

impl StorageType {
    /// The transfer type of a column.
    ///
    /// # Errors
    ///
    /// The column's type does not survive the round trip through the transfer type.
    pub(crate) fn for_field(field: &Field) -> Result<Self, BackendError> {
        let ty = field.data_type();
        let kept = match ty {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Integer,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Integer,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Real,
            DataType::Boolean => Self::Boolean,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytes
            }
            DataType::Timestamp(_, Some(_)) => Self::Instant,
            DataType::Timestamp(_, None) => Self::Local,
            _ => Self::Text,
        };
        returns(field, &kept.arrow_type())?;
        Ok(kept)
    }

    /// The transfer type in Arrow.
    pub(crate) fn arrow_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Real => DataType::Float64,
            Self::Boolean => DataType::Boolean,
            Self::Text => DataType::Utf8,
            Self::Bytes => DataType::Binary,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::Local => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    /// The transfer type in PostgreSQL.
    pub(crate) fn sql(self) -> Type {
        match self {
            Self::Integer => Type::INT8,
            Self::Real => Type::FLOAT8,
            Self::Boolean => Type::BOOL,
            Self::Text => Type::TEXT,
            Self::Bytes => Type::BYTEA,
            Self::Instant => Type::TIMESTAMPTZ,
            Self::Local => Type::TIMESTAMP,
        }
    }

    /// A value of an array of type [`Self::arrow_type`]; `Err` for text with a zero character, which PostgreSQL cannot
    /// store.
    pub(crate) fn value(self, values: &dyn Array, row: usize) -> Result<Cell<'_>, ()> {
        if values.is_null(row) {
            return Ok(Cell::Null);
        }
        Ok(match self {
            Self::Integer => Cell::Integer(values.as_primitive::<Int64Type>().value(row)),
            Self::Real => Cell::Real(values.as_primitive::<Float64Type>().value(row)),
            Self::Boolean => Cell::Boolean(values.as_boolean().value(row)),
            Self::Text => match values.as_string::<i32>().value(row) {
                text if text.contains('\0') => return Err(()),
                text => Cell::Bytes(text.as_bytes()),
            },
            Self::Bytes => Cell::Bytes(values.as_binary::<i32>().value(row)),
            Self::Instant | Self::Local => Cell::Time(values.as_primitive::<TimestampMicrosecondType>().value(row)),
        })
    }
}

/// The declared type of a column, chosen so that other programs find the usual PostgreSQL type.
pub(crate) fn declared(field: &Field, is_json: bool) -> String {
    match field.data_type() {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "SMALLINT".to_owned(),
        DataType::Int32 | DataType::UInt16 => "INTEGER".to_owned(),
        DataType::Int64 | DataType::UInt32 => "BIGINT".to_owned(),
        DataType::UInt64 => "NUMERIC(20)".to_owned(),
        DataType::Float16 | DataType::Float32 => "REAL".to_owned(),
        DataType::Float64 => "DOUBLE PRECISION".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "BYTEA".to_owned()
        }
        DataType::Timestamp(_, Some(_)) => "TIMESTAMPTZ".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        DataType::Date32 | DataType::Date64 => "DATE".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale)
            if (0..=i16::from(*precision)).contains(&i16::from(*scale)) =>
        {
            format!("NUMERIC({precision}, {scale})")
        }
        _ if is_json => "JSON".to_owned(),
        _ => "TEXT".to_owned(),
    }
}

/// Whether the metadata of a column marks it as JSON.
pub(crate) fn is_json(field: &Field) -> bool {
    field.metadata().get(JSON.0).is_some_and(|format| format == JSON.1)
}

/// A value in PostgreSQL's binary format.
#[derive(Debug)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Bytes(&'a [u8]),
    /// Microseconds since the Unix epoch.
    Time(i64),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(number) => out.put_i64(*number),
            Self::Real(number) => out.put_f64(*number),
            Self::Boolean(truth) => out.put_u8((*truth).into()),
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Time(time) => out.put_i64(time.checked_sub(EPOCH).ok_or("the time is too long ago")?),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A timestamp read from PostgreSQL, in microseconds since the Unix epoch; `None` if it is infinite or out of range.
struct Time(Option<i64>);

impl<'a> FromSql<'a> for Time {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        // The extreme values encode `-infinity` and `infinity`.
        Ok(Self(Some(since).filter(|since| ![i64::MIN, i64::MAX].contains(since)).and_then(|s| s.checked_add(EPOCH))))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::TIMESTAMP | Type::TIMESTAMPTZ)
    }
}

/// Collects the values of a column that are read from PostgreSQL.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Integer(Int64Builder),
    Real(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Time(TimestampMicrosecondBuilder),
}

/// Why a value could not be read into its column.
#[derive(Debug)]
pub(crate) enum Misplaced {
    Value(tokio_postgres::Error),
    /// The timestamp is infinite or out of range.
    Time,
}

impl ColumnBuilder {
    pub(crate) fn new(kept: StorageType) -> Self {
        match kept {
            StorageType::Integer => Self::Integer(Int64Builder::new()),
            StorageType::Real => Self::Real(Float64Builder::new()),
            StorageType::Boolean => Self::Boolean(BooleanBuilder::new()),
            StorageType::Text => Self::Text(StringBuilder::new()),
            StorageType::Bytes => Self::Bytes(BinaryBuilder::new()),
            StorageType::Instant => Self::Time(TimestampMicrosecondBuilder::new().with_timezone(UTC)),
            StorageType::Local => Self::Time(TimestampMicrosecondBuilder::new()),
        }
    }

    /// Appends the value of a row in this column and returns its size in bytes; fixed-width values count as 0.
    pub(crate) fn push(&mut self, row: &Row, column: usize) -> Result<usize, Misplaced> {
        let mut weight = 0;
        match self {
            Self::Integer(cells) => cells.append_option(row.try_get(column)?),
            Self::Real(cells) => cells.append_option(row.try_get(column)?),
            Self::Boolean(cells) => cells.append_option(row.try_get(column)?),
            Self::Text(cells) => {
                let text: Option<&str> = row.try_get(column)?;
                weight = text.map_or(0, str::len);
                cells.append_option(text);
            }
            Self::Bytes(cells) => {
                let bytes: Option<&[u8]> = row.try_get(column)?;
                weight = bytes.map_or(0, <[u8]>::len);
                cells.append_option(bytes);
            }
            Self::Time(cells) => match row.try_get::<_, Option<Time>>(column)? {
                Some(Time(None)) => return Err(Misplaced::Time),
                Some(Time(time)) => cells.append_option(time),
                None => cells.append_null(),
            },
        }
        Ok(weight)
    }

    /// Takes the values collected so far and leaves the builder empty.
    pub(crate) fn take(&mut self) -> ArrayRef {
        match self {
            Self::Integer(cells) => Arc::new(cells.finish()),
            Self::Real(cells) => Arc::new(cells.finish()),
            Self::Boolean(cells) => Arc::new(cells.finish()),
            Self::Text(cells) => Arc::new(cells.finish()),
            Self::Bytes(cells) => Arc::new(cells.finish()),
            Self::Time(cells) => Arc::new(cells.finish()),
        }
    }
}

impl From<tokio_postgres::Error> for Misplaced {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Value(error)
    }
}
