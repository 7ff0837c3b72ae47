//! Statements in PostgreSQL's SQL dialect: changes of tables, and queries.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, StringArray};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, DataType, Field, Schema, TimeUnit};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use stackql_engine::StoredKind;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, SimpleQueryMessage, Statement};

use super::column_codec::{JSON, StorageType};
use super::connection::Session;
use super::error::{BackendError, rejected};
use super::identifier_case::{first_word, folded};
use super::migrations::path;
use super::object_table;
use super::object_table::key;
use crate::columns::cast;
use crate::objects::ObjectEntry;

/// Keywords with which a statement that changes rows begins.
const CHANGES: &[&str] = &["UPDATE", "DELETE", "INSERT", "MERGE", "WITH"];

/// Changes rows of a user's table and returns their number.
///
/// # Errors
///
/// The statement is no change of rows, or it changes something else than rows of users' tables.
pub(crate) async fn change(session: &Session, statement: &str) -> Result<u64, BackendError> {
    let all = object_table::list(session).await?;
    let no_change = || rejected("the statement changes no rows; give an UPDATE, DELETE or INSERT of a table");
    if !CHANGES.contains(&first_word(statement).as_str()) {
        return Err(no_change());
    }
    search(session, &all).await?;
    let names: Vec<&str> = all.iter().flat_map(names).collect();
    let statement = prepared(session, &folded(statement, &names)).await?;
    let changed = session.client().execute(&statement, &[]).await?;
    // Every relation that the transaction changed holds a lock until its end, so `pg_locks` lists what the statement
    // changed.
    let locked = session
        .client()
        .query(
            "SELECT space.nspname::text, relation.relname::text, bool_and(lock.mode = 'RowExclusiveLock') \
             FROM pg_catalog.pg_locks AS lock \
             JOIN pg_catalog.pg_class AS relation ON relation.oid = lock.relation \
             JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace \
             WHERE lock.pid = pg_backend_pid() AND lock.locktype = 'relation' \
             AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock') AND relation.relkind IN ('r', 'p', 'f', 'v', 'm') \
             GROUP BY 1, 2",
            &[],
        )
        .await?;
    let mut is_change = false;
    for row in locked {
        let (space, relation, rows_only): (&str, &str, bool) = (row.get(0), row.get(1), row.get(2));
        let found = all.iter().find(|found| found.table_name == space && key(&found.made.name) == relation);
        let is_own = space == session.database.schema && relation.starts_with("__stackql__");
        let is_table = found.is_some_and(|found| found.made.kind == StoredKind::Table);
        if is_own || !rows_only || (found.is_some() && !is_table) {
            return Err(rejected(format!(
                "the statement does what it may not (it changes {relation}); it may read what was made here, and change \
                 the rows of tables"
            )));
        }
        is_change |= is_table;
    }
    if is_change { Ok(changed) } else { Err(no_change()) }
}

/// Runs a query and returns its rows. Each column gets the Arrow type nearest to its PostgreSQL type; text if there is
/// none.
pub(crate) async fn query(session: &Session, statement: &str) -> Result<RecordBatch, BackendError> {
    let all = object_table::list(session).await?;
    search(session, &all).await?;
    let prepared = prepared(session, statement).await?;
    if prepared.columns().is_empty() {
        return Err(rejected("the statement is no query; give a SELECT"));
    }
    // The simple query protocol returns all values as text, whatever their type.
    let mut columns = vec![Vec::new(); prepared.columns().len()];
    let mut rows = 0;
    for message in session.client().simple_query(statement).await.map_err(fenced)? {
        let SimpleQueryMessage::Row(row) = message else { continue };
        for (index, values) in columns.iter_mut().enumerate() {
            values.push(row.try_get(index)?.map(str::to_owned));
        }
        rows += 1;
    }
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (column, values) in prepared.columns().iter().zip(columns) {
        let values = typed(column.type_(), StringArray::from(values))?;
        let field = Field::new(column.name(), values.data_type().clone(), true);
        let is_json = matches!(*column.type_(), Type::JSON | Type::JSONB);
        let mark = is_json.then(|| (JSON.0.to_owned(), JSON.1.to_owned()));
        fields.push(field.with_metadata(mark.into_iter().collect::<HashMap<_, _>>()));
        arrays.push(values);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?)
}

