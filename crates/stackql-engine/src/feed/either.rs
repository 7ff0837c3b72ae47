//! `EitherExec`: a relation that can be listed, and asked for by key. While the other side's keys are few they are asked
//! for; once they are more than a list has pages, it is listed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::future::TryFutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::exec::{FeedExec, verdict};
use super::hole::{Filling, rows as chunk};
use super::keys::{Keys, Seen};
use super::node::Gather;
use crate::context::Context;
use crate::demand::Demand;

/// Chooses once the keys are known, or known to be many.
#[derive(Debug, Clone)]
pub(crate) struct EitherExec {
    number: usize,
    outer: Arc<dyn ExecutionPlan>,
    /// With holes for the outer rows and the keys.
    by_key: Arc<dyn ExecutionPlan>,
    /// With a hole for the outer rows.
    listed: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    /// The most keys that are asked for; `None` is any number.
    most: Option<usize>,
    gather: Gather,
    properties: Arc<PlanProperties>,
}

impl EitherExec {
    /// The relation asked for by key, as few times as the rows take that are wanted; `None` where that takes all.
    pub(crate) fn asked(&self, context: Arc<Context>, demand: Demand) -> Option<FeedExec> {
        let Demand::Some(_) = demand else { return None };
        let (outer, body) = (Arc::clone(&self.outer), Arc::clone(&self.by_key));
        let feed = FeedExec::new(context, self.number, outer, body, self.keys.clone(), self.gather);
        (self.gather != Gather::Whole).then(|| feed.with_demand(demand))
    }

    pub(super) fn new(
        number: usize,
        [outer, by_key, listed]: [Arc<dyn ExecutionPlan>; 3],
        keys: Vec<Arc<dyn PhysicalExpr>>,
        most: Option<usize>,
        gather: Gather,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(by_key.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { number, outer, by_key, listed, keys, most, gather, properties: Arc::new(properties) }
    }

    /// Reads the outer rows until all are there, or have too many keys; then what is to be run.
    async fn chosen(self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.outer.schema();
        let mut outer = self.outer.execute(partition, Arc::clone(&task))?;
        let keys = Keys::new(&self.keys, &schema)?;
        let (mut seen, mut found) = (Seen::new(), Vec::new());
        let mut rows: Vec<RecordBatch> = Vec::new();
        while let Some(batch) = outer.try_next().await? {
            found.push(keys.new_in(&batch, &mut seen)?.0);
            rows.push(batch);
            if self.most.is_some_and(|most| seen.len() > most) {
                let all = stream::iter(rows.into_iter().map(Ok)).chain(outer);
                let all: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, all));
                let source: Arc<dyn ExecutionPlan> = Arc::new(OnceExec::new(all));
                let none = RecordBatch::new_empty(Arc::clone(keys.schema()));
                let filling = Filling { feed: self.number, rows: source, keys: &none };
                return filling.fill(&self.listed)?.execute(partition, task);
            }
        }
        let keys = concat_batches(keys.schema(), &found)?;
        let rows = chunk(&concat_batches(&schema, &rows)?)?;
        let filling = Filling { feed: self.number, rows, keys: &keys };
        let rows = filling.fill(&self.by_key)?.execute(partition, task)?;
        let (schema, asked) = (rows.schema(), self.by_key);
        let verdict = stream::once(async move { verdict(&asked).map(Err) }).filter_map(futures::future::ready);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.chain(verdict))))
    }
}

impl DisplayAs for EitherExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        write!(f, "EitherExec: feed={}, keys=[{}], ", self.number, keys.join(", "))?;
        match self.most {
            Some(most) => write!(f, "by key up to {most} keys, else listed"),
            None => f.write_str("by key"),
        }
    }
}

impl ExecutionPlan for EitherExec {
    fn name(&self) -> &'static str {
        "EitherExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.outer, &self.by_key, &self.listed]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false, false, false]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, by_key, listed] = <[_; 3]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("EitherExec has an outer relation and two bodies".into()))?;
        Ok(Arc::new(Self { outer, by_key, listed, ..self.as_ref().clone() }))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for key in &self.keys {
            if f(key)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, task: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.clone().chosen(partition, task).try_flatten_stream();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// Rows that are there already, or on their way: they can be read once.
struct OnceExec {
    rows: Mutex<Option<SendableRecordBatchStream>>,
    properties: Arc<PlanProperties>,
}

impl OnceExec {
    fn new(rows: SendableRecordBatchStream) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(rows.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { rows: Mutex::new(Some(rows)), properties: Arc::new(properties) }
    }
}

impl fmt::Debug for OnceExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceExec")
    }
}

impl DisplayAs for OnceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnceExec")
    }
}

impl ExecutionPlan for OnceExec {
    fn name(&self) -> &'static str {
        "OnceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        rows.ok_or_else(|| DataFusionError::Internal("rows that can be read once were read before".into()))
    }
}
