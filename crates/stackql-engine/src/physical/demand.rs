//! Demand: how many of a plan's rows its consumer will read, and so how many calls may be made ahead of it (prefetch).

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::stream::{self, BoxStream, StreamExt};
use stackql_provider::Verb;

use crate::bind_join::adaptive::AdaptiveBindJoinExec;
use crate::bind_join::exec::BindJoinExec;
use crate::physical::append::AppendExec;
use crate::physical::call_exec::CallExec;
use crate::physical::node::{PlanRule, with_children};

/// How many of a node's rows the consumer will read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// All of them, so calls may be made before the consumer requests their rows.
    All,
    /// Perhaps not all: the plan has to produce this many rows, and how many rows of the node that takes is not known.
    Some(usize),
}

/// The maximum number of outer rows in one batch where not all rows are needed.
const MAX_BATCH: usize = 1024;
/// The maximum size of the first such batch.
const MIN_BATCH: usize = 8;

impl Demand {
    /// Slices `input` into batches: unchanged for `All`; else small at first and doubling, since few rows may suffice.
    pub(crate) fn batches(self, input: SendableRecordBatchStream) -> BoxStream<'static, Result<RecordBatch>> {
        let Self::Some(wanted) = self else { return input.boxed() };
        let first = wanted.clamp(1, MIN_BATCH);
        let slices = stream::unfold((input, None::<RecordBatch>, first), |(mut input, rest, size)| async move {
            let batch = match rest {
                Some(rest) => rest,
                None => match input.next().await? {
                    Ok(batch) => batch,
                    Err(error) => return Some((Err(error), (input, None, size))),
                },
            };
            let count = batch.num_rows().min(size);
            let rest = (count < batch.num_rows()).then(|| batch.slice(count, batch.num_rows() - count));
            Some((Ok(batch.slice(0, count)), (input, rest, (size * 2).min(MAX_BATCH))))
        });
        slices.boxed()
    }

    /// How many batches may be processed concurrently, where `concurrency` calls may be in flight.
    pub(crate) fn max_in_flight(self, concurrency: usize) -> usize {
        match self {
            Self::All => concurrency.max(1),
            Self::Some(_) => 1,
        }
    }
}

/// The optimizer rule that propagates demand from the root of a plan to each node that makes calls.
pub(crate) const DEMAND_RULE: PlanRule = PlanRule {
    name: "demand",
    rewrite: |plan| {
        let mut operations: Vec<(String, String)> =
            calls_excluding_fallback(&plan).into_iter().map(operation).collect();
        operations.sort();
        let repeated = operations.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
        DemandPropagation { repeated }.propagate(plan, Demand::All, false)
    },
};

/// The call nodes of a plan, without the scan fallback of adaptive bind joins.
pub(crate) fn calls_excluding_fallback(plan: &Arc<dyn ExecutionPlan>) -> Vec<&CallExec> {
    let is_either = (plan.as_ref() as &dyn Any).is::<AdaptiveBindJoinExec>();
    let children = plan.children().into_iter().take(if is_either { 2 } else { usize::MAX });
    let mut found: Vec<&CallExec> = children.flat_map(calls_excluding_fallback).collect();
    found.extend((plan.as_ref() as &dyn Any).downcast_ref::<CallExec>());
    found
}

/// The resource and method that a call node calls.
fn operation(fetch: &CallExec) -> (String, String) {
    let operation = &fetch.call_spec().operation;
    (operation.qualified_name(), operation.method().name.clone())
}

struct DemandPropagation {
    /// The operations that more than one node of the plan calls.
    repeated: HashSet<(String, String)>,
}

impl DemandPropagation {
    /// Propagates `demand` to a plan. `reruns`: the plan is executed more than once.
    fn propagate(&self, plan: Arc<dyn ExecutionPlan>, demand: Demand, reruns: bool) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(either) = (plan.as_ref() as &dyn Any).downcast_ref::<AdaptiveBindJoinExec>()
            && let Some(asked) = either.lookup_within(demand)
        {
            return self.propagate(Arc::new(asked), demand, reruns);
        }
        let is_feed = (plan.as_ref() as &dyn Any).is::<BindJoinExec>();
        let mut children = Vec::new();
        let mut differs = false;
        for (at, (child, demand)) in plan.children().into_iter().zip(child_demands(&plan, demand)).enumerate() {
            let is_body = is_feed && at == 1;
            let told = self.propagate(Arc::clone(child), demand, reruns || is_body)?;
            differs |= !Arc::ptr_eq(&told, child);
            children.push(told);
        }
        let plan = if differs { with_children(Arc::clone(&plan), children)? } else { plan };
        let node = plan.as_ref() as &dyn Any;
        if let Some(feed) = node.downcast_ref::<BindJoinExec>() {
            return Ok(Arc::new(feed.with_demand(demand)));
        }
        if let Some(append) = node.downcast_ref::<AppendExec>() {
            return Ok(Arc::new(append.with_demand(demand)));
        }
        let Some(fetch) = node.downcast_ref::<CallExec>() else { return Ok(plan) };
        let reads = fetch.call_spec().operation.method().verb == Verb::Select;
        let shared = reads && (reruns || self.repeated.contains(&operation(fetch)));
        Ok(Arc::new(fetch.with_demand(demand, shared)))
    }
}

/// The demand on each child of a node whose own demand is `demand`.
fn child_demands(plan: &Arc<dyn ExecutionPlan>, demand: Demand) -> Vec<Demand> {
    let node = plan.as_ref() as &dyn Any;
    let count = plan.children().len();
    if node.is::<GlobalLimitExec>() || node.is::<LocalLimitExec>() {
        let wanted = match node.downcast_ref::<GlobalLimitExec>() {
            Some(limit) => limit.fetch().map(|fetch| fetch.saturating_add(limit.skip())),
            None => plan.fetch(),
        };
        let inner = match (wanted, demand) {
            (Some(wanted), Demand::Some(outer)) => Demand::Some(wanted.min(outer)),
            (Some(wanted), Demand::All) => Demand::Some(wanted),
            (None, demand) => demand,
        };
        return vec![inner; count];
    }
    // A build side is read to its end before the join emits its first row.
    if node.is::<HashJoinExec>() || node.is::<NestedLoopJoinExec>() {
        return vec![Demand::All, demand];
    }
    if let Some(feed) = node.downcast_ref::<BindJoinExec>() {
        return vec![if feed.needs_all_outer_rows() { Demand::All } else { demand }, demand];
    }
    if node.is::<AdaptiveBindJoinExec>() {
        return vec![Demand::All, demand, demand];
    }
    let blocks = plan.pipeline_behavior() == EmissionType::Final;
    // A node with a limit of its own needs no more than that, unless it must read all input first.
    match plan.fetch() {
        Some(fetch) if !blocks => vec![Demand::Some(fetch); count],
        _ if blocks => vec![Demand::All; count],
        _ => vec![demand; count],
    }
}
