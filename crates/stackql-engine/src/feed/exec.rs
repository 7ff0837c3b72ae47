//! `FeedExec`: takes outer rows as they come, calls for their keys, and joins them with what came.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{concat_batches, filter_record_batch, is_not_null};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::hole::Filling;
use super::node::Gather;
use crate::context::Context;
use crate::demand::Demand;
use crate::fetch::fetches;

/// Runs its body for the outer rows, some at a time.
#[derive(Debug, Clone)]
pub(crate) struct FeedExec {
    context: Arc<Context>,
    number: usize,
    outer: Arc<dyn ExecutionPlan>,
    body: Arc<dyn ExecutionPlan>,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    gather: Gather,
    demand: Demand,
    /// It is part of another feed's body, run for some of that one's rows.
    is_inner: bool,
    properties: Arc<PlanProperties>,
}

impl FeedExec {
    pub(super) fn new(
        context: Arc<Context>,
        number: usize,
        outer: Arc<dyn ExecutionPlan>,
        body: Arc<dyn ExecutionPlan>,
        keys: Vec<Arc<dyn PhysicalExpr>>,
        gather: Gather,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(body.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let demand = Demand::All;
        Self { context, number, outer, body, keys, gather, demand, is_inner: false, properties: Arc::new(properties) }
    }

    /// The same, read as far as `demand` says.
    pub(crate) fn with_demand(&self, demand: Demand) -> Self {
        Self { demand, ..self.clone() }
    }

    pub(crate) fn gathers_all(&self) -> bool {
        self.gather == Gather::Whole
    }

    pub(super) fn inner(&self) -> Self {
        Self { is_inner: true, ..self.clone() }
    }
}

/// One execution.
struct Run {
    feed: FeedExec,
    task: Arc<TaskContext>,
    schema: SchemaRef,
    converter: RowConverter,
    /// Keys that were there before, where each is wanted once.
    seen: Mutex<HashSet<OwnedRow>>,
}

impl Run {
    fn new(feed: FeedExec, task: Arc<TaskContext>) -> Result<Self> {
        let outer = feed.outer.schema();
        let mut fields = Vec::new();
        for (i, key) in feed.keys.iter().enumerate() {
            fields.push(Field::new(i.to_string(), key.data_type(&outer)?, true));
        }
        let sorts = fields.iter().map(|f| SortField::new(f.data_type().clone())).collect();
        let (schema, converter) = (Arc::new(Schema::new(fields)), RowConverter::new(sorts)?);
        Ok(Self { feed, task, schema, converter, seen: Mutex::default() })
    }

    /// What the body gives for some of the outer rows.
    fn body(&self, rows: RecordBatch) -> Result<SendableRecordBatchStream> {
        let key = |key: &Arc<dyn PhysicalExpr>| key.evaluate(&rows)?.into_array(rows.num_rows());
        let columns = self.feed.keys.iter().map(key).collect::<Result<Vec<ArrayRef>>>()?;
        let (is_first, is_new) = self.first(&columns, rows.num_rows())?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let keys = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        let keys = filter_record_batch(&keys, &is_first)?;
        let rows = match self.feed.gather {
            Gather::Distinct => filter_record_batch(&rows, &is_new)?,
            Gather::Rows | Gather::Whole => rows,
        };
        let filling = Filling { feed: self.feed.number, rows: &rows, keys: &keys };
        filling.fill(&self.feed.body)?.execute(0, Arc::clone(&self.task))
    }

    /// Which rows are the first with their key in the batch, and which of them are so among all; none has a NULL key.
    fn first(&self, keys: &[ArrayRef], count: usize) -> Result<(BooleanArray, BooleanArray)> {
        let rows = self.converter.convert_columns(keys)?;
        let present = keys.iter().map(|k| is_not_null(k.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let mut here: HashSet<_> = HashSet::new();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut first, mut new) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for at in 0..count {
            let is_key = present.iter().all(|p| p.value(at));
            let is_first = is_key && here.insert(rows.row(at));
            let is_new = is_first && (self.feed.gather != Gather::Distinct || seen.insert(rows.row(at).owned()));
            first.push(if self.feed.gather == Gather::Distinct { is_new } else { is_first });
            new.push(is_new);
        }
        Ok((first.into(), new.into()))
    }

    /// The failure of a fetch all of whose calls failed: nothing was learned of it.
    fn verdict(&self) -> Option<DataFusionError> {
        if self.feed.is_inner {
            return None;
        }
        fetches(&self.feed.body).into_iter().find_map(|exec| exec.fetch_of().tally.verdict()).map(Into::into)
    }
}

impl DisplayAs for FeedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        write!(f, "FeedExec: feed={}, keys=[{}]", self.number, keys.join(", "))?;
        match self.gather {
            Gather::Rows => Ok(()),
            Gather::Distinct => f.write_str(", distinct"),
            Gather::Whole => f.write_str(", all at once"),
        }
    }
}

impl ExecutionPlan for FeedExec {
    fn name(&self) -> &'static str {
        "FeedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.outer, &self.body]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false, false]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [outer, body] = <[_; 2]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("FeedExec has an outer relation and a body".into()))?;
        Ok(Arc::new(Self { outer, body, ..self.as_ref().clone() }))
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
        let schema = self.schema();
        let outer = self.outer.execute(partition, Arc::clone(&task))?;
        let chunks = match self.gather {
            Gather::Whole => whole(outer),
            Gather::Rows | Gather::Distinct => self.demand.slices(outer),
        };
        let ahead = self.demand.ahead(self.context.options.concurrency);
        let run = Arc::new(Run::new(self.clone(), task)?);
        let end = Arc::clone(&run);
        let rows = chunks.map(move |chunk| run.body(chunk?)).try_flatten_unordered(ahead);
        let verdict = stream::once(async move { end.verdict().map(Err) }).filter_map(futures::future::ready);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.chain(verdict))))
    }
}

fn whole(outer: SendableRecordBatchStream) -> BoxStream<'static, Result<RecordBatch>> {
    let schema = outer.schema();
    let all = async move {
        let batches: Vec<RecordBatch> = outer.try_collect().await?;
        Ok(concat_batches(&schema, &batches)?)
    };
    stream::once(all).boxed()
}

/// The feed that a node is.
pub(super) fn as_feed_exec(plan: &Arc<dyn ExecutionPlan>) -> Option<&FeedExec> {
    (plan.as_ref() as &dyn Any).downcast_ref()
}
