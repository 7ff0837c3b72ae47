//! What a store must do, wherever it keeps things ([`contract`]), and what is special about each place.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::{StreamExt, TryStreamExt, stream};
use stackql_engine::{Rows, Store, StoreError, StoredKind, StoredObject};

use self::place::Place;

mod contract;
mod place;
mod postgres;
mod sqlite;

fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}

/// A materialized view with one number a row.
fn numbers(name: &str) -> StoredObject {
    StoredObject {
        name: name.to_owned(),
        kind: StoredKind::MaterializedView,
        text: "SELECT n FROM somewhere".to_owned(),
        schema: schema(vec![Field::new("n", DataType::Int64, true)]),
    }
}

/// A table of notes, each of which is there once.
fn notes() -> StoredObject {
    StoredObject {
        name: "notes".to_owned(),
        kind: StoredKind::Table,
        text: "CREATE TABLE notes (note TEXT NOT NULL UNIQUE, priority INTEGER DEFAULT 7 CHECK (priority < 100))"
            .to_owned(),
        schema: schema(vec![Field::new("note", DataType::Utf8, false), Field::new("priority", DataType::Int64, true)]),
    }
}

fn note(note: &str, priority: i64) -> RecordBatch {
    let columns: [(&str, ArrayRef); 2] =
        [("note", Arc::new(StringArray::from(vec![note]))), ("priority", Arc::new(Int64Array::from(vec![priority])))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn batch(numbers: impl IntoIterator<Item = i64>) -> RecordBatch {
    let values: ArrayRef = Arc::new(numbers.into_iter().collect::<Int64Array>());
    RecordBatch::try_from_iter_with_nullable([("n", values, true)]).unwrap()
}

fn given(batches: impl IntoIterator<Item = RecordBatch>) -> Rows {
    stream::iter(batches.into_iter().map(Ok).collect::<Vec<_>>()).boxed()
}

fn none() -> Rows {
    stream::empty().boxed()
}

/// All rows of something in one batch.
async fn all(store: &dyn Store, name: &str) -> RecordBatch {
    let made = store.list().await.unwrap().into_iter().find(|made| made.name.eq_ignore_ascii_case(name)).unwrap();
    let columns: Vec<usize> = (0..made.schema.fields().len()).collect();
    let batches: Vec<RecordBatch> = store.rows(name, &columns).await.unwrap().try_collect().await.unwrap();
    arrow::compute::concat_batches(&made.schema, &batches).unwrap()
}

/// The numbers of [`numbers`].
async fn stored_numbers(store: &dyn Store, name: &str) -> Vec<i64> {
    let rows = all(store, name).await;
    rows.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
}

fn unusable(error: StoreError) -> String {
    match error {
        StoreError::Unusable(words) => words,
        other => panic!("{other:?} is not of the database"),
    }
}

fn refused(error: StoreError) -> String {
    match error {
        StoreError::Refused(words) => words,
        other => panic!("{other:?} is no refusal"),
    }
}
