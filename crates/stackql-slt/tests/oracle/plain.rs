//! The same tables without an API.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{
    CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::error::DataFusionError;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::tables::Table;

/// What `sql` gives over plain tables.
pub(crate) async fn rows(tables: &[Table], sql: &str) -> Result<Vec<String>, DataFusionError> {
    let schema = MemorySchemaProvider::new();
    for table in tables {
        schema.register_table(table.name.clone(), plain(table)?)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("s", Arc::new(schema))?;
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    context.register_catalog("mock", Arc::new(catalog));
    Ok(crate::texts(&context.sql(sql).await?.collect().await?))
}

fn plain(table: &Table) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (i, column) in table.columns.iter().enumerate() {
        let cells = table.rows.iter().map(|row| row[i]);
        let data_type = if column.is_text { DataType::Utf8 } else { DataType::Int64 };
        fields.push(Field::new(&column.name, data_type, true));
        columns.push(match column.is_text {
            true => Arc::new(cells.map(|c| c.map(|n| format!("x{n}"))).collect::<StringArray>()) as ArrayRef,
            false => Arc::new(cells.collect::<Int64Array>()),
        });
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(table.rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}
