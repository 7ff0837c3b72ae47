//! The schema of one-part names: local tables and materialized views, the views that a statement reads (resource views
//! included), and its exec tables.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::future::TryFutureExt;
use futures::stream::TryStreamExt;

use crate::call::context::Context;
use crate::error::Error;
use crate::{Store, StoredKind, StoredObject};

/// The schema of one-part names, over the context of a statement.
#[derive(Debug)]
pub(crate) struct LocalSchema(pub(crate) Arc<Context>);

#[async_trait]
impl SchemaProvider for LocalSchema {
    fn table_names(&self) -> Vec<String> {
        self.0.objects.iter().map(|made| made.name.clone()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(executed) = self.0.exec_table(name) {
            return Ok(Some(Arc::new(executed)));
        }
        if let Some(view) = self.0.view(name) {
            return Ok(Some(Arc::clone(&view.table) as _));
        }
        let (made, store) =
            (self.0.find_local_object(name).filter(|made| made.kind != StoredKind::View), self.0.store.clone());
        let Some((made, store)) = made.zip(store) else { return Ok(None) };
        Ok(Some(Arc::new(LocalTable { made, store })))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.view(name).is_some() || self.0.find_object(name).is_some() || self.0.exec_table(name).is_some()
    }
}

/// A stored table or materialized view.
#[derive(Debug, Clone)]
struct LocalTable {
    made: Arc<StoredObject>,
    store: Arc<dyn Store>,
}

#[async_trait]
impl TableProvider for LocalTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.made.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = projection.cloned().unwrap_or_else(|| (0..self.made.schema.fields().len()).collect());
        let schema = Arc::new(self.made.schema.project(&columns)?);
        let part = Arc::new(LocalPartition { table: self.clone(), schema: Arc::clone(&schema), columns });
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![part], None, [], false, None)?))
    }
}

/// The partition of one scan: the projected columns of a stored table.
#[derive(Debug)]
struct LocalPartition {
    table: LocalTable,
    schema: SchemaRef,
    columns: Vec<usize>,
}

impl PartitionStream for LocalPartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (LocalTable { made, store }, columns) = (self.table.clone(), self.columns.clone());
        let told = |error| DataFusionError::from(Error::Store(error));
        let rows = async move { store.rows(&made.name, &columns).await.map(|rows| rows.map_err(told)).map_err(told) };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows.try_flatten_stream()))
    }
}
