//! Translates a user's CREATE TABLE to PostgreSQL. Type names may be SQLite's or PostgreSQL's. If the two give one name
//! different sizes, the larger is used, so that a value that fits in one store fits in the other.

use arrow::datatypes::{DataType as Arrow, Schema};
use sqlparser::ast::{
    CharacterLength, ColumnDef, ColumnOption, ColumnOptionDef, CreateTable, DataType, ExactNumberInfo, Expr,
    GeneratedAs, GeneratedExpressionMode, Ident, ObjectName, Statement, TimezoneInfo, Value,
};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use stackql_engine::StoreError;

use super::error::BackendError;
use super::identifier_case::folded;
use super::object_table::{key, table};
use crate::objects::ObjectEntry;

/// The translated statement, which creates the table of `new` and nothing else.
///
/// # Errors
///
/// The text is no single CREATE TABLE, is temporary, or names another table.
pub(crate) fn declared(new: &ObjectEntry) -> Result<String, BackendError> {
    let made = &new.made;
    let mut statement = parsed(&made.text)?;
    let name = statement.name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone());
    if name.as_deref().is_none_or(|name| !name.eq_ignore_ascii_case(&made.name)) || statement.temporary {
        return Err(StoreError::Refused(format!("the statement does not make table {}", made.name)).into());
    }
    // SQLite tables may be declared STRICT or WITHOUT ROWID. PostgreSQL tables are always strict and have no
    // counterpart of WITHOUT ROWID.
    (statement.strict, statement.without_rowid, statement.if_not_exists) = (false, false, false);
    for column in &mut statement.columns {
        column.name = Ident::with_quote('"', key(&column.name.value));
        adapt(column, &made.schema);
    }
    statement.name = ObjectName::from(vec![Ident::new(table(new))]);
    let mut ours: Vec<&str> = made.schema.fields().iter().map(|field| field.name().as_str()).collect();
    ours.push(&made.name);
    Ok(folded(&Statement::CreateTable(statement).to_string(), &ours))
}

/// Parses a text that must be one CREATE TABLE, in PostgreSQL's dialect or SQLite's.
fn parsed(text: &str) -> Result<CreateTable, BackendError> {
    let read = |dialect: &dyn Dialect| Parser::parse_sql(dialect, text);
    let statements = read(&PostgreSqlDialect {}).or_else(|_| read(&SQLiteDialect {}));
    let statements = statements.map_err(|error| StoreError::Refused(error.to_string()))?;
    match <[Statement; 1]>::try_from(statements) {
        Ok([Statement::CreateTable(table)]) => Ok(table),
        _ => Err(StoreError::Refused("the statement makes no table; give one CREATE TABLE".to_owned()).into()),
    }
}

/// Replaces the type of a column and the options that depend on it.
fn adapt(column: &mut ColumnDef, schema: &Schema) {
    let mut fields = schema.fields().iter();
    let field = fields.find(|field| field.name().eq_ignore_ascii_case(&column.name.value));
    let is_text = field.is_none_or(|field| *field.data_type() == Arrow::Utf8);
    // In SQLite, an INTEGER PRIMARY KEY numbers its rows automatically.
    let is_integer = matches!(column.data_type, DataType::Integer(_));
    let counts = is_integer && column.options.iter().any(|o| matches!(o.option, ColumnOption::PrimaryKey(_)));
    column.data_type = adapted_type(&column.data_type, is_text);
    column.options.retain(|o| !matches!(o.option, ColumnOption::DialectSpecific(_)));
    let is_given = |o: &ColumnOptionDef| matches!(o.option, ColumnOption::Default(_) | ColumnOption::Generated { .. });
    if counts && !column.options.iter().any(is_given) {
        let option = ColumnOption::Generated {
            generated_as: GeneratedAs::ByDefault,
            sequence_options: Some(Vec::new()),
            generation_expr: None,
            generation_expr_mode: None,
            generated_keyword: true,
        };
        column.options.push(ColumnOptionDef { name: None, option });
    }
    for option in &mut column.options {
        match &mut option.option {
            // SQLite has no boolean type; defaults of such columns may be written as 0 and 1.
            ColumnOption::Default(Expr::Value(value)) if matches!(column.data_type, DataType::Boolean) => {
                value.value = match &value.value {
                    Value::Number(number, _) if number == "0" => Value::Boolean(false),
                    Value::Number(number, _) if number == "1" => Value::Boolean(true),
                    other => other.clone(),
                };
            }
            ColumnOption::Generated { generated_keyword, generation_expr_mode, generation_expr: Some(_), .. } => {
                *generated_keyword = true;
                *generation_expr_mode = Some(GeneratedExpressionMode::Stored);
            }
            _ => {}
        }
    }
}

/// Maps a type name to PostgreSQL's; names without a mapping are passed through.
fn adapted_type(ty: &DataType, is_text: bool) -> DataType {
    use DataType as T;
    match ty {
        T::TinyInt(_) | T::SmallInt(_) | T::Int2(_) | T::TinyIntUnsigned(_) | T::UTinyInt => T::SmallInt(None),
        T::Int4(_) => T::Int4(None),
        T::Int(_) | T::Integer(_) | T::MediumInt(_) | T::BigInt(_) | T::Int8(_) | T::Int16 | T::Int32 | T::Int64 => {
            T::BigInt(None)
        }
        T::SmallIntUnsigned(_) | T::USmallInt | T::Int2Unsigned(_) | T::MediumIntUnsigned(_) | T::Int4Unsigned(_) => {
            T::BigInt(None)
        }
        T::IntUnsigned(_) | T::IntegerUnsigned(_) | T::Signed | T::SignedInteger => T::BigInt(None),
        T::BigIntUnsigned(_) | T::UBigInt | T::Int8Unsigned(_) | T::Unsigned | T::UnsignedInteger => {
            T::Numeric(ExactNumberInfo::Precision(20))
        }
        T::Real | T::Float(_) | T::Double(_) | T::Float64 | T::DoublePrecision | T::Float8 => T::DoublePrecision,
        T::Float32 => T::Float4,
        T::Dec(info) | T::Decimal(info) | T::Numeric(info) | T::BigNumeric(info) | T::BigDecimal(info) => {
            T::Numeric(*info)
        }
        T::Bool | T::Boolean => T::Boolean,
        T::Datetime(precision) => T::Timestamp(*precision, TimezoneInfo::None),
        T::Nvarchar(Some(length)) => T::Varchar(Some(*length)),
        T::Varchar(Some(CharacterLength::Max)) => T::Text,
        T::Nvarchar(None) | T::TinyText | T::MediumText | T::LongText | T::String(_) | T::Clob(_) | T::Unspecified => {
            T::Text
        }
        T::CharacterLargeObject(_) | T::CharLargeObject(_) => T::Text,
        T::Binary(_) | T::Varbinary(_) | T::Blob(_) | T::TinyBlob | T::MediumBlob | T::LongBlob | T::Bytes(_) => {
            // Text values are stored and read back as text, whatever binary type was declared.
            if is_text { T::Text } else { T::Bytea }
        }
        T::Custom(name, _) => match name.to_string().to_ascii_uppercase().as_str() {
            "NUMBER" => T::Numeric(ExactNumberInfo::None),
            "STRING" | "ANY" => T::Text,
            "LONG" => T::BigInt(None),
            _ => ty.clone(),
        },
        _ => ty.clone(),
    }
}

#[cfg(test)]
mod tests;
