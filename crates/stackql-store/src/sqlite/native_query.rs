//! Statements in SQLite's SQL dialect: changes of tables, and queries.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, Statement};
use stackql_engine::StoredKind;

use super::authorizer::StatementPolicy;
use super::column_codec::{ColumnBuilder, StorageType};
use super::error::{BackendError, rejected};
use super::object_table;
use super::table_names::replace_table_names;

/// Changes rows of a user's table and returns their number.
///
/// # Errors
///
/// The statement is no change of rows, or it changes something else than rows of users' tables.
pub(crate) fn change(connection: &mut Connection, statement: &str) -> Result<u64, BackendError> {
    let all = object_table::list(connection)?;
    let statement = replace_table_names(statement, &all);
    let tables =
        all.into_iter().filter(|found| found.made.kind == StoredKind::Table).map(|found| found.table_name).collect();
    StatementPolicy::Change(tables).around(connection, |connection| {
        let mut statement = connection.prepare(&statement).map_err(fenced)?;
        if statement.readonly() || statement.is_explain() != 0 {
            return Err(rejected(
                "the statement changes no rows; give an UPDATE, DELETE, INSERT or REPLACE of a table",
            ));
        }
        let mut returned = statement.query([]).map_err(fenced)?;
        while returned.next()?.is_some() {}
        Ok(connection.changes())
    })
}

/// Runs a query and returns its rows. The type of a column is derived from its values.
pub(crate) fn query(connection: &mut Connection, statement: &str) -> Result<RecordBatch, BackendError> {
    let statement = replace_table_names(statement, &object_table::list(connection)?);
    StatementPolicy::Read.around(connection, |connection| {
        let mut statement = connection.prepare(&statement).map_err(fenced)?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Err(rejected("the statement is no query; give a SELECT"));
        }
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let (rows, columns) = collect_columns(&mut statement)?;
        let columns = columns.iter().map(|values| column(values)).collect::<Result<Vec<_>, _>>()?;
        let fields: Vec<Field> = names
            .into_iter()
            .zip(&columns)
            .map(|(name, values)| Field::new(name, values.data_type().clone(), true))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
    })
}

/// The number of rows, and the values of each column.
fn collect_columns(statement: &mut Statement<'_>) -> Result<(usize, Vec<Vec<Value>>), BackendError> {
    let mut columns = vec![Vec::new(); statement.column_count()];
    let mut count = 0;
    let mut rows = statement.query([]).map_err(fenced)?;
    while let Some(row) = rows.next()? {
        for (index, values) in columns.iter_mut().enumerate() {
            values.push(row.get(index)?);
        }
        count += 1;
    }
    Ok((count, columns))
}

fn column(values: &[Value]) -> Result<ArrayRef, BackendError> {
    let mut kept = None;
    for value in values {
        kept = match (kept, value.data_type()) {
            (kept, Type::Null) => kept,
            (None | Some(StorageType::Integer), Type::Integer) => Some(StorageType::Integer),
            (None | Some(StorageType::Integer | StorageType::Real), Type::Integer | Type::Real) => {
                Some(StorageType::Real)
            }
            (None | Some(StorageType::Blob), Type::Blob) => Some(StorageType::Blob),
            (Some(StorageType::Blob), Type::Text) | (Some(StorageType::Text), Type::Blob) => Some(StorageType::Blob),
            _ => Some(StorageType::Text),
        };
    }
    let mut cells = ColumnBuilder::new(kept.unwrap_or(StorageType::Text));
    for value in values {
        cells.push(value.into()).map_err(|()| rejected("a column holds bytes beside numbers; cast them to text"))?;
    }
    Ok(cells.take())
}

/// Replaces the authorizer's error by one that says what statements may do.
fn fenced(error: rusqlite::Error) -> BackendError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::AuthorizationForStatementDenied) => rejected(format!(
            "the statement does what it may not ({error}); it may read what was made here, and change the rows of tables"
        )),
        _ => error.into(),
    }
}
