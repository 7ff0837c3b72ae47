//! `AdaptiveBindJoinExec`: a bind join that chooses at run time between lookups by key and a full scan of the inner relation.
//! It looks rows up while the outer side has few distinct keys, and scans once the keys would need more calls than the scan has
//! pages.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputDistributionRequirements, PlanProperties,
};
use futures::future::TryFutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::exec::BindJoinExec;
use super::inner_plan::rows as chunk;
use super::keys::SeenKeys;
use crate::physical::demand::Demand;
use crate::physical::node::{check_partition, single_partitions, stream as all_of};
use crate::physical::one_shot::one_shot;

/// Chooses lookup or scan fallback as soon as the number of distinct keys is known or exceeds the maximum.
#[derive(Debug, Clone)]
pub(crate) struct AdaptiveBindJoinExec {
    /// The bind join that looks the inner rows up by key.
    lookup: BindJoinExec,
    /// The inner plan with full scans: only the outer rows are inserted, no keys.
    scan_fallback: Arc<dyn ExecutionPlan>,
    /// The maximum number of distinct keys for lookups; `None` is unlimited.
    max_keys: Option<usize>,
}

impl AdaptiveBindJoinExec {
    pub(crate) fn new(asked: BindJoinExec, listed: Arc<dyn ExecutionPlan>, most: Option<usize>) -> Self {
        Self { lookup: asked, scan_fallback: listed, max_keys: most }
    }

    /// The lookup with this demand, where the consumer needs only some rows and the outer rows can be streamed. `None` where
    /// all rows are needed, or all outer rows at once.
    pub(crate) fn lookup_within(&self, demand: Demand) -> Option<BindJoinExec> {
        let is_less = demand != Demand::All && !self.lookup.needs_all_outer_rows();
        is_less.then(|| self.lookup.with_demand(demand))
    }

    pub(crate) fn key_names(&self) -> Vec<String> {
        self.lookup.key_names()
    }

    /// The maximum number of distinct keys for lookups; `None` is unlimited.
    pub(crate) fn most(&self) -> Option<usize> {
        self.max_keys
    }

    pub(crate) fn inner(&self) -> Self {
        Self { lookup: self.lookup.inner(), ..self.clone() }
    }

    /// Reads outer rows until their end, or until they have more than the maximum of distinct keys; then executes the lookup or
    /// the scan fallback. The fallback reads the buffered rows and then the rest of the stream.
    async fn execute_adaptive(self, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut outer = all_of(self.lookup.outer(), Arc::clone(&task))?;
        let (schema, keys) = (outer.schema(), self.lookup.keys()?);
        let (mut seen, mut rows) = (SeenKeys::new(), Vec::new());
        while let Some(batch) = outer.try_next().await? {
            keys.take_new(&batch, &mut seen)?;
            rows.push(batch);
            if self.max_keys.is_some_and(|most| seen.len() > most) {
                let all = stream::iter(rows.into_iter().map(Ok)).chain(outer);
                let all = one_shot(Box::pin(RecordBatchStreamAdapter::new(schema, all)))?;
                let none = RecordBatch::new_empty(Arc::clone(keys.schema()));
                return all_of(&self.lookup.instantiate_inner(&self.scan_fallback, all, &none)?, task);
            }
        }
        self.lookup.over(chunk(&concat_batches(&schema, &rows)?)?).execute(0, task)
    }
}

impl DisplayAs for AdaptiveBindJoinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdaptiveBindJoinExec: {}, ", self.lookup.display_keys())?;
        match self.max_keys {
            Some(most) => write!(f, "by key up to {most} keys, else listed"),
            None => f.write_str("by key"),
        }
    }
}

impl ExecutionPlan for AdaptiveBindJoinExec {
    fn name(&self) -> &'static str {
        "AdaptiveBindJoinExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.lookup.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.lookup.children().into_iter().chain([&self.scan_fallback]).collect()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        single_partitions(self.children().len())
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, by_key, listed] = <[_; 3]>::try_from(children).map_err(|_| {
            DataFusionError::Internal("AdaptiveBindJoinExec has an outer relation and two bodies".into())
        })?;
        Ok(Arc::new(Self {
            lookup: self.lookup.with_inputs(outer, by_key),
            scan_fallback: listed,
            max_keys: self.max_keys,
        }))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.lookup.apply_expressions(f)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        check_partition(self, partition)?;
        let rows = self.clone().execute_adaptive(task).try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