/// Prepares a text that must be a single statement without parameters.
async fn prepared(session: &Session, statement: &str) -> Result<Statement, BackendError> {
    if statement.contains('\0') {
        return Err(rejected("the statement has a zero character in it, which PostgreSQL does not read"));
    }
    let prepared = session.client().prepare(statement).await.map_err(fenced)?;
    if !prepared.params().is_empty() {
        return Err(rejected("the statement has parameters, and nobody gives them values"));
    }
    Ok(prepared)
}

/// Extends the search path by the schemas of all objects, for this transaction.
async fn search(session: &Session, all: &[ObjectEntry]) -> Result<(), BackendError> {
    let places = all.iter().map(|found| found.table_name.as_str()).filter(|place| !place.is_empty());
    let path = path(session, places);
    session.client().execute("SELECT set_config('search_path', $1, true)", &[&path]).await?;
    Ok(())
}

/// The names of an object and of its columns.
fn names(ObjectEntry { made, .. }: &ObjectEntry) -> impl Iterator<Item = &str> {
    let columns = made.schema.fields().iter().map(|field| field.name().as_str());
    columns.chain([made.name.as_str()])
}

/// Casts the text forms of a type's values to the corresponding Arrow type.
fn typed(ty: &Type, texts: StringArray) -> Result<ArrayRef, BackendError> {
    let ty = match *ty {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => DataType::Int64,
        Type::FLOAT4 | Type::FLOAT8 => DataType::Float64,
        Type::BOOL => DataType::Boolean,
        Type::NUMERIC => numeric(&texts),
        Type::TIMESTAMPTZ => StorageType::Instant.arrow_type(),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::DATE => DataType::Date32,
        Type::BYTEA => return Ok(Arc::new(bytes(&texts)?)),
        _ => DataType::Utf8,
    };
    let texts: ArrayRef = Arc::new(texts);
    // Values that do not fit, such as infinite timestamps, leave the column as PostgreSQL's text.
    Ok(cast(&texts, &ty).unwrap_or(texts))
}

/// The decimal type that holds all these numbers exactly; a float type for `NaN` or infinities, text if no type is wide
/// enough.
fn numeric(texts: &StringArray) -> DataType {
    let (mut whole, mut scale) = (1, 0);
    for text in texts.iter().flatten() {
        let digits = text.trim_start_matches('-');
        let (before, behind) = digits.split_once('.').unwrap_or((digits, ""));
        if !before.chars().chain(behind.chars()).all(|c| c.is_ascii_digit()) {
            return DataType::Float64;
        }
        (whole, scale) = (whole.max(before.len()), scale.max(behind.len()));
    }
    let (Ok(precision), Ok(scale)) = (u8::try_from(whole + scale), i8::try_from(scale)) else {
        return DataType::Utf8;
    };
    match precision {
        precision if precision <= DECIMAL128_MAX_PRECISION => DataType::Decimal128(precision, scale),
        precision if precision <= DECIMAL256_MAX_PRECISION => DataType::Decimal256(precision, scale),
        _ => DataType::Utf8,
    }
}

/// Decodes the hex format of `bytea`: `\x` followed by two digits per byte.
fn bytes(texts: &StringArray) -> Result<arrow::array::BinaryArray, BackendError> {
    let mut all = BinaryBuilder::new();
    for text in texts {
        match text {
            Some(text) => {
                let digits = text.strip_prefix("\\x").unwrap_or(text).as_bytes();
                let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
                let read = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>();
                all.append_value(read.ok_or_else(|| rejected("PostgreSQL wrote bytes that cannot be read"))?);
            }
            None => all.append_null(),
        }
    }
    Ok(all.finish())
}

/// Replaces the error of a write in a read-only transaction by one that says what statements may do.
fn fenced(error: Error) -> BackendError {
    match error.as_db_error() {
        Some(said) if said.code().code() == "25006" => rejected(format!(
            "the statement does what it may not ({}); it may read what was made here, and change the rows of tables",
            said.message()
        )),
        _ => error.into(),
    }
}
